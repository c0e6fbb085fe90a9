package store

import (
	"context"

	"sonde/incident"
	"sonde/probe"
)

// gathered are the results of some probes, and the shapes that their points name.
type gathered struct {
	shapes shapes
	points map[probe.ID][]point
}

// gather collects the results of some probes, which are sorted, and of which so many were
// counted.
func (c *compactor) gather(ctx context.Context, x *span, some []probe.ID, counts map[probe.ID]int) (*gathered, error) {
	g := &gathered{points: c.roomFor(some, counts)}
	lowest, highest := some[0], some[len(some)-1]
	err := c.eachSegment(ctx, x, func(_, _ int64, packed []byte) {
		_ = eachEntry(packed, func(e *Entry) { // damage was noted when the results were counted
			if e.Probe < lowest || e.Probe > highest || e.Input.Kind != incident.Ran {
				return
			}
			s := shapeOf(&e.Input).bare()
			number, _ := g.shapes.number(s)
			g.points[e.Probe] = append(g.points[e.Probe], point{e.Input.At.UnixMilli(), number, phasesOf(&e.Input)})
		})
	})
	return g, err
}

// roomFor is room for as many points of each probe as were counted, where those of others
// were before.
func (c *compactor) roomFor(some []probe.ID, counts map[probe.ID]int) map[probe.ID][]point {
	all := 0
	for _, id := range some {
		all += counts[id]
	}
	if all > len(c.room) {
		c.room = make([]point, all)
	}
	points, left := make(map[probe.ID][]point, len(some)), c.room
	for _, id := range some {
		n := counts[id]
		points[id], left = left[:0:n], left[n:]
	}
	return points
}
