package configs

import (
	"slices"

	"go.yaml.in/yaml/v4"
	"sonde/incident"
	"sonde/slo"
)

// Group is what is promised of all probes of a group.
type Group struct {
	Combine    slo.Combine
	Objectives []slo.Objective
	Rate       *incident.Rate // of all its probes together; nil: none
	Alerts     incident.BudgetRules

	alert alert
}

var groupKeys = keys[Group]{
	"objective": func(d *decoder, v value, g *Group) { d.objectives(v, &g.Objectives) },
	"alert":     func(d *decoder, v value, g *Group) { object(d, v, budgetKeys, &g.alert) },
	"rate":      func(d *decoder, v value, g *Group) { d.rate(v, &g.Rate) },
	"combine":   func(d *decoder, v value, g *Group) { d.word(v, &g.Combine) },
}

// budgetKeys are the keys of alert about error budgets.
var budgetKeys = keys[alert]{
	"budget_fast":      alertKeys["budget_fast"],
	"budget_slow":      alertKeys["budget_slow"],
	"budget_threshold": alertKeys["budget_threshold"],
}

// promises reads what is promised of groups, by their names. A group is where a probe says
// so; a name that none says is misspelt.
func (d *decoder) promises(v value, kept History, base settings, probes []Probe) map[string]Group {
	all := map[string]Group{}
	for _, e := range d.mapping(v) {
		g := Group{alert: base.alert}
		found := object(d, e.value, groupKeys, &g)
		switch {
		case len(d.groups) == 0:
			d.failAs(e.keyAt, e.value.path, "no probe is in the group %s; give its probes group: %s", quote(e.key), e.key)
		case !slices.Contains(d.groups, e.key):
			d.failAs(e.keyAt, e.value.path, "no probe is in the group %s; %s", quote(e.key), instead(e.key, d.groups))
		}
		_, promised := found["objective"]
		rate, rated := found["rate"]
		if !promised && !rated && e.value.node.Kind == yaml.MappingNode {
			d.fail(e.value, "promises nothing; give it an objective, such as 99.9%% over 30d")
		}
		if g.Rate != nil {
			d.warnGroupRate(rate, e.key, g.Rate, probes)
		}
		d.checkThresholds(found["objective"], e.key, &g, probes)
		for _, o := range g.Objectives {
			if o.Window.Longest() > kept.Rollups {
				d.warn(found["objective"], "%s", tooLong(o, kept))
			}
		}
		g.Alerts, g.alert = g.alert.budgetRules(), alert{}
		all[e.key] = g
	}
	return all
}

// checkThresholds checks that the members of a group do not look for too many thresholds of
// latency, their own ones included.
func (d *decoder) checkThresholds(v value, group string, g *Group, probes []Probe) {
	for i := range probes {
		p := &probes[i]
		if _, ok := incident.NewThresholds(slices.Concat(p.Objectives, g.Objectives)); p.Group == group && !ok {
			d.fail(v, "with those of the probe %s there are more than 4 thresholds of latency; promise with fewer", quote(p.Name))
			return
		}
	}
}

// joinGroups gives the probes of groups what follows from being in them: a rate that is watched
// over all together, and thresholds of latency.
func joinGroups(probes []Probe, groups map[string]Group) {
	for i := range probes {
		if p := &probes[i]; p.Group != "" {
			g := groups[p.Group]
			p.Policy.Rules.GroupRate = g.Rate
			p.Policy.Thresholds, _ = incident.NewThresholds(slices.Concat(p.Objectives, g.Objectives))
		}
	}
}

// warnGroupRate says what a rate over the results of a group is worth with so few of them:
// that it never says anything, or how often it does by chance.
func (d *decoder) warnGroupRate(v value, group string, r *incident.Rate, probes []Probe) {
	samples, perMonth, covers := 0, 0.0, "down finds an outage"
	for i := range probes {
		p := &probes[i]
		if p.Group != group {
			continue
		}
		samples += int(r.Over / p.Interval)
		perMonth += float64(30 * day / p.Interval)
		if p.Policy.Rules.Degraded.Fire > 0 {
			covers = "degraded finds failures of a probe now and then, and down an outage"
		}
	}
	switch {
	case samples < r.MinSamples:
		d.warn(v, "the probes of %s have %d results in %s together, fewer than min_samples %d, so that this never says anything; %s",
			quote(group), samples, FormatDuration(r.Over), r.MinSamples, covers)
	case r.MinSamples < usualSamples:
		k := max(3, r.Above*samples/1_000_000+1)
		const typical = 0.00053 // of results that are bad although all is well
		d.warn(v, "above %s means %d of %d results in %s: by chance that opens %s times in 30d; min_samples %d or more is usual",
			percent(r.Above), k, samples, FormatDuration(r.Over), amount(slo.FalseOpenings(samples, k, typical, perMonth)), usualSamples)
	}
}
