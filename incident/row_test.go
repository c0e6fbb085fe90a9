package incident_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

var (
	bypassed = judge(probe.AuthBypass, 200)
	business = judge(probe.BusinessError, 500)
)

// ruled is a probe with the usual rules.
func ruled(answer func(int) probe.Verdict) *world {
	w := &world{policy: usual(60), answer: answer}
	w.policy.Rules = incident.UsualRules()
	return w
}

func TestRejectedRequests(t *testing.T) {
	for name, tc := range map[string]struct {
		results []probe.Verdict
		told    []string
		level   int
	}{
		"three in a row that never worked":            {times(3, missing), []string{"opened client_fault 2m0s"}, incident.NeverWorked},
		"three in a row of a request that worked":     {[]probe.Verdict{good, missing, gone, missing}, []string{"opened client_fault 3m0s"}, incident.WorkedUntil},
		"three in a row, and something else before":   {[]probe.Verdict{good, denied, missing, missing, missing}, []string{"opened client_fault 4m0s"}, incident.WorkedOnce},
		"now and then, until the bucket is full":      {[]probe.Verdict{missing, good, missing, good, missing, good, missing}, []string{"opened client_fault 6m0s"}, incident.WorkedOnce},
		"two are not enough":                          {[]probe.Verdict{missing, missing, good, good}, nil, 0},
		"what the prober did not see breaks no row":   {[]probe.Verdict{missing, blind, missing, missing}, []string{"opened client_fault 3m0s"}, incident.NeverWorked},
		"another trouble does":                        {[]probe.Verdict{missing, missing, denied, denied, good}, nil, 0},
		"it resolves as down does":                    {[]probe.Verdict{missing, missing, missing, good, good, good}, []string{"opened client_fault 2m0s", "resolved client_fault 5m0s"}, 0},
		"neither a 429 nor a refusal is its business": {[]probe.Verdict{throttled, denied, throttled, denied}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := ruled(nil)
			require.Equal(t, tc.told, w.feed(0, tc.results...))
			if p := w.state.Open(probe.KindClientFault); p != nil {
				require.Equal(t, probe.Warning, p.Severity)
				require.Equal(t, tc.level, p.Reading.Level)
			}
		})
	}
}

func TestRejectedRequestsAreTunedAndSwitchedOff(t *testing.T) {
	w := ruled(nil)
	w.policy.Rules.ClientFault.After = 10 * time.Minute
	w.policy.Rules.ClientFault.Leak.Fire = 3 * time.Hour
	require.Equal(t, []string{"opened client_fault 5m0s"}, w.feed(0, times(11, missing)...), "by the bucket, before the row is long enough")
	w.policy.Rules.ClientFault = incident.ClientFault{}
	require.Equal(t, []string{"withdrawn client_fault 11m0s"}, w.feed(660, missing))
	require.Empty(t, w.feed(720, times(20, missing)...))
	require.Zero(t, w.state.Buckets)
}

func TestABusinessErrorIsSeenAndNotTold(t *testing.T) {
	w := ruled(nil)
	require.Equal(t, []string{"opened client_fault 2m0s"}, w.feed(0, times(3, business)...))
	p := w.state.Open(probe.KindClientFault)
	require.Equal(t, probe.Info, p.Severity)
	require.True(t, p.Telling.Hushed)
	require.Equal(t, []string{"changed client_fault 4m0s"}, w.feed(180, missing, missing))
	require.False(t, w.state.Open(probe.KindClientFault).Telling.Hushed, "but what is a failure is told")
	require.Equal(t, []string{"changed client_fault 6m0s"}, w.feed(300, business, business))
	require.False(t, w.state.Open(probe.KindClientFault).Telling.Hushed, "and then how it ends")
}

func TestAccessThatShouldBeRefused(t *testing.T) {
	closed := judge(probe.OK, 401) // as expected

	t.Run("is looked at again at once", func(t *testing.T) {
		w := ruled(nil)
		w.step(incident.Input{At: at(0), Verdict: bypassed, Attempts: 1, Elapsed: 42*time.Millisecond + 7*time.Microsecond})
		require.Equal(t, at(0).Add(43*time.Millisecond), w.state.Due)
		require.Equal(t, []string{"opened auth_bypass 43ms"}, w.step(incident.Input{Run: probe.Recheck, At: w.state.Due, Verdict: bypassed, Attempts: 1}))
		require.Equal(t, probe.Critical, w.state.Open(probe.KindAuthBypass).Severity)
		require.Zero(t, w.state.Due)
	})
	t.Run("and is nothing if the second look does not show it", func(t *testing.T) {
		w := ruled(nil)
		w.step(incident.Input{At: at(0), Verdict: bypassed, Attempts: 1})
		require.Empty(t, w.step(incident.Input{Run: probe.Recheck, At: w.state.Due, Verdict: closed, Attempts: 1}))
		require.Empty(t, w.feed(60, bypassed), "so that the next one is the first again")
		require.NotZero(t, w.state.Due)
	})
	t.Run("waits for the next slot where a request may not be repeated", func(t *testing.T) {
		w := ruled(nil)
		w.policy.Repeatable = false
		require.Empty(t, w.feed(0, bypassed))
		require.Zero(t, w.state.Due)
		require.Equal(t, []string{"opened auth_bypass 1m0s"}, w.feed(60, bypassed))
	})
	t.Run("recovers when it is refused twice", func(t *testing.T) {
		w := ruled(nil)
		w.feed(0, bypassed, bypassed)
		require.Empty(t, w.feed(120, closed, bypassed, closed))
		require.Equal(t, []string{"resolved auth_bypass 5m0s"}, w.feed(300, closed))
	})
	t.Run("is not told where that is not wanted", func(t *testing.T) {
		w := ruled(nil)
		w.policy.Rules.AuthBypass = false
		require.Empty(t, w.feed(0, times(9, bypassed)...))
		require.Zero(t, w.state.Due)
	})
}

func TestTooManyRequests(t *testing.T) {
	w := ruled(nil)
	require.Equal(t, []string{"opened rate_limited 6m0s"}, w.feed(0, throttled, good, good, throttled, good, good, throttled))
	p := w.state.Open(probe.KindRateLimited)
	require.Equal(t, probe.Info, p.Severity)
	require.Equal(t, t0, p.Since, "since the first of them")
	require.Equal(t, []incident.CodeCount{{Code: 429, Count: 3}}, p.Codes)

	require.Empty(t, w.feed(420, good, good, good, good, good, good), "two of the latest ten were 429")
	require.Equal(t, []string{"resolved rate_limited 13m0s"}, w.feed(780, good), "and now one")
	require.Zero(t, w.state.Limits, "when it recovers nothing is remembered")
}

func TestTooManyRequestsForLongAreAWarning(t *testing.T) {
	w := ruled(nil)
	told := w.feed(0, times(40, throttled)...)
	require.Equal(t, []string{"opened rate_limited 2m0s", "escalated rate_limited 32m0s"}, told)
	require.Equal(t, probe.Warning, w.state.Open(probe.KindRateLimited).Severity)
	require.Equal(t, 40, w.state.Open(probe.KindRateLimited).Failures)

	w = ruled(nil)
	w.policy.Rules.RateLimited = incident.RateLimited{Results: 5}
	require.Equal(t, []string{"opened rate_limited 4m0s"}, w.feed(0, times(60, throttled)...), "as it is tuned")
	w.policy.Rules.RateLimited = incident.RateLimited{}
	require.Equal(t, []string{"withdrawn rate_limited 1h0m0s"}, w.feed(3600, throttled))
}
