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
	case w.Maintenance != nil:
		return Maintenance
	case s.Open(probe.KindDown) != nil:
		return Down
	case s.Open(probe.KindNoData) != nil:
		return Unknown
	case anyOpen(s):
		return Degraded
	case last.At.IsZero(), now.Sub(seen(s)) >= staleAfter*w.Policy.Interval, last.Verdict.Outcome == probe.Unknown:
		return Unknown
	case last.Verdict.Outcome != probe.Good:
		return Degraded
	}
	return Up
}

// seen is when the probe was last looked after: asked, or left alone for its hold.
func seen(s *incident.State) time.Time {
	if slot := s.Account.Grid.Last; !s.Hold.IsZero() && slot.After(s.Last.At) {
		return slot
	}
	return s.Last.At
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
	switch state {
	case Maintenance:
		return w.Rest.From
	case Down:
		return s.Open(probe.KindDown).Since
	case Unknown:
		return unknownSince(s)
	case Degraded:
		if first := firstOpen(s); first != nil {
			return first.Since
		}
	}
	return s.Since.Time()
}

// unknownSince is the latest result, for nothing is known since then, or the first of
// the results in a row that found the prober itself at fault.
func unknownSince(s *incident.State) time.Time {
	run := s.Account.Run
	if silent := s.Open(probe.KindNoData); silent != nil {
		return silent.Since
	}
	switch {
	case s.Last.Verdict.Outcome != probe.Unknown:
		return s.Last.At
	case run.Outcome == probe.Unknown && run.Slots.Step > 0 && run.Slots.First.Before(s.Last.At):
		return run.Slots.First
	}
	return s.Last.At
}

// firstOpen is the open incident that began first; nil if none is open.
func firstOpen(s *incident.State) (first *incident.Problem) {
	for i := range s.Problems {
		p := &s.Problems[i]
		if p.Phase == incident.Open && (first == nil || p.Since.Before(first.Since)) {
			first = p
		}
	}
	return first
}
