package incident_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

func TestFromResult(t *testing.T) {
	attempt := func(v probe.Verdict, retryAfter time.Duration) probe.Attempt {
		return probe.Attempt{Verdict: v, RetryAfter: probe.Announcement{Wait: retryAfter, Made: retryAfter > 0}, Timings: probe.Timings{
			DNS: 1999, Connect: 2999, TLS: 3999, FirstByte: 4999, Transfer: 5999, Total: 20_999,
		}}
	}
	cut := probe.Timings{DNS: 1000, Connect: 2000, TLS: 3000, FirstByte: 4000, Transfer: 5000, Total: 20_000}
	for name, tc := range map[string]struct {
		result probe.Result
		want   incident.Input
	}{
		"a good run": {
			probe.Result{At: t0, Attempts: []probe.Attempt{attempt(good, 0)}, Verdict: good, Elapsed: 20_999},
			incident.Input{At: t0, Verdict: good, Attempts: 1, Elapsed: 20_000, Timings: cut}},
		"a run that was never begun": {
			probe.Result{Run: probe.First, At: t0, Verdict: blind},
			incident.Input{Run: probe.First, At: t0, Verdict: blind}},
		"a 5xx that a retry cured is bad but cured": {
			probe.Result{At: t0, Attempts: []probe.Attempt{attempt(broken, time.Hour), attempt(good, 0)}, Verdict: broken},
			incident.Input{At: t0, Verdict: broken, Attempts: 2, Cured: true, Timings: cut}},
		"a forgiven failure leaves a good run, which needs no cure": {
			probe.Result{At: t0, Attempts: []probe.Attempt{attempt(refused, 0), attempt(good, 0)}, Verdict: good},
			incident.Input{At: t0, Verdict: good, Attempts: 2, Timings: cut}},
		"an announced return counts from the end of the run, in whole seconds and not before it": {
			probe.Result{Run: probe.Recheck, At: t0, Attempts: []probe.Attempt{attempt(broken, 90*time.Second)}, Verdict: broken, Elapsed: 1500 * time.Millisecond},
			incident.Input{Run: probe.Recheck, At: t0, Verdict: broken, Attempts: 1, RecoverBy: at(92), Elapsed: 1500 * time.Millisecond, Timings: cut}},
		"an announcement of now is one": {
			probe.Result{At: t0, Attempts: []probe.Attempt{{Verdict: shed, RetryAfter: probe.Announcement{Made: true}}}, Verdict: shed, Forgone: 2},
			incident.Input{At: t0, Verdict: shed, Attempts: 1, RecoverBy: t0, Forgone: 2}},
		"a limit that a retry ran into speaks of us": {
			probe.Result{At: t0, Attempts: []probe.Attempt{attempt(broken, 0), attempt(throttled, time.Minute)}, Verdict: broken},
			incident.Input{At: t0, Verdict: broken, Attempts: 2, RecoverBy: at(60), Throttled: true, Timings: cut}},
		"over both families the one that announces is heard": {
			probe.Result{At: t0, Attempts: []probe.Attempt{attempt(refused, 0)}, Verdict: refused, Beside: &probe.Attempt{Verdict: throttled, RetryAfter: probe.Announcement{Wait: time.Minute, Made: true}}},
			incident.Input{At: t0, Verdict: refused, Attempts: 1, RecoverBy: at(60), Throttled: true, Timings: cut}},
		"what a redirect or a 4xx announces is no return": {
			probe.Result{At: t0, Attempts: []probe.Attempt{attempt(missing, time.Minute)}, Verdict: missing},
			incident.Input{At: t0, Verdict: missing, Attempts: 1, Timings: cut}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, incident.FromResult(&tc.result)) })
	}
}

func TestCloneSharesNothing(t *testing.T) {
	w := world{policy: usual(60)}
	w.feed(0, denied, denied, denied, broken, broken)
	require.NotEmpty(t, w.state.Problems)
	require.NotEmpty(t, w.state.Suspect.Codes)
	copied := w.state.Clone()
	require.Equal(t, w.state, *copied)

	copied.Problems[0].Failures = 99
	copied.Problems[0].Codes[0].Count = 99
	copied.Suspect.Codes[0].Count = 99
	require.Equal(t, 3, w.state.Problems[0].Failures)
	require.EqualValues(t, 3, w.state.Problems[0].Codes[0].Count)
	require.EqualValues(t, 2, w.state.Suspect.Codes[0].Count)
}
