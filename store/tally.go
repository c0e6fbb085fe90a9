package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"sonde/probe"
	"sonde/slo"
)

// dayTally is the time of a probe on one day, by what it meant, in milliseconds. The
// longest step between slots, 30 days, fits.
type dayTally struct{ good, bad, excluded, unknown uint32 }

func (t dayTally) tally() slo.Tally {
	ms := func(n uint32) time.Duration { return time.Duration(n) * time.Millisecond }
	return slo.Tally{Good: ms(t.good), Bad: ms(t.bad), Excluded: ms(t.excluded), Unknown: ms(t.unknown)}
}

func dayTallyOf(t slo.Tally) dayTally {
	ms := func(d time.Duration) uint32 { return uint32(d.Milliseconds()) }
	return dayTally{ms(t.Good), ms(t.Bad), ms(t.Excluded), ms(t.Unknown)}
}

// dayWindow is the window of a day's slots, as [slo.Stretch.Within] takes it: slots are
// whole milliseconds, and the one at midnight belongs to the day that begins.
func dayWindow(d int64) (after, until time.Time) {
	from := d * day.Milliseconds()
	return instant(from - 1), instant(from + day.Milliseconds() - 1)
}

// tallyDays sums up the time of every probe on the days that are over. A probe is left
// out of a day as long as one of its slots may still be accounted for; then the day is
// made from its ledger, as before.
func (c *compactor) tallyDays(ctx context.Context, now time.Time) error {
	have, err := tallied(ctx, c.r.db)
	if err != nil || have[dayOf(now.UnixMilli())-1] {
		return err // days are summed up in their order
	}
	var packed map[int64][]byte
	err = c.look(ctx, func(tx *sql.Tx) (err error) {
		packed, err = c.missingTallies(ctx, tx, have, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("sum up the time of days: %w", err)
	}
	for _, d := range slices.Sorted(maps.Keys(packed)) {
		err := c.change(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO tallies(day, location, packed) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", d, c.s.location, packed[d])
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// waitForTally is how long a day waits for probes whose slots are not accounted for.
const waitForTally = day

// tallyDaysAtOnce bounds the days of one pass: after an upgrade there may be many.
const tallyDaysAtOnce = 40

func (c *compactor) missingTallies(ctx context.Context, tx *sql.Tx, have map[int64]bool, now time.Time) (map[int64][]byte, error) {
	yesterday := dayOf(now.UnixMilli()) - 1
	if err := c.r.follow(ctx, tx, meanwhile{}); err != nil {
		return nil, err
	}
	first, err := c.firstDay(ctx, tx)
	if err != nil || first == 0 {
		return nil, err
	}
	packed := map[int64][]byte{}
	for d := first; d <= yesterday && len(packed) < tallyDaysAtOnce; d++ {
		if have[d] {
			continue
		}
		if packed[d], err = c.tallyDay(ctx, tx, d, now); err != nil {
			return nil, err
		}
		if packed[d] == nil {
			delete(packed, d)
			break
		}
	}
	return packed, nil
}

// tallied are the days that have been summed up.
func tallied(ctx context.Context, q querier) (map[int64]bool, error) {
	have := map[int64]bool{}
	_, err := eachRow(ctx, q, "SELECT day FROM tallies", nil, func(rows *sql.Rows) error {
		var d int64
		err := rows.Scan(&d)
		have[d] = true
		return err
	})
	return have, err
}

// firstDay is the day of the first slot of any configured probe; 0 if there is none.
func (c *compactor) firstDay(ctx context.Context, tx *sql.Tx) (int64, error) {
	var first sql.NullInt64
	if err := tx.QueryRowContext(ctx, "SELECT min(first) FROM grids").Scan(&first); err != nil {
		return 0, err
	}
	earliest := int64(1) << 62
	if first.Valid {
		earliest = first.Int64
	}
	for i := range c.r.known {
		if grid := c.r.memory.State(c.r.known[i].ID).Account.Grid; grid.Step > 0 {
			earliest = min(earliest, grid.First.UnixMilli())
		}
	}
	kept, err := keptSince(ctx, tx)
	if err != nil || earliest == 1<<62 {
		return 0, err
	}
	return max(dayOf(earliest), dayOf(kept.UnixMilli())), nil
}

// tallyDay packs the time of all probes on a day; nil if it should wait.
func (c *compactor) tallyDay(ctx context.Context, tx *sql.Tx, d int64, now time.Time) ([]byte, error) {
	after, until := dayWindow(d)
	ledgers := newLedgers(c.r.known, c.r.places)
	if err := errors.Join(ledgers.load(ctx, tx, window{after, until}), ledgers.loadGrids(ctx, tx, after)); err != nil {
		return nil, err
	}
	tallies := map[probe.ID]dayTally{}
	complete := true
	for i := range c.r.known {
		p := &c.r.known[i]
		if !p.RetiredAt.IsZero() {
			continue
		}
		account := &c.r.memory.State(p.ID).Account
		if grid := account.Grid; grid.Step == 0 || !grid.Last.Add(grid.Step).After(until) {
			complete = complete && grid.Step == 0
			continue
		}
		l := ledgers.of(i, account)
		tallies[p.ID] = dayTallyOf(l.count(after, until))
	}
	if !complete && now.Sub(until) < waitForTally {
		return nil, nil
	}
	return packTallies(tallies), nil
}

// How a tally is packed: by which of its parts differ from the one before, or as one of the two that
// were read last.
const (
	tallySame  = 0
	tallyBack  = 1 << 4 // as those before the ones that are like the one before
	tallyOther = 1<<4 - 1
)

// packTallies packs a day's tallies. Most are like the one before, or as most were before that one.
func packTallies(tallies map[probe.ID]dayTally) []byte {
	p := packer{}
	p.byte(chunkPacking)
	p.count(len(tallies))
	var id probe.ID
	var latest, before dayTally
	for _, next := range slices.Sorted(maps.Keys(tallies)) {
		t := tallies[next]
		p.int(int64(next - id))
		id = next
		switch t {
		case latest:
			p.byte(tallySame)
		case before:
			p.byte(tallyBack)
			latest, before = before, latest
		default:
			p.tally(&t, &latest)
			latest, before = t, latest
		}
	}
	return p.summed()
}

// tally packs by what a tally differs from another.
func (p *packer) tally(t, other *dayTally) {
	var differs byte
	parts := t.parts()
	for i, was := range other.parts() {
		if *was != *parts[i] {
			differs |= 1 << i
		}
	}
	p.byte(differs)
	for i, n := range parts {
		if differs&(1<<i) != 0 {
			p.uint(uint64(*n))
		}
	}
}

func (t *dayTally) parts() [4]*uint32 { return [4]*uint32{&t.good, &t.bad, &t.excluded, &t.unknown} }

// dayReader reads the sums of a day one by one. Its zero value has none.
type dayReader struct {
	u    unpacker
	left int
}

func (r *dayReader) open(packed []byte) error {
	body, ok := unsummed(packed)
	if !ok || body[0] != chunkPacking {
		return errPacked
	}
	r.u.buf, r.u.at = body, 1
	r.left = r.u.count(true)
	return r.u.err
}

// tallyReader reads a day's tallies.
type tallyReader struct {
	dayReader
	id     probe.ID // of the tally that is read; of none at first
	tally  dayTally
	before dayTally // another that was read before it
}

// next reads the next tally, if there is one.
func (r *tallyReader) next() bool {
	if r.left == 0 || r.u.err != nil {
		return false
	}
	r.left--
	r.id += probe.ID(r.u.int())
	switch differs := r.u.byte(); differs {
	case tallySame:
	case tallyBack:
		r.tally, r.before = r.before, r.tally
	default:
		r.before = r.tally
		for i, part := range r.tally.parts() {
			if differs&(1<<i) != 0 {
				*part = uint32(r.u.uint())
			}
		}
	}
	return r.u.err == nil
}

// search is the tally of a probe, whose id is higher than that of the one before; noTally if
// there is none.
func (r *tallyReader) search(id probe.ID) dayTally {
	for r.id < id {
		if !r.next() {
			return noTally
		}
	}
	if r.id != id {
		return noTally
	}
	return r.tally
}
