package incident

import (
	"time"

	"sonde/probe"
	"sonde/slo"
)

// Explained reports whether outages of its members are all there is to a burning budget of a
// group, and returns the first of those. outage gives the one of a member that people have heard of,
// nil if there is none. It is plain where every member that is bad now has one, and nearly all
// bad time that the alarm looks back over lies in them.
func (c *Circle) Explained(s *State, p *Problem, outage func(probe.ID) *Problem) (first probe.ID, plain bool) {
	b, i := c.Budgets(), p.Reading.Level-1
	if b == nil || s == nil || s.Shared == nil || s.Shared.Pool == nil || s.Spending == nil || i < 0 || i >= min(len(b.Of), len(s.Spending.Of)) {
		return 0, false
	}
	if b.Of[i].Objective.Kind == slo.Latency {
		return 0, false // who does not answer is not slow
	}
	pool, over := s.Shared.Pool, p.Reading.Over
	now := time.UnixMilli(pool.At)
	var explained time.Duration
	for _, x := range pool.Ill {
		if x.Bad>>i&1 == 0 {
			continue
		}
		down := outage(x.Probe)
		if down == nil {
			return 0, false
		}
		if first == 0 {
			first = x.Probe
		}
		lasted := min(max(now.Sub(down.Since), 0), over)
		if c.combine == slo.Sum {
			explained += lasted / time.Duration(len(c.Members))
		} else {
			explained = max(explained, lasted)
		}
	}
	bad := s.Spending.Of[i].Bad(over)
	return first, first != 0 && 10*explained >= 9*bad
}
