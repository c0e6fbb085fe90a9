package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// fillFor is how long a pass of compaction goes over results for new thresholds. What it does
// not come to is left to the next.
const fillFor = 2 * time.Second

// gap is a time over which it was not looked whether answers took longer than a threshold,
// although the results are kept that say so.
type gap struct {
	window
	place     int
	threshold time.Duration

	ledger *Ledger // of all of it, once it is read
}

// fillSlow goes over the results that are kept for thresholds of latency that came later, so
// that a new threshold decides about the past as far as anybody knows it. It takes a probe and
// a day at a time, the latest first.
func (c *compactor) fillSlow(ctx context.Context) error {
	deadline := time.Now().Add(fillFor)
	if err := c.r.know(ctx, c.r.db); err != nil {
		return err
	}
	if done := c.s.filled.Load(); done != nil && *done == c.r.revision {
		return nil
	}
	var gaps []gap
	var err error
	all := !c.r.paces()
	if !all {
		err = c.look(ctx, func(tx *sql.Tx) (err error) {
			gaps, all, err = c.unlooked(ctx, tx)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("look for thresholds of latency that are new: %w", err)
	}
	for i := range gaps {
		for _, piece := range gaps[i].days() {
			if time.Now().After(deadline) {
				return nil
			}
			if err := c.fill(ctx, &gaps[i], piece); err != nil {
				return fmt.Errorf("look for slow answers of the past: %w", err)
			}
		}
	}
	if all {
		revision := c.r.revision // a pointer into the reader would keep it, and all states with it
		c.s.filled.Store(&revision)
	}
	return nil
}

// unlooked is what there is to be looked at, and whether that is all: a threshold that has not
// met its first slot yet has no beginning.
func (c *compactor) unlooked(ctx context.Context, tx *sql.Tx) (gaps []gap, all bool, err error) {
	if err := c.r.follow(ctx, tx, meanwhile{}); err != nil {
		return nil, false, err
	}
	gaps, err = c.gaps(ctx, tx)
	all = !slices.ContainsFunc(c.r.known, func(p Probe) bool {
		return p.RetiredAt.IsZero() && !c.r.memory.State(p.ID).Looks(p.Policy.Thresholds)
	})
	return gaps, all, err
}

// days cuts a window at midnights, the latest piece first.
func (w window) days() (all []window) {
	for at := w.after; at.Before(w.until); {
		_, until := dayWindow(dayOf(at.UnixMilli() + 1))
		until = slo.Earliest(until, w.until)
		all = append(all, window{at, until})
		at = until
	}
	slices.Reverse(all)
	return all
}

// gaps finds what there is to be looked at, of the configured probes.
func (c *compactor) gaps(ctx context.Context, tx *sql.Tx) (all []gap, err error) {
	var measured [][]paced
	for place := range c.r.known {
		p := &c.r.known[place]
		if !p.RetiredAt.IsZero() || p.Policy.Thresholds == (incident.Thresholds{}) {
			continue
		}
		if measured == nil {
			if measured, err = measures(ctx, tx, c.r.places, len(c.r.known), time.Time{}); err != nil {
				return nil, err
			}
		}
		floor, err := c.keptFrom(ctx, tx, p.ID)
		if err != nil {
			return nil, err
		}
		for i := range c.r.memory.State(p.ID).Lags {
			lag := &c.r.memory.State(p.ID).Lags[i]
			var have []window
			for _, m := range measured[place] {
				if m.threshold == lag.Run.Threshold {
					have = append(have, m.window)
				}
			}
			for _, w := range (window{floor, lag.Since.Add(-time.Millisecond)}).without(merged(have)) {
				all = append(all, gap{window: w, place: place, threshold: lag.Run.Threshold})
			}
		}
	}
	return all, nil
}

// keptFrom is behind which instant results of a probe may be kept.
func (c *compactor) keptFrom(ctx context.Context, tx *sql.Tx, id probe.ID) (time.Time, error) {
	first := c.r.memory.State(id).Account.Grid.First
	var grid sql.NullInt64
	if err := tx.QueryRowContext(ctx, "SELECT min(first) FROM grids WHERE probe = ?", id).Scan(&grid); err != nil {
		return time.Time{}, err
	}
	if grid.Valid {
		first = slo.Earliest(first, instant(grid.Int64))
	}
	var oldest sql.NullInt64
	if err := tx.QueryRowContext(ctx, "SELECT min(first) FROM spans").Scan(&oldest); err != nil {
		return time.Time{}, err
	}
	if oldest.Valid && first.Before(instant(oldest.Int64)) {
		first = instant(oldest.Int64)
	}
	return first.Add(-time.Millisecond), nil
}

// fill writes which slots of a piece of a gap were slow, and that it was looked. It begins
// behind the last slot that should have a result and has none.
func (c *compactor) fill(ctx context.Context, g *gap, piece window) (err error) {
	p := &c.r.known[g.place]
	if g.ledger == nil {
		if g.ledger, err = c.r.Ledger(ctx, p.ID, g.after, g.until); err != nil {
			return err
		}
	}
	look := newPaceLook(g.ledger, g.threshold, piece)
	err = c.r.Results(ctx, p.ID, piece.after.Add(time.Millisecond), piece.until.Add(time.Millisecond), func(in *incident.Input) error {
		look.add(in)
		return nil
	})
	if err != nil {
		return err
	}
	from, ok := look.end()
	if !ok {
		return nil
	}
	return c.change(ctx, func(tx *sql.Tx) error {
		rows := repeat(tx)
		for _, x := range look.slow {
			err := rows.exec(ctx, "INSERT INTO slow(probe, location, threshold, first, last, step, failed) VALUES (?, ?, ?, ?, ?, ?, ?)",
				p.ID, c.s.location, g.threshold.Milliseconds(), x.Slots.First.UnixMilli(), x.Slots.Last.UnixMilli(), x.Slots.Step.Milliseconds(), x.Failed)
			if err != nil {
				return err
			}
		}
		return c.looked(ctx, tx, p.ID, g.threshold, from, piece.until)
	})
}

// looked notes over which time it was looked for a threshold: as the beginning of the time
// behind it, if there is one.
func (c *compactor) looked(ctx context.Context, tx *sql.Tx, id probe.ID, threshold time.Duration, from, to time.Time) error {
	result, err := tx.ExecContext(ctx, "UPDATE measures SET first = ? WHERE probe = ? AND location = ? AND threshold = ? AND first = ?",
		from.UnixMilli(), id, c.s.location, threshold.Milliseconds(), to.UnixMilli()+1)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO measures(probe, location, threshold, first, last) VALUES (?, ?, ?, ?, ?)",
		id, c.s.location, threshold.Milliseconds(), from.UnixMilli(), to.UnixMilli())
	return err
}

// paceLook goes over results in the order of time, as a state that has the threshold does.
type paceLook struct {
	ledger    *Ledger
	entries   []incident.Entry // of the ledger, in their order
	threshold time.Duration
	from      time.Time // the first slot from which on all results are there
	at        time.Time // the latest slot that was looked at, or what lies before the first
	until     time.Time
	run       incident.Slow
	slow      []incident.Slow
}

func newPaceLook(l *Ledger, threshold time.Duration, piece window) *paceLook {
	return &paceLook{
		ledger: l, entries: l.Stretches(piece.after, piece.until), threshold: threshold,
		from: piece.after.Add(time.Millisecond), at: piece.after, until: piece.until,
	}
}

func (l *paceLook) add(in *incident.Input) {
	slot, ok := l.ledger.slot(in.At)
	if in.Run != probe.Scheduled || !ok || !in.At.After(l.at) || !l.says(in) {
		return
	}
	if !in.At.Equal(l.at.Add(slot.Step)) && l.rightly(l.at, in.At.Add(-time.Millisecond)) {
		l.from, l.run, l.slow = in.At, incident.Slow{}, nil // results are missing
	}
	l.at = in.At
	failed := in.Verdict.Outcome != probe.Good
	if in.Elapsed <= l.threshold || failed && !slowly(in.Verdict.Outcome, in.Verdict.Reason) {
		return
	}
	if run := &l.run; run.Slots.Step == slot.Step && run.Failed == failed && run.Slots.Follows(slot.First) {
		run.Slots.Last = slot.Last
		return
	}
	l.settle()
	l.run = incident.Slow{Threshold: l.threshold, Slots: slot, Failed: failed}
}

// says reports whether the ledger has a slot as its result: what came after the slot was
// accounted for otherwise counts for nothing.
func (l *paceLook) says(in *incident.Input) bool {
	for len(l.entries) > 0 && l.entries[0].Slots.Last.Before(in.At) {
		l.entries = l.entries[1:]
	}
	if len(l.entries) == 0 || l.entries[0].Slots.Within(in.At.Add(-time.Millisecond), in.At) == 0 {
		return in.Verdict.Outcome == probe.Good
	}
	return l.entries[0].Outcome == in.Verdict.Outcome && l.entries[0].Reason == in.Verdict.Reason
}

// rightly reports whether any slot in (after, until] was answered rightly.
func (l *paceLook) rightly(after, until time.Time) bool {
	if l.ledger.count(after, until).Good > 0 {
		return true
	}
	for _, e := range l.ledger.Stretches(after, until) {
		if slowly(e.Outcome, e.Reason) {
			return true
		}
	}
	return false
}

// slowly reports whether a slot was bad for nothing but that its answer took long.
func slowly(o probe.Outcome, r probe.Reason) bool { return o == probe.Bad && r == probe.TooSlow }

func (l *paceLook) settle() {
	if l.run.Slots.Step > 0 {
		l.slow = append(l.slow, l.run)
	}
	l.run = incident.Slow{}
}

// end is from where on it was looked; false if it is not known of the last slots.
func (l *paceLook) end() (from time.Time, ok bool) {
	l.settle()
	return l.from, !l.rightly(l.at, l.until)
}

// slot is the slot at an instant; false if no grid has one there.
func (l *Ledger) slot(at time.Time) (slo.Stretch, bool) {
	before := at.Add(-time.Millisecond)
	for _, grid := range l.grids {
		if s := grid.Cut(before, at); s.Step > 0 {
			return s, true
		}
	}
	s := l.account.Grid.Cut(before, at)
	return s, s.Step > 0
}
