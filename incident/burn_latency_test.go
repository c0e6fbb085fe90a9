package incident_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

func TestABudgetOfLatencyIsSpentBySlowGoodAnswers(t *testing.T) {
	r := newRunner(12)
	r.policy.Rules = incident.Rules{}
	r.policy.DownAfter = 24 * time.Hour
	r.policy.Budgets = incident.NewBudgets(objectives("latency 500ms for 99% over 30d"), time.Minute, incident.BudgetRules{Fast: true, Slow: true})
	fast, slow := func() float64 { return 500 }, func() float64 { return 501 }
	require.Empty(t, r.take(60, fast), "as long as is promised is in time")
	for range 30 {
		r.takeAt(broken, 90)
	}
	require.Nil(t, r.state.Spending, "an outage spends the budget of another promise")
	require.Empty(t, r.take(8, slow))
	require.Len(t, r.take(1, slow), 1, "nine of an hour are 14.4 times too many")
	p := r.newest(t)
	require.Equal(t, probe.KindBudgetFast, p.Kind)
	require.Equal(t, probe.Good, p.Cause.Outcome)
	require.Empty(t, r.take(20, fast))
	r.policy.Budgets = incident.NewBudgets(objectives("99.9% over 30d"), time.Minute, incident.BudgetRules{Fast: true, Slow: true})
	r.take(1, fast)
	require.Nil(t, r.state.Spending, "slow answers are nothing to availability")
}
