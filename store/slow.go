package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// applySlow writes what took longer than a threshold, and over which time it was looked.
func (s *Store) applySlow(ctx context.Context, tx *repeating, e *Effect) error {
	for _, x := range e.Slow {
		err := tx.exec(ctx, "INSERT INTO slow(probe, location, threshold, first, last, step, failed) VALUES (?, ?, ?, ?, ?, ?, ?)",
			e.Probe, s.location, x.Threshold.Milliseconds(), x.Slots.First.UnixMilli(), x.Slots.Last.UnixMilli(), x.Slots.Step.Milliseconds(), x.Failed)
		if err != nil {
			return fmt.Errorf("write what was slow: %w", err)
		}
	}
	for _, x := range e.Measures {
		err := tx.exec(ctx, "INSERT INTO measures(probe, location, threshold, first, last) VALUES (?, ?, ?, ?, ?)",
			e.Probe, s.location, x.Threshold.Milliseconds(), x.From.UnixMilli(), x.To.UnixMilli())
		if err != nil {
			return fmt.Errorf("write the time of a threshold: %w", err)
		}
	}
	return nil
}

// Latency is the time of one probe as it kept to a threshold: good if a good answer came
// soon enough, bad if it came later. What failed otherwise is excluded, for it spends
// another budget.
type Latency struct {
	ledger *Ledger
	spells []paced // in their order, none over another
}

// Promised is the time as the promises of a probe count, see [Ledger.Promised].
func (l *Latency) Promised(p *incident.Policy) *Latency {
	return &Latency{l.ledger.Promised(p), l.spells}
}

// paced is a time over which it was looked whether answers took longer than a threshold:
// that of the promise, or one before it whose verdict stays.
type paced struct {
	window
	threshold time.Duration
	slow      []incident.Slow
	firstDay  int64
	days      []slowDay // from firstDay on; of the others the stretches are known
}

// measuresOfProbe finds over which times it was looked for which thresholds.
const (
	slowOfProbe     = "SELECT threshold, first, last, step, failed FROM slow WHERE probe = ? AND last > ?"
	measuresOfProbe = "SELECT threshold, first, last FROM measures WHERE probe = ? AND last > ?"
)

// readPace reads what took longer than any threshold, by the threshold, and over which
// times it was looked for which.
func readPace(ctx context.Context, q querier, id probe.ID, state *incident.State, after time.Time) (slow map[time.Duration][]incident.Slow, spells []paced, err error) {
	slow = map[time.Duration][]incident.Slow{}
	_, err = eachRow(ctx, q, slowOfProbe, []any{id, after.UnixMilli()}, func(rows *sql.Rows) error {
		var ms, first, last, step int64
		var failed bool
		err := rows.Scan(&ms, &first, &last, &step, &failed)
		t := time.Duration(ms) * time.Millisecond
		slow[t] = append(slow[t], incident.Slow{Threshold: t, Slots: stretch(first, last, step), Failed: failed})
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	_, err = eachRow(ctx, q, measuresOfProbe, []any{id, after.UnixMilli()}, func(rows *sql.Rows) error {
		var ms, first, last int64
		err := rows.Scan(&ms, &first, &last)
		spells = append(spells, paced{window: window{instant(first - 1), instant(last)}, threshold: time.Duration(ms) * time.Millisecond})
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	for i := range state.Lags {
		spells = append(spells, lagging(&state.Lags[i]))
		if lag := &state.Lags[i]; lag.Run.Slots.Step > 0 {
			slow[lag.Run.Threshold] = append(slow[lag.Run.Threshold], lag.Run)
		}
	}
	return slow, spells, nil
}

// lagging is the time over which it is looked for a threshold now.
func lagging(lag *incident.Lag) paced {
	return paced{window: window{lag.Since.Add(-time.Millisecond), forever}, threshold: lag.Run.Threshold}
}

// newLatency is the time of a probe as it kept to one of its thresholds.
func newLatency(ledger *Ledger, slow map[time.Duration][]incident.Slow, spells []paced, threshold time.Duration) *Latency {
	l := &Latency{ledger: ledger, spells: arrange(slices.Clone(spells), threshold)}
	for i := range l.spells {
		l.spells[i].slow = slow[l.spells[i].threshold]
	}
	return l
}

// arrange lays times beside one another: where it was looked for the threshold of the
// promise that counts, elsewhere the latest other threshold.
func arrange(spells []paced, threshold time.Duration) (all []paced) {
	slices.SortStableFunc(spells, func(a, b paced) int {
		if (a.threshold == threshold) != (b.threshold == threshold) {
			if a.threshold == threshold {
				return -1
			}
			return 1
		}
		return cmp.Or(b.until.Compare(a.until), cmp.Compare(a.threshold, b.threshold))
	})
	var taken []window
	for _, s := range spells {
		for _, free := range s.without(taken) {
			all = append(all, paced{window: free, threshold: s.threshold})
		}
		taken = merged(append(taken, s.window))
	}
	slices.SortFunc(all, func(a, b paced) int { return a.after.Compare(b.after) })
	return all
}

// Tally sums up the slots in (after, until] over which it was looked. It is exact to the
// slot.
func (l *Latency) Tally(after, until time.Time) (t slo.Tally) {
	begin := l.ledger.Begin()
	for i := range l.spells {
		s := &l.spells[i]
		from, to := slo.Latest(after, s.after), slo.Earliest(until, s.until)
		if s.after.Before(begin) {
			from = after // there are no slots before; and so days are whole
		}
		if from.Before(to) {
			t = t.Plus(l.spell(s, from, to))
		}
	}
	return t
}

func (l *Latency) spell(s *paced, after, until time.Time) slo.Tally {
	after = l.ledger.kept(after)
	t := l.ledger.Tally(after, until)
	t.Excluded, t.Bad = t.Excluded+t.Bad, 0
	good, failed := s.within(after, until)
	for _, rest := range l.ledger.rests { // what was planned stays excluded
		planned, failedToo := s.stretches(slo.Latest(after, rest.From.Add(-time.Millisecond)), slo.Earliest(until, rest.Until.Add(-time.Millisecond)))
		good, failed = good-planned, failed-failedToo
	}
	t.Good, t.Excluded, t.Bad = t.Good-good, t.Excluded-failed, good+failed
	return t
}

// within is how much of (after, until] was slow, of good slots and of those that failed for
// nothing but that: days that have a sum, and what lies before, between and behind them.
func (s *paced) within(after, until time.Time) (good, failed time.Duration) {
	add := func(g, f time.Duration) { good, failed = good+g, failed+f }
	at := after
	first, last := wholeDays(s.firstDay, len(s.days), after, until)
	for i := first; i < last; i++ {
		sum := s.days[i]
		if sum == noSlowDay {
			continue
		}
		from, to := dayWindow(s.firstDay + int64(i))
		if at != from {
			add(s.stretches(at, from))
		}
		add(time.Duration(sum.good)*time.Millisecond, time.Duration(sum.failed)*time.Millisecond)
		at = to
	}
	add(s.stretches(at, until))
	return good, failed
}

// stretches is within, slot by slot.
func (s *paced) stretches(after, until time.Time) (good, failed time.Duration) {
	if !after.Before(until) {
		return 0, 0
	}
	for i := range s.slow {
		switch w := s.slow[i].Slots.Within(after, until); {
		case s.slow[i].Failed:
			failed += w
		default:
			good += w
		}
	}
	return good, failed
}

// Begin is the first slot that was looked at and is kept; zero if there is none.
func (l *Latency) Begin() time.Time {
	begin := l.ledger.Begin()
	if len(l.spells) == 0 || begin.IsZero() {
		return time.Time{}
	}
	return slo.Latest(begin, l.spells[0].after.Add(time.Millisecond))
}

// Since is since when the threshold of the promise decides; before, another one did. It is
// zero if none did.
func (l *Latency) Since(threshold time.Duration) time.Time {
	var since time.Time
	for i := len(l.spells) - 1; i >= 0; i-- {
		if l.spells[i].threshold != threshold {
			return since
		}
		since = l.spells[i].after.Add(time.Millisecond)
	}
	return time.Time{}
}
