package configs_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/configs"
	"sonde/incident"
)

// budgetsOf are the budgets of the only probe of a file that says so of alerts.
func budgetsOf(t *testing.T, alert string) *incident.Budgets {
	t.Helper()
	return read(t, "probes: [{name: a, url: 'http://127.0.0.1/', notify: [], alert: {"+alert+"}}]").Probes[0].Policy.Budgets
}

func TestBudgetAlertsAreOnUntilTheyAreTurnedOff(t *testing.T) {
	usual := budgetsOf(t, "")
	require.Equal(t, []int{50, 80, 100}, usual.Levels)
	require.Len(t, usual.Of[0].Alarms, 4)

	for name, tc := range map[string]struct {
		alert  string
		longs  []time.Duration
		levels []int
	}{
		"fast alone is off":           {"budget_fast: false", []time.Duration{24 * time.Hour, 72 * time.Hour}, []int{50, 80, 100}},
		"slow alone is off":           {"budget_slow: false", []time.Duration{time.Hour, 6 * time.Hour}, []int{50, 80, 100}},
		"shares are off":              {"budget_threshold: false, budget_slow: false", []time.Duration{time.Hour, 6 * time.Hour}, nil},
		"shares are the usual ones":   {"budget_threshold: true, budget_slow: false", []time.Duration{time.Hour, 6 * time.Hour}, []int{50, 80, 100}},
		"other shares, in any order":  {"budget_threshold: [150%, 25%], budget_slow: false", []time.Duration{time.Hour, 6 * time.Hour}, []int{25, 150}},
		"one share needs no brackets": {"budget_threshold: 75%, budget_slow: false", []time.Duration{time.Hour, 6 * time.Hour}, []int{75}},
	} {
		t.Run(name, func(t *testing.T) {
			b := budgetsOf(t, tc.alert)
			var longs []time.Duration
			for _, a := range b.Of[0].Alarms {
				longs = append(longs, a.Long)
			}
			require.Equal(t, tc.longs, longs)
			require.Equal(t, tc.levels, b.Levels)
		})
	}
	require.Nil(t, budgetsOf(t, "budget_fast: false, budget_slow: false, budget_threshold: false"))
	require.Nil(t, read(t, "probes: [{name: a, url: 'http://127.0.0.1/', objective: []}]").Probes[0].Policy.Budgets)
}

func TestProbesThatPromiseTheSameShareTheirBudgets(t *testing.T) {
	config := read(t, "probes: [{name: a, url: 'http://127.0.0.1/'}, {name: b, url: 'http://127.0.0.1/'}, {name: c, url: 'http://127.0.0.1/', interval: 10s}]")
	require.Same(t, config.Probes[0].Policy.Budgets, config.Probes[1].Policy.Budgets)
	require.NotEqual(t, config.Probes[0].Policy.Budgets, config.Probes[2].Policy.Budgets)
}

func TestAShareOfABudgetIsAWholePercentage(t *testing.T) {
	for name, tc := range map[string]struct{ levels, says string }{
		"a bare number":      {"[50]", `"50" is no share of a budget from 1% to 1000%; write whole percents such as [50%, 80%, 100%]`},
		"nothing":            {"[0%]", `"0%" is no share`},
		"a fraction":         {"[99.9%]", `"99.9%" is no share`},
		"too much":           {"[1001%]", `"1001%" is no share`},
		"a sign":             {"[-5%]", `"-5%" is no share`},
		"the same twice":     {"[50%, 50%]", `"50%" is listed twice; remove one`},
		"more than are read": {"[1%, 2%, 3%, 4%, 5%, 6%, 7%, 8%, 9%]", "9 shares are more than anybody reads; list 8 at the most"},
		"a word":             {"often", `"often" is no share`},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := configs.Parse("sonde.yaml", []byte("probes: [{name: a, url: 'http://127.0.0.1/', alert: {budget_threshold: "+tc.levels+"}}]"), configs.Options{})
			require.ErrorContains(t, err, tc.says)
		})
	}
}

func TestAPromiseThatNoOutageBreaksFastIsWarnedOf(t *testing.T) {
	_, warnings, err := configs.Parse("sonde.yaml", []byte("probes: [{name: a, url: 'http://127.0.0.1/', notify: [], objective: 90% over 30d}]"), configs.Options{})
	require.NoError(t, err)
	require.Len(t, warnings, 1)
	require.Contains(t, warnings[0].Text, "90% over 30d allows so much that no outage of 1h spends its budget too fast, so budget alerts do not look at that; down does, or promise more")
	_, warnings, err = configs.Parse("sonde.yaml", []byte("probes: [{name: a, url: 'http://127.0.0.1/', notify: [], objective: 90% over 30d, alert: {budget_fast: false}}]"), configs.Options{})
	require.NoError(t, err)
	require.Empty(t, warnings)
}

func TestTheBudgetAlertsOfAGroupAreTunedLikeThoseOfAProbe(t *testing.T) {
	group := func(alert string) configs.Group {
		return read(t, "defaults: {alert: {budget_slow: false}}\ngroups: {g: {objective: 99% over 30d, alert: {"+alert+"}}}\nprobes: [{name: a, group: g, url: 'http://127.0.0.1/', notify: []}]").Groups["g"]
	}
	require.Equal(t, incident.BudgetRules{Fast: true, Levels: []int{50, 80, 100}}, group("").Alerts, "as in the defaults")
	require.Equal(t, incident.BudgetRules{Slow: true, Levels: []int{75}}, group("budget_fast: false, budget_slow: true, budget_threshold: [75%]").Alerts)
	_, _, err := configs.Parse("sonde.yaml", []byte("groups: {g: {objective: 99% over 30d, alert: {down: false}}}\nprobes: [{name: a, group: g, url: 'http://127.0.0.1/'}]"), configs.Options{Env: nothing})
	require.ErrorContains(t, err, `unknown key "down"; use one of budget_fast, budget_slow, budget_threshold`)
}
