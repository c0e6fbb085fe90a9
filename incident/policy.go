package incident

import (
	"time"

	"sonde/probe"
)

// The shape of an alert that no configuration changes.
const (
	downAttempts  = 3 // requests that must have failed before down opens
	authResults   = 3 // results in a row before auth_failed opens
	clientResults = 3 // results in a row before client_fault opens
	goodResults   = 2 // scheduled results in a row before anything resolves

	relapseWithin    = time.Hour // a relapse within this, or within
	relapseIntervals = 30        // this many intervals, reopens the incident
)

// Policy is what decides about one probe's incidents.
type Policy struct {
	Interval     time.Duration // between slots, >= 1 s
	DownAfter    time.Duration // failing for so long is down, >= 0
	AuthAfter    time.Duration // refusing us for so long is auth_failed, >= 0
	RecheckEvery time.Duration // while suspect, >= 1 s
	ResolveAfter time.Duration // good for so long is recovered, >= 0
	RemindEvery  time.Duration // while open; 0 never
	Repeatable   bool          // the request may be sent between slots
	Timeout      time.Duration `json:",omitzero"` // bounds a run: by then, what comes of a slot has come
	Local        bool          `json:",omitzero"` // the target is on this very machine, and says nothing of its network
	Count4xx     probe.Count4xx

	Conditional   bool    `json:",omitzero"` // requests ask whether what is known still holds
	MinCacheRatio float64 `json:",omitzero"` // a lower share of 304 is an incident; 0: none is

	Thresholds     Thresholds `json:",omitzero"` // of promises about latency
	StartOnSuccess bool       `json:",omitzero"` // promises count from the first good slot on, see [Account]

	Rules   Rules    `json:",omitzero"`
	Budgets *Budgets `json:",omitempty"` // nil: nobody is told of them
}

// Equal reports whether two policies decide the same.
func (p *Policy) Equal(o *Policy) bool {
	a, b := *p, *o
	a.Budgets, b.Budgets, a.Rules, b.Rules = nil, nil, Rules{}, Rules{}
	return a == b && p.Budgets.Equal(o.Budgets) && p.Rules.Equal(&o.Rules)
}

// confirmAfter is how long a failure must last. A request that may not be repeated
// between slots is confirmed by its slots alone, and then by two of them.
func (p *Policy) confirmAfter() time.Duration {
	if p.Repeatable {
		return p.DownAfter
	}
	return max(p.DownAfter, 2*p.Interval)
}

// DecidesWithin is how long after the first failure it is decided whether a probe is down,
// if it goes on to fail.
func (p *Policy) DecidesWithin() time.Duration {
	if p.Repeatable {
		return p.confirmAfter() + min(p.Interval, p.RecheckEvery)
	}
	return p.confirmAfter() + p.Interval
}

// suspectFor is how long a suspicion may stay undecided. A target that failed all
// that time would have been found down, so what failed before is another trouble.
func (p *Policy) suspectFor() time.Duration {
	return p.confirmAfter() + downAttempts*max(p.Interval, p.RecheckEvery)
}

// relapse is how long after its recovery an incident can still be reopened.
func (p *Policy) relapse() time.Duration {
	return max(relapseWithin, relapseIntervals*p.Interval)
}
