package report

import (
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/store"
)

// State is how a probe is, in one word.
type State string

// The states.
const (
	Up          State = "up"
	Degraded    State = "degraded"
	Down        State = "down"
	Unknown     State = "unknown"
	Maintenance State = "maintenance"
	Paused      State = "paused"
)

// staleAfter is how many intervals a result speaks for.
const staleAfter = 3

// stateOf says how a probe is. An open incident says it, else the latest result, if it
// is recent enough.
func stateOf(w *store.Watched, now time.Time) State {
	s := w.State
	last := s.Last
	switch {
	case s.Open(probe.KindDown) != nil:
		return Down
	case anyOpen(s):
		return Degraded
	case last.At.IsZero(), now.Sub(last.At) > staleAfter*w.Policy.Interval, last.Verdict.Outcome == probe.Unknown:
		return Unknown
	case last.Verdict.Outcome != probe.Good:
		return Degraded
	}
	return Up
}

func anyOpen(s *incident.State) bool {
	for i := range s.Problems {
		if s.Problems[i].Phase == incident.Open {
			return true
		}
	}
	return false
}

// sinceOf says since when the probe has been so; zero if it never ran.
func sinceOf(w *store.Watched, state State) time.Time {
	s := w.State
	if state == Unknown && s.Last.Verdict.Outcome != probe.Unknown {
		return s.Last.At // nothing is known since the latest result
	}
	for i := range s.Problems {
		p := &s.Problems[i]
		if p.Phase == incident.Open && (p.Kind == probe.KindDown) == (state == Down) {
			return p.Since
		}
	}
	return s.Since
}
