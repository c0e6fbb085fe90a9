package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// slowDay is how much of a day answers were right but took longer than a threshold, in
// milliseconds: of good slots, and of those that were bad for nothing but that.
type slowDay struct{ good, failed uint32 }

// noSlowDay stands for a day of which there is no sum.
var noSlowDay = slowDay{math.MaxUint32, math.MaxUint32}

// slowKey is whose sum it is.
type slowKey struct {
	probe     probe.ID
	threshold int64 // milliseconds
}

func (k slowKey) compare(o slowKey) int {
	return cmp.Or(cmp.Compare(k.probe, o.probe), cmp.Compare(k.threshold, o.threshold))
}

// packSlowDays packs sums of a day, which are sorted.
func packSlowDays(keys []slowKey, of map[slowKey]slowDay) []byte {
	p := packer{}
	p.byte(chunkPacking)
	p.count(len(keys))
	var before slowKey
	for _, k := range keys {
		p.int(int64(k.probe - before.probe))
		p.int(k.threshold - before.threshold)
		p.uint(uint64(of[k].good))
		p.uint(uint64(of[k].failed))
		before = k
	}
	return p.summed()
}

// slowReader reads how much of a day was slow.
type slowReader struct {
	dayReader
	key  slowKey // whose sum is read
	sum  slowDay
	none int // of how many behind it, of the next ids and the same threshold, nothing was slow
}

// twoOfNone are two sums of nothing as they are packed, of the next ids and the same threshold.
const twoOfNone = 0x00000002_00000002

// next reads the next sum, if there is one.
func (r *slowReader) next() bool {
	if r.left == 0 || r.u.err != nil {
		return false
	}
	if r.none == 0 {
		r.none = min(2*r.u.repeats(twoOfNone), r.left)
	}
	r.left--
	if r.none > 0 {
		r.none--
		r.key.probe++
		r.sum = slowDay{}
		return true
	}
	r.key.probe += probe.ID(r.u.int())
	r.key.threshold += r.u.int()
	r.sum = slowDay{r.u.uint32(), r.u.uint32()}
	return r.u.err == nil
}

// of is the sum of a key that is higher than the one before; noSlowDay if there is none.
func (r *slowReader) of(key slowKey) slowDay {
	if r.none > 0 && r.key.probe+1 == key.probe && r.key.threshold == key.threshold { // nearly always
		r.none--
		r.left--
		r.key.probe, r.sum = key.probe, slowDay{}
		return r.sum
	}
	return r.search(key)
}

func (r *slowReader) search(key slowKey) slowDay {
	for r.key.compare(key) < 0 {
		if !r.next() {
			return noSlowDay
		}
	}
	if r.key != key {
		return noSlowDay
	}
	return r.sum
}

// eachSlowDay reads sums of a day.
func eachSlowDay(packed []byte, f func(k slowKey, d slowDay)) error {
	var r slowReader
	if err := r.open(packed); err != nil {
		return err
	}
	for r.next() {
		f(r.key, r.sum)
	}
	return r.u.err
}

// Queries of slow stretches that overlap a window, as those of the ledger. What is small of a row
// is one number, of which a threshold takes 20 bits (maxThreshold): each column of each row costs.
const (
	slowColumns = "probe, first, last, (step << 21) | (threshold << 1) | (failed <> 0)"
	slowWithin  = "SELECT " + slowColumns + " FROM slow WHERE last > ? AND last <= ? AND first <= ?"
	slowBeyond  = "SELECT " + slowColumns + " FROM slow INDEXED BY slow_long WHERE last - first >= 86400000 AND last > ? AND first <= ?"
)

// slowRow is a stretch as it is read, in milliseconds. They are many, so that it has no pointers.
type slowRow struct {
	probe       probe.ID
	first, last int64
	step        int64
	threshold   int32
	number      int32 // for those who count
	failed      bool
}

func (r *slowRow) slow() incident.Slow {
	return incident.Slow{Threshold: time.Duration(r.threshold) * time.Millisecond, Slots: stretch(r.first, r.last, r.step), Failed: r.failed}
}

// reaches reports whether the stretch reaches into a window.
func (r *slowRow) reaches(w window) bool {
	return r.last > w.after.UnixMilli() && r.first <= w.until.UnixMilli()
}

// eachSlow reads the slow stretches of all probes that reach into a window. What f is given is
// its own only until it returns.
func eachSlow(ctx context.Context, q querier, w window, f func(row *slowRow)) error {
	r := newIntegerRow(4)
	var row slowRow
	read := func(rows *sql.Rows) error {
		n, err := r.read(rows)
		if err != nil {
			return err
		}
		row = slowRow{probe: probe.ID(n[0]), first: n[1], last: n[2], step: n[3] >> 21, threshold: int32(n[3] >> 1 & (1<<20 - 1)), failed: n[3]&1 != 0}
		f(&row)
		return nil
	}
	after, until := w.after.UnixMilli(), w.until.UnixMilli()
	late := until + day.Milliseconds()
	if _, err := eachRow(ctx, q, slowWithin, []any{after, late, until}, read); err != nil {
		return err
	}
	_, err := eachRow(ctx, q, slowBeyond, []any{late, until}, read)
	return err
}

// sumSlow sums up slow answers of the days whose time is summed up, for the thresholds that
// were looked for on all of the day.
func (c *compactor) sumSlow(ctx context.Context, now time.Time) error {
	today := dayOf(now.UnixMilli())
	key, err := c.basisOfSlow(ctx, today)
	if err != nil || key == "" {
		return err
	}
	var packed []packedDay
	err = c.look(ctx, func(tx *sql.Tx) (err error) {
		packed, err = c.missingSlow(ctx, tx, today)
		return err
	})
	if err != nil {
		return fmt.Errorf("sum up slow answers of days: %w", err)
	}
	for _, d := range packed {
		err := c.change(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO slowdays(day, location, packed) VALUES (?, ?, ?)", d.day, c.s.location, d.packed)
			return err
		})
		if err != nil {
			return err
		}
	}
	if len(packed) < tallyDaysAtOnce {
		c.s.summed.Store(&key)
	}
	return nil
}

// basisOfSlow says what sums of slow answers are made of; nothing if there are none to make, or
// none that were not made of the same.
func (c *compactor) basisOfSlow(ctx context.Context, today int64) (key string, err error) {
	if err := c.r.know(ctx, c.r.db); err != nil || !c.r.paces() {
		return "", err
	}
	const what = "SELECT (SELECT coalesce(max(day), 0) FROM tallies) || '/' || count(*) || '/' || coalesce(sum(first), 0) FROM measures"
	if err := c.r.db.QueryRowContext(ctx, what).Scan(&key); err != nil {
		return "", err
	}
	key = fmt.Sprint(key, "/", c.r.revision, "/", today)
	if done := c.s.summed.Load(); done != nil && *done == key {
		return "", nil
	}
	return key, nil
}

// packedDay is something of a day.
type packedDay struct {
	day    int64
	packed []byte
}

// missingSlow makes the sums that are missing, of the latest days first and of some at a time.
func (c *compactor) missingSlow(ctx context.Context, tx *sql.Tx, today int64) (all []packedDay, err error) {
	if err := c.r.follow(ctx, tx, meanwhile{}); err != nil {
		return nil, err
	}
	have, err := tallied(ctx, tx)
	if err != nil {
		return nil, err
	}
	x := newPaces(c.r)
	if err := x.loadSpells(ctx, tx, time.Time{}); err != nil {
		return nil, err
	}
	grids := newLedgers(c.r.known, c.r.places)
	if err := grids.loadGrids(ctx, tx, time.Time{}); err != nil {
		return nil, err
	}
	first, err := c.firstDay(ctx, tx)
	if err != nil || first == 0 {
		return nil, err
	}
	for d := today - 1; d >= first && len(all) < tallyDaysAtOnce; d-- {
		if !have[d] {
			continue
		}
		packed, err := c.slowDay(ctx, tx, x, grids, d)
		if err != nil {
			return nil, err
		}
		if packed != nil {
			all = append(all, packedDay{d, packed})
		}
	}
	return all, nil
}

// slowDay packs the sums of a day that are missing; nil if none is.
func (c *compactor) slowDay(ctx context.Context, tx *sql.Tx, x *paces, grids *ledgers, d int64) ([]byte, error) {
	after, until := dayWindow(d)
	have := map[slowKey]bool{}
	_, err := eachRow(ctx, tx, "SELECT packed FROM slowdays WHERE day = ?", []any{d}, func(rows *sql.Rows) error {
		var packed sql.RawBytes
		if err := rows.Scan(&packed); err != nil {
			return err
		}
		return unlessDamaged(eachSlowDay(packed, func(k slowKey, _ slowDay) { have[k] = true }))
	})
	if err != nil {
		return nil, err
	}
	sums := map[slowKey]slowDay{}
	var keys []slowKey
	for place := range c.r.known {
		p := &c.r.known[place]
		account := &c.r.memory.State(p.ID).Account
		from, to := grids.daysWithSlots(place, account)
		if !p.RetiredAt.IsZero() || d < from || d > to || !account.Grid.Last.Add(account.Grid.Step).After(until) {
			continue
		}
		begin := grids.begin(place, account).Add(-time.Millisecond)
		for _, s := range x.whole(place, slo.Latest(after, begin), until) {
			if k := (slowKey{p.ID, s.Milliseconds()}); !have[k] {
				sums[k] = slowDay{}
				keys = append(keys, k)
			}
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	add := func(id probe.ID, s incident.Slow) {
		k := slowKey{id, s.Threshold.Milliseconds()}
		sum, wanted := sums[k]
		if !wanted {
			return
		}
		w := uint32(s.Slots.Within(after, until).Milliseconds())
		if s.Failed {
			sum.failed += w
		} else {
			sum.good += w
		}
		sums[k] = sum
	}
	if err := eachSlow(ctx, tx, window{after, until}, func(row *slowRow) { add(row.probe, row.slow()) }); err != nil {
		return nil, err
	}
	for place := range c.r.known {
		for i := range c.r.memory.State(c.r.known[place].ID).Lags {
			add(c.r.known[place].ID, c.r.memory.State(c.r.known[place].ID).Lags[i].Run)
		}
	}
	slices.SortFunc(keys, slowKey.compare)
	return packSlowDays(keys, sums), nil
}
