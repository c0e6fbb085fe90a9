package incident_test

import (
	"slices"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// checkSpending checks that what is remembered of budgets fits what is open.
func (l *law) checkSpending(s *incident.State) {
	if s.Spending == nil {
		return
	}
	for i := range s.Spending.Of {
		burn := &s.Spending.Of[i].Burn
		before := *burn
		burn.Recount()
		require.True(l.t, before == *burn, "the sums are those of the buckets")
		require.LessOrEqual(l.t, burn.Bad(time.Hour), burn.Bad(6*time.Hour)+5*time.Minute)
		require.LessOrEqual(l.t, burn.Bad(time.Hour), time.Hour)
	}
	p := s.Open(probe.KindBudgetThreshold)
	require.False(l.t, p != nil && p.Reading.Level < s.Spending.Level, "who was told of a level")
}

// furtherPromises is how much of the size is that of promises beyond the first.
func furtherPromises(s *incident.State) int {
	if s.Spending == nil {
		return 0
	}
	return (cap(s.Spending.Of) - 1) * int(unsafe.Sizeof(incident.Burning{}))
}

func budgetKind(kind probe.Kind) bool {
	return kind == probe.KindBudgetFast || kind == probe.KindBudgetSlow || kind == probe.KindBudgetThreshold
}

// retires reports whether nobody looks at incidents of a kind any more.
func (m move) retires(kind probe.Kind) bool {
	b := m.policy.Budgets
	watches := func(fast bool) bool {
		return b != nil && slices.ContainsFunc(b.Of, func(x incident.Budget) bool {
			return slices.ContainsFunc(x.Alarms, func(a slo.Alarm) bool { return a.Fast == fast })
		})
	}
	switch kind {
	case probe.KindBudgetFast:
		return !watches(true)
	case probe.KindBudgetSlow:
		return !watches(false)
	case probe.KindBudgetThreshold:
		return b == nil || len(b.Levels) == 0
	}
	return !wants(m.policy.Rules, kind)
}

// judged reports whether a slot says something of the promise.
func (m move) judged() bool {
	slot := m.in.Run == probe.Scheduled && m.in.Kind != incident.Idle
	return slot && (m.in.Verdict.Outcome == probe.Good || m.in.Verdict.Outcome == probe.Bad) && !m.in.Maintenance
}
