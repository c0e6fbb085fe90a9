package configs

import (
	"slices"

	"go.yaml.in/yaml/v4"
	"sonde/slo"
)

// Group is what is promised of all probes of a group.
type Group struct {
	Combine    slo.Combine
	Objectives []slo.Objective
}

var groupKeys = keys[Group]{
	"objective": func(d *decoder, v value, g *Group) { d.groupObjectives(v, &g.Objectives) },
	"combine":   func(d *decoder, v value, g *Group) { d.word(v, &g.Combine) },
}

// groupObjectives reads the objectives of a group, which are about availability.
func (d *decoder) groupObjectives(v value, into *[]slo.Objective) {
	d.objectives(v, into)
	if slices.ContainsFunc(*into, func(o slo.Objective) bool { return o.Kind == slo.Latency }) {
		d.fail(v, "a group promises availability only; give the objective of latency to its probes")
	}
}

// promises reads what is promised of groups, by their names. A group is where a probe says
// so; a name that none says is misspelt.
func (d *decoder) promises(v value, kept History) map[string]Group {
	all := map[string]Group{}
	for _, e := range d.mapping(v) {
		var g Group
		found := object(d, e.value, groupKeys, &g)
		switch {
		case len(d.groups) == 0:
			d.failAs(e.keyAt, e.value.path, "no probe is in the group %s; give its probes group: %s", quote(e.key), e.key)
		case !slices.Contains(d.groups, e.key):
			d.failAs(e.keyAt, e.value.path, "no probe is in the group %s; %s", quote(e.key), instead(e.key, d.groups))
		}
		if _, said := found["objective"]; !said && e.value.node.Kind == yaml.MappingNode {
			d.fail(e.value, "promises nothing; give it an objective, such as 99.9%% over 30d")
		}
		for _, o := range g.Objectives {
			if o.Window.Longest() > kept.Rollups {
				d.warn(found["objective"], "%s", tooLong(o, kept))
			}
		}
		all[e.key] = g
	}
	return all
}
