package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"hash/fnv"
	"slices"
	"time"

	"sonde/slo"
)

// worstKey is a number for some probes that are as the worst of them is, for when their promises
// begin to count, and for the threshold of latency that they are held against; 0 for none.
type worstKey uint64

func (r *Reader) worstKeyOf(members []*Probe, threshold time.Duration) worstKey {
	h := fnv.New64a()
	_ = binary.Write(h, binary.LittleEndian, threshold.Milliseconds())
	for _, p := range members {
		_ = binary.Write(h, binary.LittleEndian, int64(p.ID))
		if start := r.memory.State(p.ID).Account.Start; p.Policy.StartOnSuccess && start != 0 {
			_ = binary.Write(h, binary.LittleEndian, start)
		}
	}
	return worstKey(h.Sum64())
}

// longestTail is the step between slots up to which days are summed up: a slot reaches so far
// into the next day.
const longestTail = time.Hour

// worst is a group of probes that is as the worst of them is.
type worst struct {
	key       worstKey
	members   []*Probe
	threshold time.Duration
	step      time.Duration // the longest between slots
	windows   []slo.Window
}

// heldToWorst reports whether the group of a configured probe is as the worst of its members is, and
// anything is promised about that.
func (p *Probe) heldToWorst() bool {
	return p.RetiredAt.IsZero() && p.Pledge.Combine == slo.Worst && len(p.Pledge.Objectives) > 0
}

// worsts are all such groups of the configuration.
func (r *Reader) worsts(l *ledgers) (all []*worst) {
	members := map[string][]*Probe{}
	var first []*Probe
	for i := range r.known {
		p := &r.known[i]
		if !p.heldToWorst() {
			continue
		}
		if members[p.Subject.Group] == nil {
			first = append(first, p)
		}
		members[p.Subject.Group] = append(members[p.Subject.Group], p)
	}
	for _, p := range first {
		of := map[time.Duration]*worst{}
		for _, o := range p.Pledge.Objectives {
			w := of[o.Threshold]
			if w == nil {
				w = &worst{members: members[p.Subject.Group], threshold: o.Threshold}
				w.key, w.step = r.worstKeyOf(w.members, o.Threshold), r.longestStep(l, w.members)
				of[o.Threshold], all = w, append(all, w)
			}
			w.windows = append(w.windows, o.Window)
		}
	}
	return all
}

func (r *Reader) longestStep(l *ledgers, members []*Probe) (step time.Duration) {
	for _, p := range members {
		place, _ := r.places.of(p.ID)
		step = max(step, r.memory.State(p.ID).Account.Grid.Step)
		for _, grid := range l.grids[place] {
			step = max(step, grid.Step)
		}
	}
	return step
}

// worstDays are sums of days of such groups.
type worstDays struct {
	of       map[worstKey]*worst
	firstDay int64
	sums     map[worstKey][]dayTally
}

// give gives a group the sums of its days.
func (w *worstDays) give(r *Reader, members []*Probe, threshold time.Duration, t *Together) {
	if w == nil || t.Combine != slo.Worst {
		return
	}
	key := r.worstKeyOf(members, threshold)
	if of := w.of[key]; of != nil && of.step <= longestTail {
		t.step, t.firstDay, t.days = of.step, w.firstDay, w.sums[key]
	}
}

// readWorst reads the sums of days of groups that are as their worst member is, and has read into
// ledgers and paces what it takes beside them: the edges of windows, days without a sum, and what
// lies around maintenance.
func (r *Reader) readWorst(ctx context.Context, tx *sql.Tx, l *ledgers, x *paces, now time.Time) (*worstDays, error) {
	all := r.worsts(l)
	if len(all) == 0 {
		return nil, nil
	}
	d := &worstDays{of: map[worstKey]*worst{}, sums: map[worstKey][]dayTally{}}
	start := now.Add(-3 * day)
	for _, w := range all {
		d.of[w.key] = w
		for _, o := range w.windows {
			start = slo.Earliest(start, o.Span(now).After)
		}
	}
	d.firstDay = dayOf(start.UnixMilli())
	today := dayOf(now.UnixMilli())
	err := eachWorstDay(ctx, tx, d.firstDay, today, func(day int64, key worstKey, t dayTally) {
		if d.of[key] == nil {
			return
		}
		if d.sums[key] == nil {
			d.sums[key] = slices.Repeat([]dayTally{noTally}, int(today-d.firstDay))
		}
		d.sums[key][day-d.firstDay] = t
	})
	if err != nil {
		return nil, err
	}
	var needed []window
	for _, w := range all {
		needed = append(needed, d.needed(w, l, r, now)...)
	}
	if err := l.more(ctx, tx, needed); err != nil || x == nil {
		return d, err
	}
	return d, x.more(ctx, tx, needed)
}

// needed are the windows of which slots are to be known for a group.
func (d *worstDays) needed(w *worst, l *ledgers, r *Reader, now time.Time) (all []window) {
	begin := now
	for _, p := range w.members {
		place, _ := r.places.of(p.ID)
		if account := &r.memory.State(p.ID).Account; account.Grid.Step > 0 {
			begin = slo.Earliest(begin, slo.Latest(l.begin(place, account), l.since))
		}
	}
	longest := now.Add(-3 * day)
	spans := []time.Time{now.Add(-time.Hour), now.Add(-6 * time.Hour), longest}
	for _, o := range w.windows {
		spans = append(spans, o.Span(now).After)
		longest = slo.Earliest(longest, spans[len(spans)-1])
	}
	if w.step > longestTail {
		return []window{{slo.Latest(longest, begin.Add(-time.Millisecond)), forever}}
	}
	reach := w.step + time.Millisecond
	around := func(day int64) window {
		from, to := dayBounds(day)
		return window{from.Add(-reach), to}
	}
	today := dayOf(now.UnixMilli())
	all = append(all, window{around(today).after, forever})
	for _, s := range spans {
		_, to := dayBounds(dayOf(s.UnixMilli()))
		if s.After(to.Add(-w.step)) {
			to = to.Add(day) // of the next one, a slot before the window would be a part
		}
		all = append(all, window{s, to})
	}
	sums := d.sums[w.key]
	for day := max(d.firstDay, dayOf(begin.UnixMilli())); day < today; day++ {
		if sums == nil || sums[day-d.firstDay] == noTally {
			all = append(all, around(day))
		}
	}
	for _, rest := range l.calendar.AllSpells(longest, now.Add(time.Millisecond)) {
		all = append(all, window{rest.From.Add(-reach), rest.Until.Add(reach)})
	}
	return all
}

// dayBounds are the first moment of a day, and that of the next.
func dayBounds(d int64) (from, to time.Time) {
	ms := d * day.Milliseconds()
	return instant(ms), instant(ms + day.Milliseconds())
}

func eachWorstDay(ctx context.Context, q querier, first, last int64, f func(day int64, key worstKey, t dayTally)) error {
	_, err := eachRow(ctx, q, "SELECT day, packed FROM worstdays WHERE day >= ? AND day < ?", []any{first, last}, func(rows *sql.Rows) error {
		var d int64
		var packed sql.RawBytes
		if err := rows.Scan(&d, &packed); err != nil {
			return err
		}
		return unlessDamaged(readWorstDays(packed, func(key worstKey, t dayTally) { f(d, key, t) }))
	})
	return err
}

func packWorstDays(keys []worstKey, sums []dayTally) []byte {
	p := packer{}
	p.byte(chunkPacking)
	p.count(len(keys))
	for i, key := range keys {
		p.uint(uint64(key))
		for _, part := range sums[i].parts() {
			p.uint(uint64(*part))
		}
	}
	return p.summed()
}

func readWorstDays(packed []byte, f func(key worstKey, t dayTally)) error {
	body, ok := unsummed(packed)
	if !ok || body[0] != chunkPacking {
		return errPacked
	}
	u := unpacker{buf: body[1:]}
	for n := u.count(true); n > 0 && u.err == nil; n-- {
		key := worstKey(u.uint())
		var t dayTally
		for _, part := range t.parts() {
			*part = u.uint32()
		}
		if u.err == nil {
			f(key, t)
		}
	}
	return u.err
}

// sumWorst sums up the days of groups that are as their worst member is.
func (c *compactor) sumWorst(ctx context.Context, now time.Time) error {
	if err := c.r.know(ctx, c.r.db); err != nil || !slices.ContainsFunc(c.r.known, func(p Probe) bool { return p.heldToWorst() }) {
		return err
	}
	var packed []packedDay
	err := c.look(ctx, func(tx *sql.Tx) (err error) {
		packed, err = c.missingWorst(ctx, tx, now)
		return err
	})
	if err != nil {
		return err
	}
	for _, d := range packed {
		err := c.change(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO worstdays(day, location, packed) VALUES (?, ?, ?)", d.day, c.s.location, d.packed)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// missingWorst makes the sums that are missing, of the latest days first and of some at a time.
func (c *compactor) missingWorst(ctx context.Context, tx *sql.Tx, now time.Time) (all []packedDay, err error) {
	if err := c.r.follow(ctx, tx, meanwhile{}); err != nil {
		return nil, err
	}
	have, err := tallied(ctx, tx)
	if err != nil {
		return nil, err
	}
	grids := newLedgers(c.r.known, c.r.places)
	if err := grids.loadGrids(ctx, tx, time.Time{}); err != nil {
		return nil, err
	}
	groups := c.r.worsts(grids)
	first, err := c.firstDay(ctx, tx)
	today := dayOf(now.UnixMilli())
	if err != nil || first == 0 {
		return nil, err
	}
	summed := map[int64]map[worstKey]bool{}
	err = eachWorstDay(ctx, tx, first, today, func(d int64, key worstKey, _ dayTally) {
		if summed[d] == nil {
			summed[d] = map[worstKey]bool{}
		}
		summed[d][key] = true
	})
	for d := today - 1; d >= first && err == nil && len(all) < tallyDaysAtOnce; d-- {
		var missing []*worst
		for _, w := range groups {
			if have[d] && !summed[d][w.key] && w.step <= longestTail && c.over(w, d) {
				missing = append(missing, w)
			}
		}
		if len(missing) == 0 {
			continue
		}
		var packed []byte
		if packed, err = c.worstDay(ctx, tx, missing, d); packed != nil {
			all = append(all, packedDay{d, packed})
		}
	}
	return all, err
}

// over reports whether no slot of a group on a day is still to be accounted for.
func (c *compactor) over(w *worst, d int64) bool {
	_, until := dayWindow(d)
	return !slices.ContainsFunc(w.members, func(p *Probe) bool {
		grid := c.r.memory.State(p.ID).Account.Grid
		return grid.Step > 0 && !grid.First.After(until) && !grid.Last.Add(grid.Step).After(until)
	})
}

// worstDay packs sums of a day; nil if there are none.
func (c *compactor) worstDay(ctx context.Context, tx *sql.Tx, groups []*worst, d int64) ([]byte, error) {
	from, to := dayBounds(d)
	around := window{from.Add(-longestTail - time.Millisecond), to.Add(-time.Millisecond)}
	l := newLedgers(c.r.known, c.r.places)
	if err := l.load(ctx, tx, around); err != nil {
		return nil, err
	}
	if err := l.loadGrids(ctx, tx, around.after); err != nil {
		return nil, err
	}
	var x *paces
	if c.r.paces() {
		x = newPaces(c.r)
		if err := x.loadSpells(ctx, tx, time.Time{}); err != nil {
			return nil, err
		}
		if err := x.more(ctx, tx, []window{around}); err != nil {
			return nil, err
		}
	}
	var keys []worstKey
	var sums []dayTally
	for _, w := range groups {
		t := &Together{Combine: slo.Worst, step: w.step}
		for _, p := range w.members {
			if line := c.timeline(l, x, p, w.threshold, around); line != nil {
				t.Members = append(t.Members, line)
			}
		}
		if len(t.Members) < len(w.members) {
			continue
		}
		keys, sums = append(keys, w.key), append(sums, dayTallyOf(t.exactly(around.after, around.until, from, to, false)))
	}
	if len(keys) == 0 {
		return nil, nil
	}
	return packWorstDays(keys, sums), nil
}

// timeline is the time of a probe over a day; nil if it was not looked for the threshold on all
// of that.
func (c *compactor) timeline(l *ledgers, x *paces, p *Probe, threshold time.Duration, around window) Timeline {
	place, _ := c.r.places.of(p.ID)
	account := &c.r.memory.State(p.ID).Account
	all := l.of(place, account)
	ledger := all.Promised(p.Policy)
	if threshold == 0 {
		return ledger
	}
	begin := l.begin(place, account).Add(-time.Millisecond)
	if x == nil || account.Grid.Step > 0 && begin.Before(around.until) && !slices.Contains(x.whole(place, slo.Latest(around.after, begin), around.until), threshold) {
		return nil
	}
	return x.latency(place, ledger, threshold)
}
