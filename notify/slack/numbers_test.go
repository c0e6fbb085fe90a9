package slack

import (
	"math"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
)

var noNumber = regexp.MustCompile(`(?i)(^|[^a-z])(nan|[+-]?inf|infinity)([^a-z]|$)`)

// Of a budget of nothing, of no results and of no time nothing is a share; and what a message that
// another build stored may hold is no reason to write what is no number.
func TestNoMessageShowsWhatIsNoNumber(t *testing.T) {
	objective, err := slo.ParseObjective("99.9999% over 1h")
	require.NoError(t, err)
	readings := []incident.Reading{{}, {Now: 1e12, Usual: math.SmallestNonzeroFloat64, Samples: -1, Level: 99}, {Usual: 1e-300, Over: -time.Hour, Level: -5}, {Now: 1, Level: 1}}
	budgets := [][]notify.BudgetFact{nil, {{}}, {{Judged: true}}, {{Objective: objective, Judged: true, Spent: time.Hour}}, {{Objective: objective, Total: -1, Spent: -1, Judged: true}}}
	for _, kind := range probe.Kinds() {
		for _, change := range changesOf(kind) {
			for i, budget := range budgets {
				m := specimenOf(kind, change)
				m.Body.Reading, m.Body.Budgets = readings[i%len(readings)], budget
				m.Body.Past, m.Body.Failures, m.Body.Interval = notify.Past{}, 0, 0
				shown := View{Language: probe.English}.specimen(kind.String(), change.String(), m)
				require.NotRegexp(t, noNumber, shown.Text+"\n"+shown.Shown, "%s %s, case %d", kind, change, i)
			}
		}
	}
}
