package notify

import (
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// Which kinds of incident another one says more about. What is left out (a certificate,
// a bypass of authentication, no data) is always told.
var (
	// byDown are kept back while the probe is down.
	byDown = kinds(probe.KindDegraded, probe.KindLatency, probe.KindCodeAnomaly,
		probe.KindBudgetFast, probe.KindBudgetSlow, probe.KindBudgetThreshold)

	// byOutages are kept back of a group while outages of its members are all there is to it.
	byOutages = kinds(probe.KindBudgetFast, probe.KindBudgetSlow)

	// byParent are kept back while what the probe depends on is down.
	byParent = kinds(probe.KindDown, probe.KindDegraded, probe.KindAuthFailed, probe.KindClientFault, probe.KindRateLimited, probe.KindLatency,
		probe.KindCodeAnomaly, probe.KindBudgetFast, probe.KindBudgetSlow, probe.KindBudgetThreshold)

	// byProber are kept back while the prober's own network is in trouble: whatever rests on
	// what came over it.
	byProber = kinds(probe.KindDown, probe.KindDegraded, probe.KindLatency, probe.KindCodeAnomaly, probe.KindGroupRate, probe.KindGatewaySurge,
		probe.KindBudgetFast, probe.KindBudgetSlow, probe.KindBudgetThreshold)
)

func kinds(all ...probe.Kind) map[probe.Kind]bool {
	m := make(map[probe.Kind]bool, len(all))
	for _, k := range all {
		m[k] = true
	}
	return m
}

// keeps says what keeps an open incident back at an instant.
func (d *Desk) keeps(about probe.ID, p *incident.Problem, now time.Time) (h Held, kept bool) {
	if c := d.silence(about, p.Kind, now, 0); c != nil {
		return Held{Why: WhySilence, Command: c.ID, Until: c.Until}, true
	}
	if of := d.proberOf(); of != 0 && of != about && byProber[p.Kind] && !d.policy(about).Local {
		return Held{Why: WhyProber, Of: of}, true
	}
	if circle := d.watched[about].Circle; circle != nil && byOutages[p.Kind] {
		if of, plain := d.outages(about, circle, p); plain {
			return Held{Why: WhyDown, Of: of}, true
		}
	}
	own := d.state(about)
	switch {
	case own == nil:
	case byDown[p.Kind] && own.Open(probe.KindDown) != nil && d.heeded(about, probe.KindDown):
		return Held{Why: WhyDown, Of: about}, true
	case p.Kind == probe.KindClientFault && own.Open(probe.KindAuthFailed) != nil && d.heeded(about, probe.KindAuthFailed):
		return Held{Why: WhyAuth, Of: about}, true
	}
	if byParent[p.Kind] {
		return d.ancestor(about, now)
	}
	return Held{}, false
}

// Keeps reports whether something keeps an open incident back at an instant.
func (d *Desk) Keeps(about probe.ID, p *incident.Problem, now time.Time) bool {
	_, kept := d.keeps(about, p, now)
	return kept
}

// proberOf is the lowest id that the prober's own trouble is about, so that the answer does
// not depend on the order in which a map is read.
func (d *Desk) proberOf() (lowest probe.ID) {
	for id := range d.prober {
		if of := d.open[id]; lowest == 0 || of < lowest {
			lowest = of
		}
	}
	return lowest
}

// heeded reports whether anybody hears of a kind of incident on a probe: what nobody hears
// of keeps nothing back.
func (d *Desk) heeded(about probe.ID, kind probe.Kind) bool {
	w, known := d.watched[about]
	return known && len(w.Routes.For(kind)) > 0
}

// outages reports whether whoever would hear of a burning budget of a group has heard of the
// outages that it comes from, and returns the first probe that is down.
func (d *Desk) outages(about probe.ID, circle *incident.Circle, p *incident.Problem) (probe.ID, bool) {
	audience := d.watched[about].Routes.For(p.Kind)
	return circle.Explained(d.state(about), p, func(id probe.ID) *incident.Problem {
		s := d.state(id)
		if s == nil {
			return nil
		}
		down := s.Open(probe.KindDown)
		if down == nil || d.held[down.ID] != nil {
			return nil
		}
		for _, name := range audience {
			if !slices.Contains(d.told[down.ID], name) {
				return nil
			}
		}
		return down
	})
}

// silence is the silence that covers a kind of incident on a probe, but for one; of several, the one
// that ends last.
func (d *Desk) silence(about probe.ID, kind probe.Kind, now time.Time, but incident.CommandID) (found *incident.Command) {
	for i := range d.silences {
		c := &d.silences[i]
		if c.ID == but && but != 0 || now.Before(c.From) || !c.UntilRecovered && !now.Before(c.Until) || !c.Scope.Concerns(about, kind) {
			continue
		}
		if _, open := d.open[c.Incident]; c.UntilRecovered && !open {
			continue
		}
		if found == nil || c.Until.After(found.Until) {
			found = c
		}
	}
	return found
}

// ancestor is what a probe depends on, near or far, that keeps its openings back: what is
// down; else what may be, until that is decided; else what fails in maintenance.
func (d *Desk) ancestor(about probe.ID, now time.Time) (best Held, kept bool) {
	seen := map[probe.ID]bool{about: true}
	queue := append([]probe.ID(nil), d.watched[about].Parents...)
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		if seen[id] {
			continue
		}
		seen[id] = true
		queue = append(queue, d.watched[id].Parents...)
		h, keeps := d.parent(id, now)
		if keeps && (!kept || h.Why < best.Why) {
			best, kept = h, true
		}
	}
	return best, kept
}

// parent says how a probe keeps back the openings of those that depend on it.
func (d *Desk) parent(id probe.ID, now time.Time) (Held, bool) {
	s := d.state(id)
	if s == nil || !d.heeded(id, probe.KindDown) {
		return Held{}, false
	}
	switch {
	case s.Open(probe.KindDown) != nil:
		return Held{Why: WhyParent, Of: id}, true
	case s.Maintained && s.Last.Verdict.Outcome == probe.Bad:
		return Held{Why: WhyMaintenance, Of: id}, true
	case s.Suspect != nil:
		until := s.Suspect.Since.Add(d.policy(id).DecidesWithin())
		return Held{Why: WhySuspect, Of: id, Until: until}, until.After(now)
	}
	return Held{}, false
}

// byResults are the kinds that good results end: an outage of what a probe depends on
// ends for both, but is not seen to at once.
var byResults = kinds(probe.KindDown, probe.KindDegraded, probe.KindAuthFailed, probe.KindClientFault, probe.KindRateLimited)

// lingers keeps an opening back for a little longer when what kept it back is over: until
// a later result of the probe says that it goes on.
func (d *Desk) lingers(h *Held, now time.Time) (Held, bool) {
	s := d.state(h.About)
	over := Held{Why: WhyRecovery, Of: h.About, Until: h.Until, Freed: h.Freed, Was: h.Was, WasOf: h.WasOf}
	switch h.Why {
	case WhyParent, WhyProber, WhyMaintenance:
		p := d.policy(h.About)
		over.Until, over.Freed, over.Was, over.WasOf = now.Add(2*p.Interval+p.ResolveAfter), now, h.Why, h.Of
	case WhyRecovery:
		if s.Last.At.After(h.Freed) && s.Last.Verdict.Outcome != probe.Good {
			return Held{}, false
		}
	default:
		return Held{}, false
	}
	return over, byResults[h.Kind] && over.Until.After(now)
}

// Dependents is how those stand that depend on a probe, near or far.
type Dependents struct {
	Total   int
	Failing int
	Names   []string `json:",omitempty"` // the first of those that fail
}

// maxNamed is how many of them are named.
const maxNamed = 5

// Dependents counts those that depend on a probe.
func (d *Desk) Dependents(about probe.ID) (all Dependents) {
	seen := map[probe.ID]bool{about: true}
	queue := append([]probe.ID(nil), d.children[about]...)
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		if seen[id] {
			continue
		}
		seen[id] = true
		queue = append(queue, d.children[id]...)
		all.Total++
		if s := d.state(id); s != nil && (s.Open(probe.KindDown) != nil || s.Suspect != nil) {
			all.Failing++
			if len(all.Names) < maxNamed {
				all.Names = append(all.Names, d.name(id))
			}
		}
	}
	return all
}
