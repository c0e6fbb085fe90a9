package store

import (
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// slot is one slot as the naive model of a ledger has it.
type slot struct {
	at      time.Time
	weight  time.Duration
	outcome probe.Outcome
	took    time.Duration // of an answer that was right; else 0
}

// account keeps the naive model: a list of all slots there were.
func (w *world) account(e Entry, step time.Duration) {
	first, last := e.Input.At, e.Input.At
	switch {
	case e.Input.Kind == incident.Idle || e.Input.Run != probe.Scheduled:
		return
	case e.Input.Kind == incident.Skipped:
		last = e.Input.To
	}
	slots := w.slots[e.Probe]
	for at := first; !at.After(last); at = at.Add(step) {
		if n := len(slots); n > 0 {
			latest := slots[n-1]
			if !at.After(latest.at) {
				continue
			}
			for gap := latest.at.Add(latest.weight); !gap.Add(latest.weight).After(at); gap = gap.Add(latest.weight) {
				slots = append(slots, slot{gap, latest.weight, probe.Unknown, 0})
			}
		}
		slots = append(slots, slot{at, step, e.Input.Verdict.Outcome, rightAfter(&e.Input)})
	}
	w.slots[e.Probe] = slots
}

// rightAfter is how long an answer took that was right; 0 for what was none.
func rightAfter(in *incident.Input) time.Duration {
	if v := in.Verdict; in.Kind == incident.Ran && (v.Outcome == probe.Good || v.Outcome == probe.Bad && v.Reason == probe.TooSlow) {
		return in.Elapsed
	}
	return 0
}

// tally is what the naive model says of a window.
func (w *world) tally(id probe.ID, after, until time.Time) slo.Tally {
	return w.sum(id, after, until, (*slot).said)
}

func (s *slot) said() probe.Outcome { return s.outcome }

// latency is what the naive model says of how soon answers came.
func (w *world) latency(id probe.ID, after, until time.Time) slo.Tally {
	return w.sum(id, after, until, w.paced)
}

// paced is what a slot means to a promise about latency.
func (w *world) paced(s *slot) probe.Outcome {
	switch {
	case s.took > w.threshold:
		return probe.Bad
	case s.outcome == probe.Bad:
		return probe.Excluded
	}
	return s.outcome
}

// slotsUpTo are all slots of a probe, those that are overdue at an instant included.
func (w *world) slotsUpTo(id probe.ID, until time.Time) []slot {
	slots := slices.Clone(w.slots[id])
	if n := len(slots); n > 0 {
		latest := slots[n-1]
		for at := latest.at.Add(latest.weight); !at.Add(2 * latest.weight).After(until); at = at.Add(latest.weight) {
			slots = append(slots, slot{at, latest.weight, probe.Unknown, 0})
		}
	}
	return slots
}

// since is a window of the promises of a probe, as far as they count.
func (w *world) since(id probe.ID, after time.Time) time.Time {
	slots := w.slots[id]
	if !w.late || len(slots) == 0 || slots[0].outcome == probe.Good {
		return after
	}
	start := slots[0].at.Add(day)
	for _, s := range slots {
		if s.outcome == probe.Good && s.at.Before(start) {
			start = s.at
			break
		}
	}
	return slo.Latest(after, start.Add(-time.Millisecond))
}

func (w *world) sum(id probe.ID, after, until time.Time, means func(*slot) probe.Outcome) (t slo.Tally) {
	for _, s := range w.slotsUpTo(id, until) {
		if !s.at.After(after) || s.at.After(until) {
			continue
		}
		outcome := means(&s)
		if w.rests != nil && w.rests(id, s.at) {
			outcome = probe.Excluded
			t.Planned += s.weight
		}
		switch outcome {
		case probe.Good:
			t.Good += s.weight
		case probe.Bad:
			t.Bad += s.weight
		case probe.Excluded:
			t.Excluded += s.weight
		default:
			t.Unknown += s.weight
		}
	}
	return t
}
