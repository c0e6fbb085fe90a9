package incident

import (
	"time"

	"sonde/probe"
)

// AuthGroup is when people hear once of all probes that are refused with the credential
// they share.
type AuthGroup struct {
	Probes int           // so many of them; 0: never
	Share  float64       // and such a share of those who share it
	Within time.Duration // that were refused first within so long
}

// groupDenials is how many refusals in a row it takes until a probe counts: one less than
// for an incident of its own, so that the common one comes first.
const groupDenials = authResults - 1

// authRule tells once that several probes are refused with the credential they share. What
// each of them has to say on its own is a part of that. It is over when none is refused.
var authRule = circleRule{
	speaks: func(w *watch) bool {
		return w.in.Verdict.Kind() == probe.KindAuthFailed && w.own.refused() && !w.in.Maintenance
	},
	step: (*watch).auth,
}

// refused reports whether a probe is refused for more than a moment.
func (s *State) refused() bool {
	return s.Denials >= groupDenials || s.Open(probe.KindAuthFailed) != nil
}

// refusedSince is when the refusals began that are going on.
func (s *State) refusedSince(now time.Time) time.Time {
	if p := s.Open(probe.KindAuthFailed); p != nil {
		return p.Since
	}
	if s.Row.is(probe.KindAuthFailed) {
		return s.Row.Since
	}
	return now
}

func (w *watch) auth(refused bool) {
	now, problem := w.m.in.At, w.m.s.Open(probe.KindAuthGroup)
	switch {
	case refused:
		w.s.add(w.id, w.own.refusedSince(w.in.At), now)
	case w.id != 0 && (!w.own.refused() || w.in.Maintenance):
		w.s.drop(w.id)
	}
	if problem == nil {
		if problem = w.authTogether(refused); problem == nil {
			return
		}
	} else if len(w.s.Hits) == 0 {
		w.resolve(problem)
		return
	} else if refused {
		problem.count(w.in)
		w.measure(problem)
	}
	w.part(probe.KindAuthFailed, problem)
}

// authTogether opens the incident if enough of those who share the credential were refused
// within a short time.
func (w *watch) authTogether(refused bool) *Problem {
	rule := w.m.p.Rules.AuthGroup
	if !refused {
		return nil
	}
	n := w.s.count(w.m.in.At.Add(-rule.Within), func(h *Hit) time.Time { return h.Since })
	if n < rule.Probes || float64(n) < rule.Share*float64(len(w.circle.Members)) {
		return nil
	}
	return w.open(probe.KindAuthGroup, probe.Critical)
}
