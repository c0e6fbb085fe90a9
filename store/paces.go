package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// paces are how probes kept to thresholds of latency, as that is read for all of them.
type paces struct {
	r      *Reader
	spells [][]paced // by place: over which times it was looked for which threshold

	windows  []window // that stretches are known of
	rows     map[slowKey][]incident.Slow
	firstDay int64
	lastDay  int64 // not one of them
	sums     map[slowKey][]slowDay
}

func newPaces(r *Reader) *paces {
	return &paces{r: r, rows: map[slowKey][]incident.Slow{}, sums: map[slowKey][]slowDay{}}
}

// paces reports whether anything is promised about the latency of a configured probe.
func (r *Reader) paces() bool {
	return slices.ContainsFunc(r.known, func(p Probe) bool {
		return p.RetiredAt.IsZero() && p.Policy.Thresholds != (incident.Thresholds{})
	})
}

// measures reads over which times behind an instant it was looked for thresholds that are none
// any more, or in results of the past; by place.
func measures(ctx context.Context, q querier, places *places, n int, after time.Time) ([][]paced, error) {
	all := make([][]paced, n)
	_, err := eachRow(ctx, q, "SELECT probe, threshold, first, last FROM measures WHERE last > ?", []any{after.UnixMilli()}, func(rows *sql.Rows) error {
		var id probe.ID
		var ms, first, last int64
		err := rows.Scan(&id, &ms, &first, &last)
		if place, ok := places.of(id); ok && err == nil {
			all[place] = append(all[place], paced{window: window{instant(first - 1), instant(last)}, threshold: time.Duration(ms) * time.Millisecond})
		}
		return err
	})
	return all, err
}

// loadSpells reads over which times behind an instant it was looked for which thresholds.
func (x *paces) loadSpells(ctx context.Context, q querier, after time.Time) (err error) {
	x.spells, err = measures(ctx, q, x.r.places, len(x.r.known), after)
	if err != nil {
		return err
	}
	for place := range x.r.known {
		lags := x.r.memory.State(x.r.known[place].ID).Lags
		for i := range lags {
			x.spells[place] = append(x.spells[place], lagging(&lags[i]))
		}
	}
	return nil
}

// whole are the thresholds that were looked for at all of (after, until] on the probe at a place.
func (x *paces) whole(place int, after, until time.Time) (all []time.Duration) {
	spells := x.spells[place]
	for i := range spells {
		threshold := spells[i].threshold
		if slices.Contains(all, threshold) {
			continue
		}
		var of []window
		for _, s := range spells {
			if s.threshold == threshold {
				of = append(of, s.window)
			}
		}
		if slices.ContainsFunc(merged(of), func(w window) bool { return !w.after.After(after) && !w.until.Before(until) }) {
			all = append(all, threshold)
		}
	}
	return all
}

// readPaces reads what it takes to know how every probe kept to the thresholds of its promises,
// and of those of its group. What of that the ledger says is read into the ledgers.
func (r *Reader) readPaces(ctx context.Context, tx *sql.Tx, l *ledgers, now time.Time) (*paces, error) {
	if !r.paces() {
		return nil, nil
	}
	x := newPaces(r)
	starts := x.lookbacks(now)
	start := slices.MinFunc(starts, time.Time.Compare)
	if err := x.loadSpells(ctx, tx, start); err != nil {
		return nil, err
	}
	x.firstDay, x.lastDay = dayOf(start.UnixMilli())+1, dayOf(now.UnixMilli())
	if err := x.loadDays(ctx, tx); err != nil {
		return nil, err
	}
	today, _ := dayWindow(x.lastDay)
	needed := []window{{today, forever}}
	for _, s := range starts {
		_, until := dayWindow(dayOf(s.UnixMilli()))
		needed = append(needed, window{s, until})
	}
	for _, s := range l.calendar.AllSpells(start, now.Add(time.Millisecond)) {
		needed = append(needed, window{s.From.Add(-time.Millisecond), s.Until})
	}
	lacking, cut := x.lacking(l)
	if err := l.more(ctx, tx, cut); err != nil {
		return nil, err
	}
	return x, x.more(ctx, tx, slices.Concat(needed, lacking, r.starts(l)))
}

// lookbacks are where the windows begin that people ask about.
func (x *paces) lookbacks(now time.Time) []time.Time {
	starts := []time.Time{now.Add(-time.Hour), now.Add(-6 * time.Hour), now.Add(-3 * day)}
	seen := map[slo.Window]bool{}
	for i := range x.r.known {
		for _, o := range x.r.known[i].paced() {
			if !seen[o.Window] {
				seen[o.Window] = true
				starts = append(starts, o.Window.Span(now).After)
			}
		}
	}
	return starts
}

// paced are the promises about latency that a probe has a part in.
func (p *Probe) paced() (all []slo.Objective) {
	for _, objectives := range [...][]slo.Objective{p.Objectives, p.Pledge.Objectives} {
		for _, o := range objectives {
			if o.Kind == slo.Latency {
				all = append(all, o)
			}
		}
	}
	return all
}

// loadDays reads the sums of days.
func (x *paces) loadDays(ctx context.Context, q querier) error {
	days := max(0, x.lastDay-x.firstDay)
	_, err := eachRow(ctx, q, "SELECT day, packed FROM slowdays WHERE day >= ? AND day < ?", []any{x.firstDay, x.lastDay}, func(rows *sql.Rows) error {
		var d int64
		var packed sql.RawBytes
		if err := rows.Scan(&d, &packed); err != nil {
			return err
		}
		return eachSlowDay(packed, func(k slowKey, sum slowDay) {
			of := x.sums[k]
			if of == nil {
				of = slices.Repeat([]slowDay{noSlowDay}, int(days))
				x.sums[k] = of
			}
			of[d-x.firstDay] = sum
		})
	})
	return err
}

// lacking are the days on which a promise looks at a threshold and that have no sum of it, and
// those on which another one begins to be looked at.
func (x *paces) lacking(l *ledgers) (all, cut []window) {
	lacks := make([]bool, max(0, x.lastDay-x.firstDay))
	cuts := map[int64]bool{}
	for place := range x.r.known {
		p := &x.r.known[place]
		account := &x.r.memory.State(p.ID).Account
		if !p.RetiredAt.IsZero() || account.Grid.Step == 0 {
			continue
		}
		begin := slo.Latest(l.begin(place, account), l.since)
		from, to := max(dayOf(begin.UnixMilli()), x.firstDay), min(dayOf(account.Grid.Last.UnixMilli()), x.lastDay-1)
		for _, o := range p.paced() {
			for _, s := range arrange(slices.Clone(x.spells[place]), o.Threshold) {
				first, last := dayOf(s.after.UnixMilli()+1), dayOf(s.until.UnixMilli())
				if after, _ := dayWindow(first); s.after.After(after) && !s.after.Before(begin) {
					cuts[first] = true
				}
				if _, until := dayWindow(last); s.until.Before(until) && last < x.lastDay {
					cuts[last] = true
				}
				sums := x.sums[slowKey{p.ID, s.threshold.Milliseconds()}]
				for d := max(first, from); d <= min(last, to); d++ {
					i := d - x.firstDay
					lacks[i] = lacks[i] || cuts[d] || sums == nil || sums[i] == noSlowDay
				}
			}
		}
	}
	for i, is := range lacks {
		if is {
			after, until := dayWindow(x.firstDay + int64(i))
			all = append(all, window{after, until})
		}
	}
	for d := range cuts {
		after, until := dayWindow(d)
		cut = append(cut, window{after, until})
	}
	return all, cut
}

// more reads the slow stretches of windows, as far as they were not read before. One that
// reaches into several is kept once.
func (x *paces) more(ctx context.Context, q querier, windows []window) error {
	for _, w := range merged(windows) {
		for _, piece := range w.without(x.windows) {
			before := x.windows
			err := eachSlow(ctx, q, piece, func(id probe.ID, s incident.Slow) {
				if _, known := x.r.places.of(id); !known || slices.ContainsFunc(before, func(b window) bool { return s.Slots.Last.After(b.after) && !s.Slots.First.After(b.until) }) {
					return
				}
				k := slowKey{id, s.Threshold.Milliseconds()}
				x.rows[k] = append(x.rows[k], s)
			})
			if err != nil {
				return err
			}
			x.windows = merged(append(slices.Clone(x.windows), piece))
		}
	}
	return nil
}

// latency is how the probe at a place kept to a threshold.
func (x *paces) latency(place int, ledger *Ledger, threshold time.Duration) *Latency {
	p := &x.r.known[place]
	l := &Latency{ledger: ledger, spells: arrange(slices.Clone(x.spells[place]), threshold)}
	lags := x.r.memory.State(p.ID).Lags
	for i := range l.spells {
		s := &l.spells[i]
		k := slowKey{p.ID, s.threshold.Milliseconds()}
		s.slow, s.firstDay, s.days = x.rows[k], x.firstDay, x.sums[k]
		for j := range lags {
			if lag := &lags[j]; lag.Run.Threshold == s.threshold && lag.Run.Slots.Step > 0 {
				s.slow = append(slices.Clip(s.slow), lag.Run)
			}
		}
	}
	return l
}

// latencies are how the probe at a place keeps to the thresholds of its objectives.
func (x *paces) latencies(place int, ledger *Ledger) []*Latency {
	p := &x.r.known[place]
	if p.Policy.Thresholds == (incident.Thresholds{}) {
		return nil
	}
	all := make([]*Latency, len(p.Objectives))
	for i, o := range p.Objectives {
		if o.Kind == slo.Latency {
			all[i] = x.latency(place, ledger, o.Threshold)
		}
	}
	return all
}
