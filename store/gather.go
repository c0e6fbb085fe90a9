package store

import (
	"context"
	"maps"
	"slices"

	"sonde/incident"
	"sonde/probe"
)

// gatherAtOnce bounds what is gathered at a time, in bytes: the less it is, the more often a span
// is read. Of ten thousand probes at 10 s it is a twelfth of a span.
const gatherAtOnce = 3 << 19

// gatherer gathers the results of a span, of some probes at a time: of so many that they take
// gatherAtOnce, or of one that takes more. They stay packed as the log has them, which is a quarter
// of what points take, and nearly no work. Its memory is used again and again.
type gatherer struct {
	since  int64            // instants are counted from here
	shapes shapes           // of all results of the span
	bare   []shape          // the same, bare
	sizes  map[probe.ID]int // bytes that the results of each probe take
	room   []byte           // for those of some probes

	entry  Entry
	points []point // of one probe
}

// gathered are the results of some probes, packed, each behind the one before.
type gathered map[probe.ID][]byte

// countResults counts the results of a span and what they take by probe, and notes which segments
// are damaged: what they held is lost, and must not stop the rest.
func (c *compactor) countResults(ctx context.Context, x *span) error {
	g := &c.gatherer
	g.sizes, g.shapes = map[probe.ID]int{}, shapes{}
	var p packer
	return c.eachSegment(ctx, x, func(seq, at int64, packed []byte) {
		if x.earliest == 0 {
			x.earliest, x.later, g.since = at, at, at
		}
		err := eachResult(packed, func(e *packedEntry, rest []byte) bool {
			u := unpacker{buf: rest}
			if !e.unpack(&u, &g.entry) {
				return false
			}
			p.buf = p.buf[:0]
			g.pack(&p, e, rest)
			g.sizes[e.probe] += len(p.buf)
			x.results++
			x.earliest = min(x.earliest, e.ms)
			x.later = max(x.later, e.ms)
			return true
		})
		if err != nil {
			c.report.Damaged = append(c.report.Damaged, seq)
		}
	})
}

// groups cuts probes into groups that are small enough to be gathered at once.
func (g *gatherer) groups() func(yield func([]probe.ID) bool) {
	return func(yield func([]probe.ID) bool) {
		ids := slices.Sorted(maps.Keys(g.sizes))
		for len(ids) > 0 {
			n, size := 0, 0
			for n < len(ids) && (n == 0 || size+g.sizes[ids[n]] <= gatherAtOnce) {
				size += g.sizes[ids[n]]
				n++
			}
			if !yield(ids[:n]) {
				return
			}
			ids = ids[n:]
		}
	}
}

// gather collects the results of some probes, which are sorted.
func (c *compactor) gather(ctx context.Context, x *span, some []probe.ID) (gathered, error) {
	all := c.roomFor(some)
	lowest, highest := some[0], some[len(some)-1]
	err := c.eachSegment(ctx, x, func(_, _ int64, packed []byte) {
		_ = eachResult(packed, func(e *packedEntry, rest []byte) bool { // damage was noted when the results were counted
			if e.probe < lowest || e.probe > highest {
				return true
			}
			p := packer{all[e.probe]}
			c.pack(&p, e, rest)
			all[e.probe] = p.buf
			return true
		})
	})
	c.bare = c.bare[:0]
	for _, s := range c.shapes.known {
		c.bare = append(c.bare, s.bare())
	}
	return all, err
}

// roomFor is room for the results of each probe, where those of others were before.
func (g *gatherer) roomFor(some []probe.ID) gathered {
	size := 0
	for _, id := range some {
		size += g.sizes[id]
	}
	if size > len(g.room) {
		g.room = make([]byte, max(size, gatherAtOnce))
	}
	rooms, left := make(gathered, len(some)), g.room
	for _, id := range some {
		n := g.sizes[id]
		rooms[id], left = left[:0:n], left[n:]
	}
	return rooms
}

// eachResult calls f for every result of a segment, with what is packed behind its instant.
func eachResult(packed []byte, f func(e *packedEntry, rest []byte) bool) error {
	if len(packed) > 0 && packed[0] == 1 {
		var p packer
		return eachEntry(packed, func(e *Entry) {
			if e.Input.Kind == incident.Ran {
				s := shapeOf(&e.Input)
				p.buf = p.buf[:0]
				p.observed(&e.Input, &s)
				f(&packedEntry{shape: &s, probe: e.Probe, ms: e.Input.At.UnixMilli()}, p.buf)
			}
		})
	}
	return eachPacked(packed, func(e *packedEntry, rest []byte) bool {
		return e.shape.kind != incident.Ran || f(e, rest)
	})
}

// pack packs a result.
func (g *gatherer) pack(p *packer, e *packedEntry, rest []byte) {
	number, _ := g.shapes.number(*e.shape)
	p.int(e.ms - g.since)
	p.count(number)
	p.buf = append(p.buf, rest...)
}

// unpack unpacks the results of a probe. They are there until it unpacks others.
func (g *gatherer) unpack(packed []byte) []point {
	g.points = g.points[:0]
	for u := (unpacker{buf: packed}); u.more(); {
		e := packedEntry{ms: g.since + u.int()}
		number := u.count(false)
		if number >= len(g.bare) {
			break // nothing of that is damaged: it was read when it was counted
		}
		e.shape = &g.shapes.known[number]
		e.unpack(&u, &g.entry)
		g.points = append(g.points, point{e.ms, number, phasesOf(&g.entry.Input)})
	}
	return g.points
}

// writeChunks writes the chunks of some probes, several to a row and several rows to a
// transaction.
func (c *compactor) writeChunks(ctx context.Context, x *span, some []probe.ID, results gathered) error {
	w := rowWriter{c: c, insert: "INSERT INTO chunks(span, probe, packed) VALUES (?, ?, ?)", key: []any{x.last}}
	err := fillRows(ctx, &w, &rowPacker{}, some, func(row *rowPacker, id probe.ID) {
		if packed := results[id]; len(packed) > 0 {
			row.add(id, c.unpack(packed), c.bare)
		}
	})
	if err != nil {
		return err
	}
	return w.flush(ctx)
}
