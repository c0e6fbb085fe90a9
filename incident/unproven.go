package incident

import (
	"time"

	"sonde/probe"
)

// doubtful are the kinds of incident that a mistake in the configuration looks like, so that
// people are told when the request of the probe has never worked.
func doubtful(kind probe.Kind) bool {
	return kind == probe.KindDown || kind == probe.KindAuthFailed || kind == probe.KindClientFault
}

// unproven is the reading of what opens on a request that has never worked, and for how long the
// probe has been there, if it never worked before either; else its request was another one.
func (m *machine) unproven() Reading {
	r := Reading{Level: NeverWorked}
	if first, never := m.s.neverGood(); never {
		r.Over = m.in.Until().Sub(first)
	}
	return r
}

// neverGood is since when there is a probe that was never good, as far as anybody knows: its first
// slot was not, and no result since the first one was.
func (s *State) neverGood() (first time.Time, never bool) {
	if s.Worked || s.Account.Start == 0 || s.Last.Verdict.Outcome == probe.Good {
		return time.Time{}, false
	}
	first = time.UnixMilli(s.Account.Start).UTC().Add(-longestStart)
	return first, !s.Since.Time().After(first)
}

// prove notes that the request has worked for the first time: what was said of that holds no more.
func (s *State) prove() {
	for i := range s.Problems {
		p := &s.Problems[i]
		switch {
		case !doubtful(p.Kind) || p.Reading.Level != NeverWorked:
		case p.Kind == probe.KindClientFault:
			p.Reading = Reading{Level: WorkedOnce}
		default:
			p.Reading = Reading{}
		}
	}
}
