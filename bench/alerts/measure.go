package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"sonde/configs"
	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// rule is what one alarm is to people, whatever kinds of incident it has.
type rule struct {
	name  string
	kinds []probe.Kind
}

// rules are the alarms that are counted apart. Whatever else opens is counted together.
var rules = []rule{
	{"down or degraded", []probe.Kind{probe.KindDown, probe.KindDegraded}},
	{"budget_fast", []probe.Kind{probe.KindBudgetFast}},
	{"budget_slow", []probe.Kind{probe.KindBudgetSlow}},
	{"budget_threshold", []probe.Kind{probe.KindBudgetThreshold}},
}

// incidentRule is the place in rules of what tells that a target does not work.
const incidentRule = 0

// ruleOf is the place in rules of a kind; len(rules) if it has none.
func ruleOf(kind probe.Kind) int {
	for i := range rules {
		if slices.Contains(rules[i].kinds, kind) {
			return i
		}
	}
	return len(rules)
}

// tally is what became of one rule.
type tally struct {
	incidents int // that began
	openings  int // and began again
	messages  int
	first     time.Time // the first opening; zero: there was none
}

// tallies has one for each rule, and a last one for the rest.
func tallies(all []told) []tally {
	sums := make([]tally, len(rules)+1)
	for _, t := range all {
		sum := &sums[ruleOf(t.kind)]
		sum.messages += t.messages
		if !t.opens() {
			continue
		}
		if sum.openings++; sum.first.IsZero() {
			sum.first = t.at
		}
		if t.change == incident.Opened {
			sum.incidents++
		}
	}
	return sums
}

// probes are as the configuration's defaults have them, by their intervals.
func probes(intervals ...time.Duration) (map[time.Duration]*watched, error) {
	var file strings.Builder
	file.WriteString("destinations: {people: {slack: {webhook: \"https://hooks.slack.com/services/T0/B0/simulated\"}}}\ndefaults: {notify: [people]}\nprobes:\n")
	for _, each := range intervals {
		_, _ = fmt.Fprintf(&file, "  - {name: every-%s, url: \"https://example.com/\", interval: %s}\n", each, each)
	}
	config, _, err := configs.Parse("simulated.yaml", []byte(file.String()), configs.Options{})
	if err != nil {
		return nil, err
	}
	all := map[time.Duration]*watched{}
	for i := range config.Probes {
		p := &config.Probes[i]
		all[p.Interval] = &watched{
			policy: p.Policy, retries: p.Target.Retries,
			subject: notify.Subject{Name: p.Name, Interval: p.Interval, Routes: p.Notify},
		}
	}
	return all, nil
}

// month is how long the false alarms of a probe are counted.
const month = 30 * day

// quiet is what many healthy months brought.
type quiet struct {
	interval time.Duration
	weather  weather
	months   int
	sums     []tally // over all months
	failed   float64 // share of runs
	rechecks int
}

// perMonth is an average.
func (q *quiet) perMonth(n int) float64 { return float64(n) / float64(q.months) }

// beQuiet lets so many probes be healthy for a month each.
func beQuiet(w *watched, sees weather, months int, seed uint64) quiet {
	q := quiet{interval: w.policy.Interval, weather: sees, months: months, sums: make([]tally, len(rules)+1)}
	courses := make([]*course, months)
	inParallel(months, func(i int) {
		c := newCourse(w, sees, random(seed, i))
		c.run(start.Add(month))
		courses[i] = &course{told: c.told, runs: c.runs, failed: c.failed, rechecks: c.rechecks}
	})
	runs, failed := 0, 0
	for _, c := range courses {
		runs, failed, q.rechecks = runs+c.runs, failed+c.failed, q.rechecks+c.rechecks
		for i, sum := range tallies(c.told) {
			q.sums[i].incidents += sum.incidents
			q.sums[i].openings += sum.openings
			q.sums[i].messages += sum.messages
		}
	}
	q.failed = float64(failed) / float64(runs)
	return q
}

// found is what many troubles of one sort led to.
type found struct {
	interval time.Duration
	trouble  *trouble
	times    int
	delays   [][]time.Duration // by rule: to the first opening, of those that were found; sorted
	sums     []tally           // over all times
}

// quantile is how long it took to find a share of all troubles; false if fewer were found.
func (f *found) quantile(rule int, q float64) (time.Duration, bool) {
	i := int(q * float64(f.times))
	if i >= len(f.delays[rule]) {
		return 0, false
	}
	return f.delays[rule][i], true
}

const (
	settling  = 12 * time.Hour // before a trouble begins
	afterward = 4 * time.Hour  // that messages are counted behind it
)

// find lets a trouble happen so many times to probes that else see typical weather.
func find(w *watched, t *trouble, times int, seed uint64) found {
	f := found{interval: w.policy.Interval, trouble: t, times: times, delays: make([][]time.Duration, len(rules)+1), sums: make([]tally, len(rules)+1)}
	all := make([][]tally, times)
	delays := make([][]time.Duration, times)
	inParallel(times, func(i int) { all[i], delays[i] = happen(w, t, random(seed, i)) })
	for i := range all {
		for r, sum := range all[i] {
			f.sums[r].incidents += sum.incidents
			f.sums[r].openings += sum.openings
			f.sums[r].messages += sum.messages
			if delays[i][r] >= 0 {
				f.delays[r] = append(f.delays[r], delays[i][r])
			}
		}
	}
	for r := range f.delays {
		slices.Sort(f.delays[r])
	}
	return f
}

// happen lets a trouble happen once, and says how long each rule took to tell of it; -1 if
// it did not before the trouble was over.
func happen(w *watched, t *trouble, rnd *rand.Rand) (sums []tally, delays []time.Duration) {
	c := newCourse(w, typical, rnd)
	c.began = start.Add(settling + time.Duration(rnd.Int64N(w.policy.Interval.Milliseconds()))*time.Millisecond)
	c.run(c.began)
	c.told, c.trouble = nil, t
	end := c.began.Add(t.length)
	c.run(end.Add(afterward))
	sums = tallies(c.told)
	for _, sum := range sums {
		delay := time.Duration(-1)
		if !sum.first.IsZero() && sum.first.Before(end) {
			delay = sum.first.Sub(c.began)
		}
		delays = append(delays, delay)
	}
	return sums, delays
}

// random is what one course makes of chance. The same seed and number give the same.
func random(seed uint64, n int) *rand.Rand { return rand.New(rand.NewPCG(seed, uint64(n))) }

// hands is how many courses go on at a time.
const hands = 2

// inParallel does something for all numbers below n.
func inParallel(n int, do func(i int)) {
	var all sync.WaitGroup
	for hand := range hands {
		all.Go(func() {
			for i := hand; i < n; i += hands {
				do(i)
			}
		})
	}
	all.Wait()
}
