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

// The more urgent it is, the sooner and the more often people are reminded; and as soon as
// that when it has become so.
func TestRemindersFollowTheSeverity(t *testing.T) {
	minutes := func(all ...int) (d []time.Duration) {
		for _, n := range all {
			d = append(d, time.Duration(n)*time.Minute)
		}
		return d
	}
	steps := map[probe.Severity][]time.Duration{probe.Critical: minutes(15, 30, 60, 240), probe.Warning: minutes(60, 240), probe.Info: nil}
	for name, tc := range map[string]struct {
		kind     probe.Kind
		severity probe.Severity
		byKind   map[probe.Kind]time.Duration
		want     []time.Duration // within ten hours
	}{
		"what is critical, then as the last step says": {probe.KindDown, probe.Critical, nil, minutes(15, 30, 60, 240, 480)},
		"a warning less":            {probe.KindLatency, probe.Warning, nil, minutes(60, 240, 480)},
		"information never":         {probe.KindRateLimited, probe.Info, nil, nil},
		"what its kind says counts": {probe.KindDown, probe.Critical, map[probe.Kind]time.Duration{probe.KindDown: 5 * time.Hour}, minutes(300, 600)},
		"what is spent stays spent": {probe.KindBudgetThreshold, probe.Critical, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			policy := usual(60)
			policy.RemindEvery, policy.Rules.Remind = 4*time.Hour, &incident.Reminders{ByKind: tc.byKind, BySeverity: steps}
			w := &world{policy: policy}
			p := incident.Problem{ID: incident.FirstID, Kind: tc.kind, Severity: tc.severity, Phase: incident.Open, OpenedAt: at(0)}
			p.RemindAt = policy.FirstReminder(&p)
			w.state.Problems = []incident.Problem{p}
			var got []time.Duration
			for minute := range 10*60 + 1 {
				before := len(w.told)
				w.step(incident.Input{Kind: incident.Idle, At: at(60 * minute), Verdict: probe.Miss(probe.Canceled)})
				for _, told := range w.told[before:] {
					if told.Change == incident.Reminded {
						got = append(got, told.At.Sub(at(0)))
					}
				}
			}
			require.Equal(t, tc.want, got)
		})
	}
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
	severe := func(steps ...time.Duration) incident.Policy {
		return incident.Policy{Rules: incident.Rules{Remind: &incident.Reminders{BySeverity: map[probe.Severity][]time.Duration{probe.Critical: steps}}}}
	}
	d, e, f := severe(time.Hour, 2*time.Hour), severe(time.Hour, 2*time.Hour), severe(time.Hour)
	require.True(t, d.Equal(&e))
	require.False(t, d.Equal(&f))
}
