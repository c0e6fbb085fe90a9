package notify_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

var checkout = notify.Subject{
	Name: "checkout", Group: "payments", URL: "https://checkout.example.com/healthz", Method: "GET",
	Runbook: "https://runbooks.example.com/checkout", Labels: map[string]string{"team": "payments"}, Interval: time.Minute,
	Routes: notify.Routes{
		Default: []string{"ops", "backup", "ops"},
		ByKind:  map[probe.Kind][]string{probe.KindAuthFailed: {"security"}, probe.KindRateLimited: nil},
	},
}

func transition(change incident.Change, kind probe.Kind) incident.Transition {
	at := time.Date(2026, 11, 23, 14, 32, 10, 0, time.UTC)
	return incident.Transition{
		Change: change, At: at,
		Problem: incident.Problem{ID: incident.FirstID, Kind: kind, Phase: incident.Open, Severity: probe.Critical,
			Cause: probe.Verdict{Status: 503, Class: probe.ClassServerError, Reason: probe.ServerError},
			Since: at.Add(-time.Minute), OpenedAt: at, Failures: 4, Openings: 1,
			Codes: []incident.CodeCount{{Code: 503, Count: 4}}, RecoverBy: at.Add(time.Hour)},
	}
}

func TestRoutes(t *testing.T) {
	for name, tc := range map[string]struct {
		kind probe.Kind
		want []string
	}{
		"a kind without a route of its own goes to the default, once": {probe.KindDown, []string{"ops", "backup"}},
		"a kind with a route goes there instead":                      {probe.KindAuthFailed, []string{"security"}},
		"a kind routed to nobody is told to nobody":                   {probe.KindRateLimited, nil},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, checkout.Routes.For(tc.kind))
		})
	}
}

func TestPlanTellsEveryDestinationTheSameFacts(t *testing.T) {
	budgets := []notify.BudgetFact{{Spent: time.Minute, Total: time.Hour, Judged: true}}
	messages := notify.Plan(transition(incident.Opened, probe.KindDown), checkout, "seoul-1", budgets)
	require.Len(t, messages, 2)
	require.Equal(t, messages[0].Body, messages[1].Body)
	m := messages[0]
	require.Equal(t, "ops", m.Destination)
	require.Equal(t, incident.FirstID, m.Incident)
	require.Equal(t, m.Body.At, m.CreatedAt)
	require.Equal(t, notify.Body{
		Probe: "checkout", Group: "payments", URL: "https://checkout.example.com/healthz", Method: "GET", Location: "seoul-1",
		Runbook: "https://runbooks.example.com/checkout", Labels: map[string]string{"team": "payments"}, Interval: time.Minute,
		Kind: probe.KindDown, Severity: probe.Critical,
		Cause: probe.Verdict{Status: 503, Class: probe.ClassServerError, Reason: probe.ServerError},
		Codes: []incident.CodeCount{{Code: 503, Count: 4}}, Failures: 4, Openings: 1,
		Since:    time.Date(2026, 11, 23, 14, 31, 10, 0, time.UTC),
		OpenedAt: time.Date(2026, 11, 23, 14, 32, 10, 0, time.UTC), At: time.Date(2026, 11, 23, 14, 32, 10, 0, time.UTC),
		RecoverBy: time.Date(2026, 11, 23, 15, 32, 10, 0, time.UTC), Budgets: budgets,
	}, m.Body)
}

func TestThatWhatWasDegradedIsDownIsToldToThoseWhoHeardOfTheFormer(t *testing.T) {
	s := checkout
	s.Routes = notify.Routes{Default: []string{"ops", "pager"}, ByKind: map[probe.Kind][]string{probe.KindDegraded: {"team", "ops"}}}
	told := func(change incident.Change, kind probe.Kind) (names []string) {
		for _, m := range notify.Plan(transition(change, kind), s, "seoul-1", nil) {
			names = append(names, m.Destination)
		}
		return names
	}
	require.Equal(t, []string{"team", "ops"}, told(incident.Opened, probe.KindDegraded))
	require.Equal(t, []string{"ops", "pager", "team"}, told(incident.Risen, probe.KindDown), "each once")
	require.Equal(t, []string{"ops", "pager"}, told(incident.Overdue, probe.KindDown))
}

func TestWhatComesAndGoesIsToldToThoseWhoFollowIt(t *testing.T) {
	relapse := transition(incident.Reopened, probe.KindDown)
	relapse.Quiet, relapse.Problem.Telling.Flapping = true, true
	messages := notify.Plan(relapse, checkout, "seoul-1", nil)
	require.NotEmpty(t, messages)
	require.True(t, messages[0].Body.Quiet)
	require.True(t, messages[0].Body.Flapping)
}

func TestNobodyIsToldOfARuleOfTheBusiness(t *testing.T) {
	opened := transition(incident.Opened, probe.KindClientFault)
	opened.Problem.Telling.Hushed = true
	require.Empty(t, notify.Plan(opened, checkout, "seoul-1", nil))
}

func TestPlanIsSilentWhenAnIncidentCloses(t *testing.T) {
	require.Empty(t, notify.Plan(transition(incident.ClosedNow, probe.KindDown), checkout, "seoul-1", nil))
}

func TestKeysTellMessagesApart(t *testing.T) {
	seen := map[string]bool{}
	for _, change := range []incident.Change{incident.Opened, incident.Changed, incident.Reminded, incident.Resolved, incident.Reopened} {
		for _, later := range []time.Duration{0, time.Millisecond} {
			tr := transition(change, probe.KindDown)
			tr.At = tr.At.Add(later)
			for _, m := range notify.Plan(tr, checkout, "seoul-1", nil) {
				require.False(t, seen[m.Key], m.Key)
				seen[m.Key] = true
			}
		}
	}
	require.Len(t, seen, 5*2*2)
}

func TestStatesReadWhatTheyWrite(t *testing.T) {
	for _, state := range []notify.State{notify.StatePending, notify.StateSending, notify.StateSent, notify.StateDead} {
		written, err := state.MarshalText()
		require.NoError(t, err)
		var read notify.State
		require.NoError(t, read.UnmarshalText(written))
		require.Equal(t, state, read)
	}
	var s notify.State
	require.ErrorContains(t, s.UnmarshalText([]byte("lost")), "pending, sending, sent, dead")
}

// A replayed transition plans the same messages, and the outbox keeps each key once.
func ExamplePlan() {
	opened := transition(incident.Opened, probe.KindDown)
	for _, m := range notify.Plan(opened, checkout, "seoul-1", nil) {
		fmt.Println(m.Key)
	}
	// Output:
	// 1000:ops:opened:1795444330000
	// 1000:backup:opened:1795444330000
}
