package configs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// usualLevels are the shares of an error budget, in percent, that people hear of when they
// are spent.
var usualLevels = []int{50, 80, 100}

// mostLevels and highestLevel bound what may be listed.
const (
	mostLevels   = 8
	highestLevel = 1000
)

// levels reads shares of a budget: true for the usual ones, false for none, or a list such
// as [50%, 80%, 100%].
func (d *decoder) levels(v value, into *alert) {
	if v.node.Kind == yaml.ScalarNode && v.node.ShortTag() == "!!bool" {
		d.wanted(v, probe.KindBudgetThreshold, &into.rules)
		into.levels = usualLevels
		return
	}
	into.rules.Off = into.rules.Off.Without(probe.KindBudgetThreshold)
	var levels []int
	for _, item := range d.oneOrList(v) {
		s, ok := d.loose(item)
		if !ok {
			continue
		}
		number, percent := strings.CutSuffix(s, "%")
		level, err := strconv.ParseUint(number, 10, 16)
		switch {
		case !percent || err != nil || level < 1 || level > highestLevel:
			d.fail(item, "%s is no share of a budget from 1%% to %d%%; write whole percents such as [50%%, 80%%, 100%%]", quote(s), highestLevel)
		case slices.Contains(levels, int(level)):
			d.fail(item, "%s is listed twice; remove one", quote(s))
		default:
			levels = append(levels, int(level))
		}
	}
	if len(levels) > mostLevels {
		d.fail(v, "%d shares are more than anybody reads; list %d at the most", len(levels), mostLevels)
		return
	}
	slices.Sort(levels)
	into.levels = levels
}

// budgetRules are what people want to hear of the budgets of a probe.
func (a *alert) budgetRules() incident.BudgetRules {
	rules := incident.BudgetRules{Fast: !a.rules.Off.Has(probe.KindBudgetFast), Slow: !a.rules.Off.Has(probe.KindBudgetSlow)}
	if !a.rules.Off.Has(probe.KindBudgetThreshold) {
		rules.Levels = a.levels
	}
	return rules
}

// budgets are what a probe's incidents follow of its promises. Probes that promise the same
// share them.
func (d *decoder) budgets(s *spec) *incident.Budgets {
	rules := s.alert.budgetRules()
	same := fmt.Sprint(s.objectives, s.interval, rules)
	b, known := d.promised[same]
	if !known {
		b = incident.NewBudgets(s.objectives, s.interval, rules)
		if d.promised == nil {
			d.promised = map[string]*incident.Budgets{}
		}
		d.promised[same] = b
	}
	return b
}

// warnDeadTiers warns of a promise that allows so much that not even an outage spends its
// budget too fast for one of the windows that are looked at.
func (d *decoder) warnDeadTiers(s *spec) {
	rules := s.alert.budgetRules()
	for _, o := range s.objectives {
		if o.Kind == slo.Latency {
			continue // no alert looks at its budget
		}
		var dead []string
		for _, tier := range slo.Tiers(o.Window.Usual()) {
			if wanted := tier.Fast && rules.Fast || !tier.Fast && rules.Slow; wanted && tier.Dead(o) {
				dead = append(dead, FormatDuration(tier.Long))
			}
		}
		if len(dead) > 0 {
			d.warn(d.nearestPlace(s, "objective"), "%s allows so much that no outage of %s spends its budget too fast, so budget alerts do not look at that; down does, or promise more", o, strings.Join(dead, " or "))
		}
	}
}
