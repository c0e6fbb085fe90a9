package store

import (
	"context"
	"database/sql"
	"errors"
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
	kept   keptTo    // those thresholds

	windows  []window // that stretches are known of
	read     []slowRow
	rows     [][]incident.Slow // the same once all are read, by the numbers of kept
	firstDay int64
	lastDay  int64     // not one of them
	sums     []slowDay // number by number; nil: there is none

	rooms latencyRooms
}

func newPaces(r *Reader) *paces { return &paces{r: r} }

// keptTo gives numbers to the thresholds that were looked for, probe by probe and in their order.
type keptTo struct {
	ends       []int // by place: where its thresholds end
	thresholds []time.Duration
}

func keptToOf(spells [][]paced) (k keptTo) {
	k.ends, k.thresholds = make([]int, len(spells)), make([]time.Duration, 0, len(spells))
	for place := range spells {
		first := len(k.thresholds)
		for i := range spells[place] {
			if t := spells[place][i].threshold; !slices.Contains(k.thresholds[first:], t) {
				k.thresholds = append(k.thresholds, t)
			}
		}
		slices.Sort(k.thresholds[first:])
		k.ends[place] = len(k.thresholds)
	}
	return k
}

// of is the number of a threshold of the probe at a place; false if it was not looked for.
func (k *keptTo) of(place int, threshold time.Duration) (n int, ok bool) {
	if place > 0 {
		n = k.ends[place-1]
	}
	for ; n < k.ends[place]; n++ {
		if k.thresholds[n] == threshold {
			return n, true
		}
	}
	return 0, false
}

// days are the sums of days of a number; nil if there is none.
func (x *paces) days(number int) []slowDay {
	if x.sums == nil {
		return nil
	}
	n := int(x.lastDay - x.firstDay)
	return x.sums[number*n : (number+1)*n]
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
	var one room[paced] // as most have
	for place := range x.spells {
		lags := x.r.stateAt(place).Lags
		if len(lags) == 1 && x.spells[place] == nil {
			x.spells[place] = one.take(1, len(x.spells)-place)
			x.spells[place][0] = lagging(&lags[0])
			continue
		}
		for i := range lags {
			x.spells[place] = append(x.spells[place], lagging(&lags[i]))
		}
	}
	x.kept = keptToOf(x.spells)
	return nil
}

// arranged lays the times of the probe at a place beside one another, see arrange. Most have
// only one, which all have in common who ask for it.
func (x *paces) arranged(place int, threshold time.Duration) []paced {
	if spells := x.spells[place]; len(spells) != 1 {
		return arrange(slices.Clone(spells), threshold)
	}
	return x.spells[place]
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
	var seen []slo.Window
	for i := range x.r.known {
		if i > 0 && x.r.known[i].promisedAs(&x.r.known[i-1]) {
			continue
		}
		for o := range x.r.known[i].paced {
			if !slices.Contains(seen, o.Window) {
				seen = append(seen, o.Window)
				starts = append(starts, o.Window.Span(now).After)
			}
		}
	}
	return starts
}

// paced are the promises about latency that a probe has a part in.
func (p *Probe) paced(yield func(o *slo.Objective) bool) {
	for _, objectives := range [...][]slo.Objective{p.Objectives, p.Pledge.Objectives} {
		for i := range objectives {
			if o := &objectives[i]; o.Kind == slo.Latency && !yield(o) {
				return
			}
		}
	}
}

// loadDays reads the sums of days.
func (x *paces) loadDays(ctx context.Context, q querier) error {
	days := make([]slowReader, max(0, x.lastDay-x.firstDay))
	n, err := eachRow(ctx, q, "SELECT day, packed FROM slowdays WHERE day >= ? AND day < ?", []any{x.firstDay, x.lastDay}, func(rows *sql.Rows) error {
		var d int64
		var packed []byte
		if err := rows.Scan(&d, &packed); err != nil {
			return err
		}
		return unlessDamaged(days[d-x.firstDay].open(packed))
	})
	if err != nil || n == 0 {
		return err
	}
	x.sums = make([]slowDay, len(days)*len(x.kept.thresholds))
	half := len(days) / 2
	return both(func() error { return x.unpackDays(days, 0, half) }, func() error { return x.unpackDays(days, half, len(days)) })
}

// unpackDays unpacks days in [from, to) side by side, probe by probe, as sums of time are.
func (x *paces) unpackDays(days []slowReader, from, to int) (err error) {
	n := 0
	for place := range x.r.known {
		key := slowKey{probe: x.r.known[place].ID}
		for ; n < x.kept.ends[place]; n++ {
			key.threshold = x.kept.thresholds[n].Milliseconds()
			sums := x.days(n)
			for d := from; d < to; d++ {
				sums[d] = days[d].of(key)
			}
		}
	}
	for d := from; d < to; d++ {
		err = errors.Join(err, days[d].u.err)
	}
	return err
}

// lacking are the days on which a promise looks at a threshold and that have no sum of it, and
// those on which another one begins to be looked at.
func (x *paces) lacking(l *ledgers) (all, cut []window) {
	lacks := make([]bool, max(0, x.lastDay-x.firstDay))
	cuts := map[int64]bool{}
	for place := range x.r.known {
		p := &x.r.known[place]
		account := &x.r.stateAt(place).Account
		if !p.RetiredAt.IsZero() || account.Grid.Step == 0 {
			continue
		}
		begin := slo.Latest(l.begin(place, account), l.since)
		from, to := max(dayOf(begin.UnixMilli()), x.firstDay), min(dayOf(account.Grid.Last.UnixMilli()), x.lastDay-1)
		for o := range p.paced {
			for _, s := range x.arranged(place, o.Threshold) {
				first, last := dayOf(s.after.UnixMilli()+1), dayOf(s.until.UnixMilli())
				if after, _ := dayWindow(first); s.after.After(after) && !s.after.Before(begin) {
					cuts[first] = true
				}
				if _, until := dayWindow(last); s.until.Before(until) && last < x.lastDay {
					cuts[last] = true
				}
				n, _ := x.kept.of(place, s.threshold)
				sums := x.days(n)
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
			err := eachSlow(ctx, q, piece, func(row *slowRow) {
				place, known := x.r.places.of(row.probe)
				if !known || slices.ContainsFunc(before, row.reaches) {
					return
				}
				if n, ok := x.kept.of(place, time.Duration(row.threshold)*time.Millisecond); ok {
					row.number = int32(n)
					x.read, x.rows = append(x.read, *row), nil
				}
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
	x.spreadRows()
	return x.latencyIn(&x.rooms, place, ledger, threshold)
}

func (x *paces) spreadRows() {
	if x.rows == nil {
		x.rows = spread(len(x.kept.thresholds), len(x.read), func(i int) int { return int(x.read[i].number) }, func(i int) incident.Slow { return x.read[i].slow() })
	}
}

// latencyRooms are where latencies are made.
type latencyRooms struct {
	latencies room[Latency]
	lists     room[*Latency]
}

func (x *paces) latencyIn(rooms *latencyRooms, place int, ledger *Ledger, threshold time.Duration) *Latency {
	l := &rooms.latencies.take(1, roomFor)[0]
	l.ledger, l.spells = ledger, x.arranged(place, threshold)
	lags := x.r.stateAt(place).Lags
	for i := range l.spells {
		s := &l.spells[i]
		n, _ := x.kept.of(place, s.threshold)
		s.slow, s.firstDay, s.days = x.rows[n], x.firstDay, x.days(n)
		for j := range lags {
			if lag := &lags[j]; lag.Run.Threshold == s.threshold && lag.Run.Slots.Step > 0 {
				s.slow = append(slices.Clip(s.slow), lag.Run)
			}
		}
	}
	return l
}

// fill says of probes how they keep to the thresholds of their objectives. Their ledgers stay
// where they are. Without paces, there is nothing to say.
func (x *paces) fill(watched []Watched) {
	if x == nil {
		return
	}
	x.spreadRows()
	half := len(watched) / 2
	_ = both(func() error { return x.fillSome(watched[:half]) }, func() error { return x.fillSome(watched[half:]) })
}

func (x *paces) fillSome(watched []Watched) error {
	var rooms latencyRooms
	for i := range watched {
		w := &watched[i]
		if w.Policy.Thresholds == (incident.Thresholds{}) {
			continue
		}
		place, _ := x.r.places.of(w.ID)
		ledger := w.Ledger.Promised(w.Policy)
		w.Latencies = rooms.lists.take(len(w.Objectives), roomFor)
		for j := range w.Objectives {
			if o := &w.Objectives[j]; o.Kind == slo.Latency {
				w.Latencies[j] = x.latencyIn(&rooms, place, ledger, o.Threshold)
			}
		}
	}
	return nil
}
