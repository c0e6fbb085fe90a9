package slack

import (
	"strconv"
	"strings"

	"sonde/notify"
	"sonde/probe"
)

// measures reports whether an incident is about what a rule has measured over time: how an
// error budget is spent, or how long answers take.
func (s story) measures() bool {
	_, ok := s.words.measures.better[s.Body.Kind]
	return ok
}

// measured says what the rule has measured.
func (s story) measured() string {
	if !s.measures() {
		return ""
	}
	r, w := s.Body.Reading, &s.words.measures
	switch s.Body.Kind {
	case probe.KindLatency:
		return fill(w.slower, "is", s.words.took(r.Now), "usual", s.words.took(r.Usual))
	case probe.KindBudgetThreshold:
		return fill(w.spent, "share", percent(r.Now), "objective", s.objective(), "left", s.left())
	}
	return fill(w.burns, "rate", number(r.Now), "most", number(r.Usual), "over", s.words.duration(r.Over), "objective", s.objective(), "left", s.left())
}

// promise is how the promise stands that the incident is about, the one with the most spent if
// that is not said; false if nobody knows.
func (s story) promise() (fact notify.BudgetFact, ok bool) {
	b := s.Body
	if i := b.Reading.Level - 1; b.Kind != probe.KindBudgetThreshold && i >= 0 && i < len(b.Budgets) {
		return b.Budgets[i], true
	}
	for i, f := range b.Budgets {
		if i == 0 || spentOf(f) > spentOf(fact) {
			fact, ok = f, true
		}
	}
	return fact, ok
}

func spentOf(f notify.BudgetFact) float64 { return float64(f.Spent) / float64(max(f.Total, 1)) }

// objective is the promise in its own words.
func (s story) objective() string {
	if f, ok := s.promise(); ok {
		return tamed(s.words.objective(f.Objective), maxPlace)
	}
	return s.words.measures.promise
}

// left is what is left of its budget.
func (s story) left() string {
	f, ok := s.promise()
	switch {
	case !ok:
		return s.words.measures.unknown
	case f.Spent >= f.Total:
		return s.words.measures.nothing
	}
	return fill(s.words.measures.left, "share", percent(1-spentOf(f)), "left", s.words.duration(f.Total-f.Spent))
}

// percent writes a share with a digit that people care for.
func percent(share float64) string { return number(100*share) + "%" }

// number writes a number as people read it: 14.4, 6, 103.
func number(n float64) string {
	digits := 1
	if n >= 100 {
		digits = 0
	}
	return strings.TrimSuffix(strconv.FormatFloat(n, 'f', digits, 64), ".0")
}
