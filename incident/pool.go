package incident

import (
	"cmp"
	"slices"
	"time"

	"sonde/probe"
	"sonde/slo"
)

// Promise is what is promised of a group, and what people hear of its budgets.
type Promise struct {
	Combine    slo.Combine
	Objectives []slo.Objective
	Alerts     BudgetRules `json:",omitzero"`
}

// Pool is what is remembered of the time of a group to follow its budgets, once anything was
// bad. A slot of a member stands for the time until its next one.
type Pool struct {
	At    int64      // up to when the time is counted, in milliseconds since 1970
	Ill   []Standing // members whose latest slot was not good for every promise, by their ids
	Carry []Carry    // by promise: shares of time that are less than a millisecond
}

// Standing is how the latest slot of a member was.
type Standing struct {
	Probe       probe.ID
	Until       int64  // milliseconds since 1970: after that it says nothing
	Bad, Judged uint64 // a bit for each promise
}

// Carry is time in milliseconds times the number of members.
type Carry struct{ Bad, Judged uint32 }

// mostPromises is how many promises of a group are followed.
const mostPromises = 64

// pooled makes the budgets of a group. A failure of one of its members weighs its share of the
// interval, or all of it where the group is as its worst member is.
func (c *Circle) pooled(p *Promise) {
	if p == nil {
		return
	}
	unit := c.longest
	if p.Combine == slo.Sum {
		unit = max(unit/time.Duration(len(c.Members)), time.Millisecond)
	}
	c.combine = p.Combine
	c.policy.Interval = unit
	c.policy.Budgets = NewBudgets(p.Objectives[:min(len(p.Objectives), mostPromises)], unit, p.Alerts)
}

// Budgets are the promises of a group, which its incidents are about; nil for anything else.
func (c *Circle) Budgets() *Budgets {
	if c.Tie != TiePromise {
		return nil
	}
	return c.policy.Budgets
}

// spends reports whether an input spends any budget.
func (b *Budgets) spends(in *Input) bool {
	if b == nil {
		return false
	}
	for i := range b.Of {
		if _, bad := in.judges(b.Of[i].Objective); bad {
			return true
		}
	}
	return false
}

// promiseRule tells of the budgets of a group what is told of those of a probe.
var promiseRule = circleRule{
	speaks: func(w *watch) bool {
		return w.own != nil && !w.circle.policy.early(&w.own.Account, w.in.At) && w.circle.policy.Budgets.spends(w.in)
	},
	step: (*watch).promise,
}

func (w *watch) promise(spends bool) {
	m, s, b := &w.m, w.m.s, w.circle.policy.Budgets
	if w.id == 0 || b == nil {
		return
	}
	now := slo.Latest(w.in.Until(), w.s.At)
	w.s.At, m.in.At, m.in.To = now, now, now
	if s.Spending == nil || w.s.Pool == nil {
		if !spends {
			return
		}
		w.s.Pool = &Pool{At: now.UnixMilli()}
		s.Spending = &Spending{}
		for _, x := range b.Of {
			s.Spending.Of = append(s.Spending.Of, Burning{Burn: *slo.NewBurn(now, x.Objective.Window), Key: x.Key})
		}
	}
	pool := w.s.Pool
	if m.edited = s.Spending.adapt(b, now); m.edited || len(pool.Carry) != len(b.Of) {
		pool.Carry, pool.Ill = make([]Carry, len(b.Of)), nil
	}
	passed := pool.pass(w.circle, s.Spending, now.UnixMilli())
	pool.note(w, b)
	m.fresh = slo.Stretch{First: now, Last: now, Step: time.Duration(max(1, passed)) * time.Millisecond}
	m.retireBudgets()
	if m.judged() {
		m.watchBurn(probe.KindBudgetFast, true)
		m.watchBurn(probe.KindBudgetSlow, false)
		m.watchSpent()
	}
	if len(pool.Ill) == 0 && s.Spending.quiet() && s.Open(probe.KindBudgetFast) == nil && s.Open(probe.KindBudgetSlow) == nil && s.Open(probe.KindBudgetThreshold) == nil {
		s.Spending, w.s.Pool = nil, nil
	}
}

// note notes how the slot of the input was. What is in maintenance spends nothing, and nobody
// wanted to see it.
func (p *Pool) note(w *watch, b *Budgets) {
	x := Standing{Probe: w.id, Until: w.in.Until().Add(2 * w.own.Account.Grid.Step).UnixMilli()}
	well := uint64(1)<<len(b.Of) - 1
	for i := range b.Of {
		judged, bad := w.in.judges(b.Of[i].Objective)
		if w.circle.policy.early(&w.own.Account, w.in.At) {
			judged, bad = false, false
		}
		if judged {
			x.Judged |= 1 << i
		}
		if bad {
			x.Bad |= 1 << i
		}
	}
	i, is := slices.BinarySearchFunc(p.Ill, w.id, func(s Standing, id probe.ID) int { return cmp.Compare(s.Probe, id) })
	switch {
	case w.in.Maintenance || x.Bad == 0 && x.Judged == well:
		if is {
			p.Ill = slices.Delete(p.Ill, i, i+1)
		}
	case is:
		p.Ill[i] = x
	default:
		p.Ill = slices.Insert(p.Ill, i, x)
	}
	if len(p.Ill) == 0 {
		p.Ill = nil
	}
}

// pass counts the time up to an instant, and returns how much of it passed. While nobody
// reports nothing is known.
func (p *Pool) pass(c *Circle, s *Spending, now int64) (passed int64) {
	begun := p.At
	for end := min(now, begun+2*c.longest.Milliseconds()); p.At < end; {
		to := end
		for _, x := range p.Ill {
			if x.Until > p.At {
				to = min(to, x.Until)
			}
		}
		for i := range s.Of {
			p.count(c, i, &s.Of[i].Burn, to)
		}
		p.At = to
		for i := range p.Ill {
			if x := &p.Ill[i]; x.Until <= to {
				x.Bad, x.Judged = 0, 0
			}
		}
	}
	p.At = max(p.At, now)
	return p.At - begun
}

// count adds the time up to an instant to what is remembered of a promise.
func (p *Pool) count(c *Circle, promise int, b *slo.Burn, to int64) {
	bad, blind := int64(0), int64(0)
	for _, x := range p.Ill {
		bad += int64(x.Bad >> promise & 1)
		blind += 1 - int64(x.Judged>>promise&1)
	}
	length, all, carry := to-p.At, int64(len(c.Members)), &p.Carry[promise]
	spoilt, seen := int64(0), length
	switch {
	case c.combine == slo.Sum:
		spoilt = units(length*bad, all, &carry.Bad)
		seen = max(spoilt, units(length*(all-min(blind, all)), all, &carry.Judged))
	case bad > 0:
		spoilt = length
	case blind > 0:
		seen = 0
	}
	add := func(until, n int64, bad bool) {
		if n > 0 {
			at := time.UnixMilli(until).UTC()
			b.Add(slo.Stretch{First: at, Last: at, Step: time.Duration(n) * time.Millisecond}, bad)
		}
	}
	b.Begin(time.UnixMilli(to), c.policy.Budgets.Of[promise].Objective.Window)
	add(p.At+spoilt, spoilt, true)
	add(p.At+seen, seen-spoilt, false)
}

// units is how many whole units something and the rest of before make.
func units(n, unit int64, rest *uint32) int64 {
	n += int64(*rest)
	*rest = uint32(n % unit)
	return n / unit
}

// clone returns a copy that shares nothing with p.
func (p *Pool) clone() *Pool {
	if p == nil {
		return nil
	}
	return &Pool{p.At, slices.Clone(p.Ill), slices.Clone(p.Carry)}
}
