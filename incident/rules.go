package incident

import (
	"time"

	"sonde/probe"
)

// Rules tune the rules that look further than at the latest results. The zero value of
// each is that the rule is off.
type Rules struct {
	Off        Kinds  `json:",omitzero"` // kinds of incident that do not open, whatever else is said of them
	Degraded   Leak   `json:",omitzero"` // failures now and then
	AuthFailed Leak   `json:",omitzero"` // refusals now and then
	Latency    Slower `json:",omitzero"` // good answers that take longer than usual

	AuthGroup     AuthGroup     `json:",omitzero"`
	GatewaySurge  GatewaySurge  `json:",omitzero"`
	NoData        NoData        `json:",omitzero"`
	ProberNetwork ProberNetwork `json:",omitzero"`
	Prober        bool          `json:",omitzero"` // tell once when most probes have no data

	AuthBypass  bool        `json:",omitzero"`
	ClientFault ClientFault `json:",omitzero"`
	RateLimited RateLimited `json:",omitzero"`

	Remind *Reminders `json:",omitempty"` // nil: as it is usual

	CodeAnomaly *CodeAnomaly `json:",omitempty"`
	Rate        *Rate        `json:",omitempty"`
	GroupRate   *Rate        `json:",omitempty"` // of the group that the probe is in
}

// Equal reports whether rules decide the same.
func (r *Rules) Equal(o *Rules) bool {
	a, b := *r, *o
	a.CodeAnomaly, a.Rate, a.GroupRate, a.Remind = nil, nil, nil, nil
	b.CodeAnomaly, b.Rate, b.GroupRate, b.Remind = nil, nil, nil, nil
	return a == b && r.Remind.Equal(o.Remind) && same(r.CodeAnomaly, o.CodeAnomaly) && same(r.Rate, o.Rate) && same(r.GroupRate, o.GroupRate)
}

// same reports whether two values are the same, or neither is there.
func same[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// ClientFault tunes when rejected requests are an incident.
type ClientFault struct {
	On    bool
	After time.Duration // three in a row that span so long
	Leak  Leak
}

// RateLimited tunes when 429 are an incident.
type RateLimited struct {
	Results   int           // so many of the latest ten; 0: never
	WarnAfter time.Duration // it is a warning once it has lasted so long; 0: never
}

// wants reports whether incidents of a kind are wanted at all.
func (r *Rules) wants(kind probe.Kind) bool {
	switch kind {
	case probe.KindAuthBypass:
		return r.AuthBypass
	case probe.KindClientFault:
		return r.ClientFault.On
	case probe.KindRateLimited:
		return r.RateLimited.Results > 0
	case probe.KindCodeAnomaly:
		return r.CodeAnomaly != nil
	case probe.KindGroupRate:
		return r.Rate != nil
	}
	return !r.Off.Has(kind)
}

// Kinds is a set of kinds of incident.
type Kinds uint64

// With is the set with one more kind.
func (k Kinds) With(kind probe.Kind) Kinds { return k | 1<<kind }

// Without is the set without a kind.
func (k Kinds) Without(kind probe.Kind) Kinds { return k &^ (1 << kind) }

// Has reports whether a kind is in the set.
func (k Kinds) Has(kind probe.Kind) bool { return k&(1<<kind) != 0 }

// Leak tunes a leaky bucket: a failure adds Weight times what a good result takes away,
// which is the interval or a minute, whichever is less.
type Leak struct {
	Fire   time.Duration // bad time at which the rule fires; 0: never
	Clear  time.Duration // bad time at which it no longer holds
	Weight int
}

// UsualRules are the rules as they are where nobody tunes them. A bucket fires at the third
// failure in a row, at one of five within twenty minutes, at one of ten within forty, and
// never below one of thirty-one: it is the cumulative sum that tells ten failures of a
// hundred from one of two hundred soonest.
func UsualRules() Rules {
	leak := Leak{Fire: 90 * time.Minute, Clear: 30 * time.Minute, Weight: 30}
	return Rules{
		Degraded: leak, AuthFailed: leak, AuthBypass: true,
		ClientFault:   ClientFault{On: true, After: 90 * time.Second, Leak: leak},
		RateLimited:   RateLimited{Results: 3, WarnAfter: 30 * time.Minute},
		Latency:       Slower{Factor: 1.25, Floor: 25 * time.Millisecond},
		AuthGroup:     AuthGroup{Probes: 3, Share: 0.5, Within: 10 * time.Minute},
		GatewaySurge:  GatewaySurge{Probes: 2, Within: 5 * time.Minute},
		NoData:        NoData{After: 2 * time.Minute, Intervals: 3},
		ProberNetwork: ProberNetwork{After: time.Minute},
		Prober:        true,
	}
}

// retire withdraws the incidents of kinds that are switched off.
func (m *machine) retire() {
	for i := range m.s.Problems {
		if !m.p.Rules.wants(m.s.Problems[i].Kind) {
			m.s.Problems = m.keep(m.s.Problems, func(p *Problem) bool { return m.p.Rules.wants(p.Kind) }, m.withdraw)
			return
		}
	}
}

// withdraw closes an incident on which nobody looks any longer. Those who heard of it, and
// not that it is over, hear that.
func (m *machine) withdraw(p *Problem) {
	change := ClosedNow
	if p.Phase == Open || p.Telling.Unsaid {
		change = Withdrawn
	}
	p.Phase = Closed
	p.remember()
	m.tell(change, m.in.Until(), p)
}

// keep returns the problems that are to stay, in the room of all of them, and has the
// others end.
func (m *machine) keep(problems []Problem, stays func(*Problem) bool, end func(*Problem)) []Problem {
	kept := problems[:0]
	for i := range problems {
		p := &problems[i]
		if stays(p) {
			kept = append(kept, *p)
			continue
		}
		end(p)
	}
	clear(problems[len(kept):])
	if len(kept) == 0 {
		return nil
	}
	return kept
}
