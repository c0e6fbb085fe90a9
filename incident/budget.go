package incident

import (
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"sonde/slo"
)

// Budgets are the promises of a probe, and when people are told that one of them is about
// to be broken.
type Budgets struct {
	Levels []int `json:",omitempty"` // shares of a budget that people are told of when they are spent: percents, ascending
	Of     []Budget
}

// Budget is a promise, and how fast its budget may be spent.
type Budget struct {
	Objective slo.Objective
	Alarms    []slo.Alarm `json:",omitempty"`
	Key       uint32      // differs if the promise or the levels do
}

// BudgetRules are what people want to be told of budgets.
type BudgetRules struct {
	Fast, Slow bool  // that one is spent within days, or faster than its window bears
	Levels     []int // shares that are spent: percents, ascending
}

// NewBudgets are the budgets of a probe that has slots so far apart; nil if there is nothing
// to tell of them.
func NewBudgets(objectives []slo.Objective, interval time.Duration, rules BudgetRules) *Budgets {
	if len(objectives) == 0 || !rules.Fast && !rules.Slow && len(rules.Levels) == 0 {
		return nil
	}
	b := &Budgets{Levels: rules.Levels}
	for _, o := range objectives {
		alarms := slices.DeleteFunc(slo.Alarms(o, interval), func(a slo.Alarm) bool {
			return a.Fast && !rules.Fast || !a.Fast && !rules.Slow
		})
		b.Of = append(b.Of, Budget{o, alarms, keyOf(o, rules.Levels)})
	}
	return b
}

// keyOf is a number for a promise with levels.
func keyOf(o slo.Objective, levels []int) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(o.String()))
	for _, level := range levels {
		_, _ = h.Write([]byte(" " + strconv.Itoa(level)))
	}
	return h.Sum32()&^1 | uint32(o.Kind) // the lowest bit is the kind: what one remembers is nothing to the other
}

// Equal reports whether two are the same.
func (b *Budgets) Equal(o *Budgets) bool {
	if b == nil || o == nil {
		return b == o
	}
	return slices.Equal(b.Levels, o.Levels) && slices.EqualFunc(b.Of, o.Of, func(x, y Budget) bool {
		return x.Key == y.Key && x.Objective == y.Objective && slices.Equal(x.Alarms, y.Alarms)
	})
}

// watches reports whether there is an alarm of one of the kinds.
func (b *Budgets) watches(fast bool) bool {
	if b == nil {
		return false
	}
	for i := range b.Of {
		for j := range b.Of[i].Alarms {
			if b.Of[i].Alarms[j].Fast == fast {
				return true
			}
		}
	}
	return false
}

// Spending is what is remembered of the budgets of a probe, once something was bad.
type Spending struct {
	Level int // the share, in percent, that people were told of, or had not to be told of
	Of    []Burning
}

// Burning is what is remembered of one budget.
type Burning struct {
	slo.Burn
	Key  uint32 // of the promise
	Fast uint32 // milliseconds of judged time without alarm until budget_fast is over; 0: it is
	Slow uint32 // the same of budget_slow
}

// calm is how long it has to stay calm until an alarm of a kind is over.
func (b *Burning) calm(fast bool) *uint32 {
	if fast {
		return &b.Fast
	}
	return &b.Slow
}

// Burns reports whether the budget of a promise is spent too fast at present.
func (s *State) Burns(b *Budgets, promise slo.Objective) bool {
	if b == nil || s.Spending == nil {
		return false
	}
	i := slices.IndexFunc(b.Of, func(x Budget) bool { return x.Objective == promise })
	return i >= 0 && slices.ContainsFunc(s.Spending.Of, func(x Burning) bool {
		return x.Key == b.Of[i].Key && (x.Fast > 0 || x.Slow > 0)
	})
}

// Spent is how much of a budget is spent, as far as that is remembered, and how much of it
// there is.
func (s *State) Spent(b *Budgets, i int, now time.Time) (spent, total time.Duration) {
	o := b.Of[i].Objective
	total = o.Total(o.Window.Span(now).Length)
	if s.Spending != nil {
		for j := range s.Spending.Of {
			if s.Spending.Of[j].Key == b.Of[i].Key {
				spent = s.Spending.Of[j].Spent()
			}
		}
	}
	return spent, total
}

// clone returns a copy that shares nothing with s.
func (s *Spending) clone() *Spending {
	if s == nil {
		return nil
	}
	return &Spending{s.Level, slices.Clone(s.Of)}
}

// share is the largest share that is spent of a budget, and whose it is.
func (s *Spending) share(b *Budgets) (share float64, of int) {
	for i := range s.Of {
		total := s.Of[i].Total(b.Of[i].Objective)
		if spent := float64(s.Of[i].Spent()) / float64(max(total, 1)); spent > share {
			share, of = spent, i
		}
	}
	return share, of
}

// serves reports whether the promises are those that are remembered.
func (s *Spending) serves(b *Budgets) bool {
	if len(s.Of) != len(b.Of) {
		return false
	}
	for i := range s.Of {
		if s.Of[i].Key != b.Of[i].Key {
			return false
		}
	}
	return true
}

// adapt has what is remembered serve the promises that hold now. A promise that is new goes
// on from what is remembered for one that it replaces, or for another one. It is false if
// they are the same as before.
func (s *Spending) adapt(b *Budgets, now time.Time) bool {
	if s.serves(b) {
		return false
	}
	before := s.Of
	s.Of = make([]Burning, len(b.Of))
	for i := range b.Of {
		from := slices.IndexFunc(before, func(x Burning) bool { return x.Key == b.Of[i].Key })
		if from < 0 {
			from = slices.IndexFunc(before, func(x Burning) bool { return x.Key&1 == b.Of[i].Key&1 })
			if i < len(before) && before[i].Key&1 == b.Of[i].Key&1 {
				from = i
			}
		}
		if from < 0 {
			s.Of[i] = Burning{Burn: *slo.NewBurn(now, b.Of[i].Objective.Window), Key: b.Of[i].Key}
			continue
		}
		s.Of[i] = before[from]
		s.Of[i].Key = b.Of[i].Key
		s.Of[i].Refit(b.Of[i].Objective.Window)
	}
	return true
}
