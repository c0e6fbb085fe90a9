package incident

import (
	"slices"
	"time"

	"sonde/probe"
	"sonde/slo"
)

// State is all that is remembered of a probe to decide about its next input. Its
// zero value is a probe that never ran. It is a pure function of the inputs so far.
type State struct {
	Account    Account
	Last       Last       // the latest result
	Known      Instant    // when anything was last known of the target
	Since      Instant    // since when results have been good, or have not
	Worked     bool       // this very request has been answered as expected
	Maintained bool       // the latest input came in maintenance
	Limits     uint16     // a bit for each of the latest scheduled results that was 429, the latest lowest
	Denials    int32      // results in a row that refused our credential, also while the incident is open
	Suspect    *Suspicion // failures that may become down; nil: none
	Row        *Row       // results in a row that show another trouble; nil: none
	Goods      Streak     // good scheduled results in a row
	Problems   []Problem  // incidents that are not closed, at most one per kind
	Due        time.Time  // when the next re-check should be made; zero if none
	Hold       Hold       // until when the target is not asked

	Buckets     Buckets
	Anomaly     *Anomaly // nil: no code is watched
	Rated       *Rated   // nil: no rate is
	Certificate Certificate
	Cache       *Cache    // nil: nothing was asked again
	Spending    *Spending // nil: nothing was bad for as long as the budgets remember
	Shared      *Shared   // only of what several probes share
	Pace        *Pace     // nil: no answer was good yet, or nobody wants to know
	Lags        []Lag     // by threshold of latency, in the order in which they came
}

// Last is what people see of the latest result.
type Last struct {
	At       time.Time // zero: there was none
	Verdict  probe.Verdict
	Latency  time.Duration // of the last attempt
	Attempts int
}

// Suspicion is a trouble that is not confirmed yet.
type Suspicion struct {
	Since     time.Time // the first result of it
	Results   int
	Attempts  int         // requests, retries included, and those that an announcement forbade
	Codes     []CodeCount // status codes of the results
	RecoverBy time.Time   // what a Retry-After announced
}

// note adds a result to the suspicion.
func (s *Suspicion) note(in *Input) {
	if s.Results == 0 {
		s.Since = in.At
	}
	s.Results++
	s.Attempts += max(1, in.Attempts) + in.Forgone
	s.Codes = countCode(s.Codes, in.Verdict.Status)
	if by := in.backBy(); by.After(s.RecoverBy) {
		s.RecoverBy = by
	}
}

func (s *Suspicion) clone() Suspicion {
	c := *s
	c.Codes = slices.Clone(s.Codes)
	return c
}

// suspect adds a result to what may become down.
func (s *State) suspect(in *Input) {
	if s.Suspect == nil {
		s.Suspect = &Suspicion{}
	}
	s.Suspect.note(in)
}

// Streak is a number of results in a row.
type Streak struct {
	First int64 // in milliseconds since 1970
	Count int32
}

// extend adds a result to the streak.
func (s *Streak) extend(at time.Time) {
	if s.Count == 0 {
		s.First = at.UnixMilli()
	}
	s.Count++
}

// interrupt ends the streak at an instant. What lies before it ends nothing: of several probes,
// results do not come in order.
func (s *Streak) interrupt(at time.Time) {
	if s.Count > 0 && at.UnixMilli() >= s.First {
		*s = Streak{}
	}
}

// reached reports whether the streak has at least n results and spans at least d.
func (s *Streak) reached(n int, d time.Duration, now time.Time) bool {
	return int(s.Count) >= n && now.UnixMilli()-s.First >= d.Milliseconds()
}

// Open returns the open incident of a kind, or nil.
func (s *State) Open(kind probe.Kind) *Problem {
	if p := s.problem(kind); p != nil && p.Phase == Open {
		return p
	}
	return nil
}

// interrupt ends the row of results that show another cause for the open incident
// of a kind.
func (s *State) interrupt(kind probe.Kind) {
	if p := s.Open(kind); p != nil {
		p.Other, p.Others = probe.Verdict{}, 0
	}
}

// problem returns the incident of a kind that is not closed, or nil.
func (s *State) problem(kind probe.Kind) *Problem {
	for i := range s.Problems {
		if s.Problems[i].Kind == kind {
			return &s.Problems[i]
		}
	}
	return nil
}

// Effects are what follows from an input, to be made durable together with it.
type Effects struct {
	Transitions []Transition
	Ledger      []Entry       // stretches of slots that are complete
	Grids       []slo.Stretch // grids that ended because the interval changed
	Slow        []Slow        // stretches of slots that took longer than a threshold
	Measures    []Measure     // of thresholds that are none any more
}

// None reports whether nothing follows.
func (fx *Effects) None() bool {
	return len(fx.Transitions)+len(fx.Ledger)+len(fx.Grids)+len(fx.Slow)+len(fx.Measures) == 0
}

// Clone returns a copy that shares nothing with s.
func (s *State) Clone() *State {
	c := *s
	if s.Suspect != nil {
		suspect := s.Suspect.clone()
		c.Suspect = &suspect
	}
	if s.Row != nil {
		c.Row = &Row{s.Row.clone(), s.Row.Of}
	}
	if s.Cache != nil {
		cache := *s.Cache
		c.Cache = &cache
	}
	c.Spending = s.Spending.clone()
	c.Shared = s.Shared.clone()
	c.Pace = s.Pace.clone()
	c.Lags = slices.Clone(s.Lags)
	c.Anomaly = s.Anomaly.clone()
	if s.Rated != nil {
		rated := *s.Rated
		c.Rated = &rated
	}
	c.Problems = slices.Clone(s.Problems)
	for i := range c.Problems {
		c.Problems[i].Codes = slices.Clone(s.Problems[i].Codes)
	}
	return &c
}
