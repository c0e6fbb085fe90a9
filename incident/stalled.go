package incident

import (
	"maps"
	"slices"
	"time"

	"sonde/probe"
)

// stalledLeast is how many probes must have no data before that is the prober's trouble.
const stalledLeast = 2

// stalled reports whether so many of all probes have no data that it is the prober's
// trouble and not theirs.
func (c *Circles) stalled(stale int) bool {
	return c.prober != nil && stale >= stalledLeast && 2*stale >= len(c.prober.Members)
}

// Frozen reports whether the prober itself is in trouble, so that nothing is told of
// probes that have no data: it is told once, of the prober.
func (c *Circles) Frozen(states States, stale int) bool {
	if c.stalled(stale) {
		return true
	}
	return c.network != nil && openIn(states[c.network.ID], probe.KindProberNetwork) != nil
}

// openIn is the open incident of a kind in a state that may not be.
func openIn(s *State, kind probe.Kind) *Problem {
	if s == nil {
		return nil
	}
	return s.Open(kind)
}

// Wakes reports whether an idle input about the prober as a whole, of whose probes so many
// have no data, would change anything.
func (c *Circles) Wakes(states States, stale int, now time.Time) bool {
	if c.prober != nil && c.stalled(stale) != (openIn(states[c.prober.ID], probe.KindProber) != nil) {
		return true
	}
	for _, circle := range c.byID {
		s := states[circle.ID]
		switch {
		case s == nil:
		case s.Wakes(&circle.policy, now), s.Shared == nil && len(s.Problems) > 0:
			return true
		case circle.Tie == TieGroup:
			if s.Open(probe.KindGroupRate) != nil && s.Shared.Rate != nil && now.Sub(s.Shared.Rate.Since) >= circle.policy.Rules.GroupRate.Over {
				return true
			}
		case circle.Tie == TieHost || circle.Tie == TieParent:
			if last := s.Shared.last(); last.Before(now.Add(-circle.policy.Rules.GatewaySurge.Within)) && len(s.Shared.Hits) > 0 {
				return true
			}
		}
	}
	return false
}

// idle fires what is due of all circles. Of the prober's own it says how many have no data.
func (w *watch) idle() {
	rules := map[Tie]circleRule{
		TieProber: stalledRule, TieNetwork: networkRule, TieCredential: authRule, TieHost: gatewayRule, TieParent: gatewayRule, TieGroup: rateRule, TiePromise: promiseRule,
	}
	for _, id := range slices.Sorted(maps.Keys(w.c.byID)) {
		circle := w.c.byID[id]
		if circle.Tie == TieProber || w.states[id] != nil {
			w.look(circle, rules[circle.Tie])
		}
	}
}

// stalledRule tells once that most probes have no data, instead of telling it of each.
var stalledRule = circleRule{
	speaks: func(w *watch) bool {
		return w.id == 0 && w.in.Verdict.Reason == probe.NoData && w.c.stalled(w.in.Attempts)
	},
	step: func(w *watch, stalled bool) {
		problem := w.m.s.Open(probe.KindProber)
		switch {
		case problem == nil && stalled:
			w.open(probe.KindProber, probe.Critical)
		case problem != nil && !stalled:
			w.resolve(problem)
		}
	},
}
