package store

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"sync"

	"sonde/incident"
	"sonde/probe"
)

// Queries of what is behind the chunks.
const (
	tailSegments  = "SELECT seq, at, entries, packed FROM log WHERE seq > ? ORDER BY seq LIMIT 500"
	segmentDated  = "SELECT count(*) FROM log WHERE seq = ? AND at = ? AND entries = ?"
	segmentOfTail = "SELECT packed FROM log WHERE seq = ?"
)

// tailIndex says what the segments behind the chunks may hold, as far as they were read once.
// Who asks for a probe of ten thousand, or for the latest results, then reads few of them: when
// much fails at once, every message asks how its probe was. It takes three quarters of a byte per
// result.
type tailIndex struct {
	mu    sync.Mutex
	after int64 // the segment that it begins behind
	all   []gist
}

// gist is what a segment may hold.
type gist struct {
	seq, at, entries int64
	first, last      int64    // instants of its results
	probes           []uint64 // two bits for each, of which others have some; of those that it has results of, both are set
}

func newGist(seq, at, entries int64) gist {
	const each = 6 // bits per entry: of a dozen probes that it does not have, it seems to have one
	words := max(0, min(entries, 1<<20))*each/64 + 1
	return gist{seq: seq, at: at, entries: entries, first: math.MaxInt64, last: math.MinInt64, probes: make([]uint64, words)}
}

// bits are where a probe has its two bits.
func (g *gist) bits(id probe.ID) (a, b uint64) {
	hash, all := uint64(id)*0x9E3779B97F4A7C15, uint64(len(g.probes)*64)
	return hash >> 32 * all >> 32, hash << 32 >> 32 * all >> 32
}

// note notes a result.
func (g *gist) note(id probe.ID, ms int64) {
	g.first, g.last = min(g.first, ms), max(g.last, ms)
	a, b := g.bits(id)
	g.probes[a/64] |= 1 << (a % 64)
	g.probes[b/64] |= 1 << (b % 64)
}

// may reports whether the segment may hold what is asked for.
func (g *gist) may(x *asked) bool {
	a, b := g.bits(x.id)
	return g.first < x.to && g.last >= x.from && g.probes[a/64]&(1<<(a%64)) != 0 && g.probes[b/64]&(1<<(b%64)) != 0
}

// read reads what is asked for behind a segment of the log.
func (x *tailIndex) read(ctx context.Context, tx *sql.Tx, after int64, a asked, f func(in *incident.Input, segment int64)) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	known, err := x.behind(ctx, tx, after)
	if err != nil {
		return err
	}
	if !known {
		return tail(ctx, tx, after, a, func(gist) {}, f)
	}
	if err := x.look(ctx, tx, a, f); err != nil {
		return err
	}
	if n := len(x.all); n > 0 {
		after = x.all[n-1].seq
	}
	return tail(ctx, tx, after, a, func(c gist) { x.all = append(x.all, c) }, f)
}

// behind forgets what has become chunks, and reports whether the index is about what is seen now:
// others may have read what is newer, and the database may be another one by now.
func (x *tailIndex) behind(ctx context.Context, tx *sql.Tx, after int64) (bool, error) {
	if after < x.after {
		return false, nil
	}
	n, _ := slices.BinarySearchFunc(x.all, after+1, func(c gist, seq int64) int { return int(c.seq - seq) })
	if n > 0 {
		x.all = slices.Clone(x.all[n:])
	}
	if x.after = after; len(x.all) == 0 {
		return true, nil
	}
	last := &x.all[len(x.all)-1]
	var there int
	if err := tx.QueryRowContext(ctx, segmentDated, last.seq, last.at, last.entries).Scan(&there); err != nil {
		return false, err
	}
	if there == 0 {
		x.after, x.all = 0, nil
	}
	return there > 0, nil
}

// look reads what is asked for in the segments that may hold it.
func (x *tailIndex) look(ctx context.Context, tx *sql.Tx, a asked, f func(in *incident.Input, segment int64)) error {
	var one *sql.Stmt
	for i := range x.all {
		c := &x.all[i]
		if !c.may(&a) {
			continue
		}
		if one == nil {
			var err error
			if one, err = tx.PrepareContext(ctx, segmentOfTail); err != nil {
				return err
			}
			defer func() { _ = one.Close() }()
		}
		_, err := eachOf(ctx, one, []any{c.seq}, func(rows *sql.Rows) error {
			var packed sql.RawBytes
			if err := rows.Scan(&packed); err != nil {
				return err
			}
			a.in(packed, nil, func(in *incident.Input) { f(in, c.seq) })
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tail reads what is asked for behind a segment of the log, and notes what each segment holds.
func tail(ctx context.Context, q querier, after int64, a asked, note func(gist), f func(in *incident.Input, segment int64)) error {
	for {
		n, err := eachRow(ctx, q, tailSegments, []any{after}, func(rows *sql.Rows) error {
			var at, entries int64
			var packed sql.RawBytes
			if err := rows.Scan(&after, &at, &entries, &packed); err != nil {
				return err
			}
			c := newGist(after, at, entries)
			a.in(packed, &c, func(in *incident.Input) { f(in, after) })
			note(c)
			return nil
		})
		if n == 0 || err != nil {
			return err
		}
	}
}

// in reads what is asked for in a segment, and notes what it holds. A damaged one has nothing to
// show.
func (a *asked) in(packed []byte, c *gist, f func(in *incident.Input)) {
	_ = eachEntryOf(packed, a.id, c, func(e *Entry) {
		if at := e.Input.At.UnixMilli(); e.Input.Kind == incident.Ran && at >= a.from && at < a.to {
			f(&e.Input)
		}
	})
}
