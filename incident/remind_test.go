package incident_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

func TestWhatTakesDaysToMendIsRemindedOfOnceADay(t *testing.T) {
	for name, tc := range map[string]struct {
		every time.Duration
		of    map[probe.Kind]time.Duration
		down  time.Duration // between two reminders of what is down; 0: there are none
		slow  time.Duration // of budget_slow
	}{
		"by itself":                           {4 * time.Hour, nil, 4 * time.Hour, 24 * time.Hour},
		"and never more often than the rest":  {48 * time.Hour, nil, 48 * time.Hour, 48 * time.Hour},
		"unless nobody wants to hear of any":  {0, nil, 0, 0},
		"or the configuration says otherwise": {4 * time.Hour, map[probe.Kind]time.Duration{probe.KindBudgetSlow: 2 * time.Hour}, 4 * time.Hour, 2 * time.Hour},
		"of one kind, even if of no other":    {0, map[probe.Kind]time.Duration{probe.KindBudgetSlow: time.Hour}, 0, time.Hour},
		"of one kind never":                   {4 * time.Hour, map[probe.Kind]time.Duration{probe.KindDown: 0}, 0, 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			policy := usual(60)
			policy.RemindEvery = tc.every
			if tc.of != nil {
				policy.Rules.Remind = &incident.Reminders{ByKind: tc.of}
			}
			require.Equal(t, tc.down, reminded(t, policy, probe.KindDown))
			require.Equal(t, tc.slow, reminded(t, policy, probe.KindBudgetSlow))
		})
	}
}

// reminded is how long it takes from one reminder of an open incident to the next.
func reminded(t *testing.T, policy incident.Policy, kind probe.Kind) time.Duration {
	t.Helper()
	w := &world{policy: policy}
	w.state.Problems = []incident.Problem{{ID: incident.FirstID, Kind: kind, Phase: incident.Open, OpenedAt: at(0), RemindAt: at(60)}}
	var when []time.Time
	for hour := range 24 * 5 {
		before := len(w.told)
		w.step(incident.Input{Kind: incident.Idle, At: at(60 + hour*3600), Verdict: probe.Miss(probe.Canceled)})
		for _, told := range w.told[before:] {
			if told.Change == incident.Reminded && told.Problem.Kind == kind {
				when = append(when, told.At)
			}
		}
	}
	if len(when) < 2 {
		return 0
	}
	return when[1].Sub(when[0])
}

func TestPoliciesThatRemindAlikeAreEqual(t *testing.T) {
	with := func(every time.Duration) incident.Policy {
		return incident.Policy{Rules: incident.Rules{Remind: &incident.Reminders{ByKind: map[probe.Kind]time.Duration{probe.KindDown: every}}}}
	}
	a, b, c, none := with(time.Hour), with(time.Hour), with(time.Minute), incident.Policy{}
	require.True(t, a.Equal(&b))
	require.False(t, a.Equal(&c))
	require.False(t, a.Equal(&none))
	require.False(t, none.Equal(&a))
	require.True(t, none.Equal(&incident.Policy{}))
}
