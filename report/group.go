package report

import (
	"time"

	"sonde/incident"
	"sonde/slo"
	"sonde/store"
	"sonde/text"
)

// Group is what is promised of several probes, and how that stands.
type Group struct {
	Name       string      `json:"name"`
	Members    []string    `json:"members"`
	Combine    slo.Combine `json:"combine"` // sum or worst
	Objectives []Objective `json:"objectives"`
}

// GroupsOf says how the objectives of groups stand.
func GroupsOf(s *store.Snapshot, now time.Time) (all []Group) {
	spans := spansAt(now)
	for i := range s.Groups {
		g := newGroup(&s.Groups[i], now, spans)
		g.endanger(s)
		all = append(all, g)
	}
	return all
}

// endanger has objectives at risk whose budgets are spent too fast at present.
func (g *Group) endanger(s *store.Snapshot) {
	for i := range s.Shared {
		x := &s.Shared[i]
		if x.Circle.Tie != incident.TiePromise || x.Circle.Key != g.Name {
			continue
		}
		for j := range g.Objectives {
			o := &g.Objectives[j]
			if held := o.Status == slo.Met.String() || o.Status == slo.Unverified.String(); held && x.State.Burns(x.Circle.Budgets(), o.promise) {
				o.Status = slo.AtRisk.String()
			}
		}
	}
}

func newGroup(g *store.Group, now time.Time, spans spans) Group {
	out := Group{Name: g.Name, Combine: g.Combine, Members: make([]string, len(g.Members)), Objectives: make([]Objective, len(g.Objectives))}
	for i, p := range g.Members {
		out.Members[i] = p.Name()
	}
	for i, o := range g.Objectives {
		if of := g.Latencies[i]; of != nil {
			out.Objectives[i] = newObjective(o, of, now, spans.of(o.Window))
			continue
		}
		out.Objectives[i] = newObjective(o, &g.Ledger, now, spans.of(o.Window))
	}
	return out
}

// GroupName is the name of a group where probes and groups stand side by side.
func GroupName(group string) string { return incident.GroupPrefix + group }

// groups says how the objectives of groups stand, a line each.
func (s *Status) groups() []string {
	var lines []string
	for i := range s.Groups {
		for _, o := range s.Groups[i].Objectives {
			line := incident.GroupPrefix + text.Printable(s.Groups[i].Name, 40) + " promises " + o.String() + ": " + words(o.Status)
			if o.RemainingRatio != nil {
				line += ", " + percent(*o.RemainingRatio) + " of the budget left"
			}
			lines = append(lines, line)
		}
	}
	if more := len(lines) - maxListed; more > 0 {
		lines = append(lines[:maxListed], "and "+Count(more, "objective")+" more of groups")
	}
	return lines
}
