package store

import (
	"context"
	"maps"
	"slices"

	"sonde/incident"
	"sonde/probe"
)

// gatherer gathers the results of a span, of some probes at a time: so many that they need
// gatherAtOnce bytes, or one that needs more. It keeps them packed, which takes a fifth of what
// points do: the fewer probes at a time, the more often all of the log is read. Its memory is used
// again and again.
type gatherer struct {
	since  int64            // instants are packed as what lies behind it
	shapes shapes           // that results of the span name
	sizes  map[probe.ID]int // bytes that the results of each probe need
	packs  []byte           // of all of some probes
	points []point          // of one probe
}

// gatherAtOnce bounds what is gathered at a time, in bytes.
const gatherAtOnce = 3 << 20

// gathered are the results of some probes, each behind the one before.
type gathered map[probe.ID][]byte

// pack packs a result.
func (g *gatherer) pack(p *packer, in *incident.Input) {
	number, _ := g.shapes.number(shapeOf(in).bare())
	p.point(&point{in.At.UnixMilli(), number, phasesOf(in)}, g.since)
}

// point packs a result.
func (p *packer) point(x *point, since int64) {
	p.int(x.at - since)
	p.count(x.shape)
	var present byte
	for phase, us := range x.phases {
		if us != 0 {
			present |= 1 << phase
		}
	}
	p.byte(present)
	for _, us := range x.phases {
		if us != 0 {
			p.int(us)
		}
	}
}

// point reads a result.
func (u *unpacker) point(since int64) point {
	x := point{at: since + u.int(), shape: u.count(false)}
	present := u.byte()
	for phase := range x.phases {
		if present&(1<<phase) != 0 {
			x.phases[phase] = u.int()
		}
	}
	return x
}

// countResults counts the results of a span and what they need by probe, and notes which segments
// are damaged: what they held is lost, and must not stop the rest.
func (c *compactor) countResults(ctx context.Context, x *span) error {
	g := &c.gatherer
	g.sizes, g.shapes = map[probe.ID]int{}, shapes{}
	var p packer
	return c.eachSegment(ctx, x, func(seq, at int64, packed []byte) {
		if x.earliest == 0 {
			x.earliest, x.later = at, at
			g.since = at
		}
		err := eachEntry(packed, func(e *Entry) {
			if e.Input.Kind != incident.Ran {
				return
			}
			p.buf = p.buf[:0]
			g.pack(&p, &e.Input)
			g.sizes[e.Probe] += len(p.buf)
			x.results++
			x.earliest = min(x.earliest, e.Input.At.UnixMilli())
			x.later = max(x.later, e.Input.At.UnixMilli())
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
		_ = eachEntry(packed, func(e *Entry) { // damage was noted when the results were counted
			if e.Probe < lowest || e.Probe > highest || e.Input.Kind != incident.Ran {
				return
			}
			p := packer{all[e.Probe]}
			c.pack(&p, &e.Input)
			all[e.Probe] = p.buf
		})
	})
	return all, err
}

// roomFor is room for the results of each probe, where those of others were before.
func (g *gatherer) roomFor(some []probe.ID) gathered {
	all := 0
	for _, id := range some {
		all += g.sizes[id]
	}
	if all > len(g.packs) {
		g.packs = make([]byte, max(all, min(gatherAtOnce, 2*all)))
	}
	rooms, left := make(gathered, len(some)), g.packs
	for _, id := range some {
		n := g.sizes[id]
		rooms[id], left = left[:0:n], left[n:]
	}
	return rooms
}

// unpack unpacks the results of a probe. They are there until it unpacks others.
func (g *gatherer) unpack(packed []byte) []point {
	g.points = g.points[:0]
	u := unpacker{buf: packed}
	for u.more() {
		g.points = append(g.points, u.point(g.since))
	}
	return g.points
}

// writeChunks writes the chunks of some probes, several to a row and several rows to a
// transaction.
func (c *compactor) writeChunks(ctx context.Context, x *span, some []probe.ID, results gathered) error {
	w := rowWriter{c: c, insert: "INSERT INTO chunks(span, probe, packed) VALUES (?, ?, ?)", key: []any{x.last}}
	err := fillRows(ctx, &w, &rowPacker{}, some, func(row *rowPacker, id probe.ID) {
		if packed := results[id]; len(packed) > 0 {
			row.add(id, c.unpack(packed), c.shapes.known)
		}
	})
	if err != nil {
		return err
	}
	return w.flush(ctx)
}
