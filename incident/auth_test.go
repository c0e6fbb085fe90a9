package incident_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

func TestAuthFailed(t *testing.T) {
	for name, tc := range map[string]struct {
		interval int
		verdicts []probe.Verdict
		told     []string
	}{
		"three refusals that span auth_after open": {60, []probe.Verdict{denied, denied, denied}, []string{"opened auth_failed 2m0s"}},
		"three that do not span it do not":         {30, []probe.Verdict{denied, denied, denied}, nil},
		"the fourth does":                          {30, []probe.Verdict{denied, denied, denied, denied}, []string{"opened auth_failed 1m30s"}},
		"two that span it do not":                  {300, []probe.Verdict{denied, denied}, nil},
		"401 and 403 are the same trouble":         {60, []probe.Verdict{denied, forbidden, denied}, []string{"opened auth_failed 2m0s"}},
		"a good result breaks the row":             {60, []probe.Verdict{denied, denied, good, denied, denied}, nil},
		"a 5xx breaks the row":                     {60, []probe.Verdict{denied, denied, broken, denied, denied}, nil},
		"a 404 breaks the row":                     {60, []probe.Verdict{denied, denied, missing, denied, denied}, nil},
		"throttling breaks the row":                {60, []probe.Verdict{denied, denied, throttled, denied, denied}, nil},
		"the prober's own fault does not":          {60, []probe.Verdict{denied, denied, blind, denied}, []string{"opened auth_failed 3m0s"}},
		"while it is open nothing opens a second time": {60, []probe.Verdict{denied, denied, denied, denied, denied, denied, denied},
			[]string{"opened auth_failed 2m0s"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{policy: usual(tc.interval)}
			require.Equal(t, tc.told, w.feed(0, tc.verdicts...))
		})
	}
}

func TestAuthNeverAsksMoreOften(t *testing.T) {
	w := world{policy: usual(300), answer: failing(denied, 0, 1<<30)}
	w.play(0, 86_400)
	require.Empty(t, w.rechecked)
	require.Equal(t, []string{"opened auth_failed 10m0s"}, lines(w.told))

	t.Run("not even when the prober is at fault in between", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.policy.DownAfter = time.Hour
		for i, v := range []probe.Verdict{broken, denied, blind, denied, denied, blind} {
			w.feed(60*i, v)
			require.Equal(t, 1, w.state.Suspect.Results, "the suspicion of down is undecided all the time")
			require.Equal(t, i == 0, !w.state.Due.IsZero())
		}
		require.Equal(t, []string{"opened auth_failed 4m0s"}, lines(w.told))
	})
}

func TestRechecksDoNotCountAsRefusals(t *testing.T) {
	w := world{policy: usual(60)}
	w.feed(0, denied)
	for _, second := range []int{10, 20, 30, 40, 100, 110} {
		w.step(incident.Input{Run: probe.Recheck, At: at(second), Verdict: denied, Attempts: 1})
	}
	require.Equal(t, 1, w.state.Row.Results)
	w.step(incident.Input{Run: probe.Recheck, At: at(115), Verdict: good, Attempts: 1})
	require.Equal(t, 1, w.state.Row.Results, "nor do they break the row")
	w.step(incident.Input{Run: probe.First, At: at(118), Verdict: denied, Attempts: 1})
	require.Equal(t, 2, w.state.Row.Results, "a first run at start counts")
	require.Equal(t, []string{"opened auth_failed 2m0s"}, w.feed(120, denied))
}

func TestWhatAnIncidentTells(t *testing.T) {
	w := world{policy: usual(60)}
	w.step(incident.Input{At: at(0), Verdict: broken, Attempts: 2, RecoverBy: at(3600)})
	w.step(incident.Input{At: at(60), Verdict: refused, Attempts: 2, RecoverBy: at(1800)})
	w.step(incident.Input{At: at(120), Verdict: gateway, Attempts: 2})
	require.Len(t, w.told, 1)
	require.Equal(t, incident.Problem{
		ID: incident.FirstID, Kind: probe.KindDown, Phase: incident.Open, Severity: probe.Critical, Cause: gateway,
		Since: at(0), OpenedAt: at(120), Failures: 3, Openings: 1, RecoverBy: at(3600), Promise: at(3600),
		Codes:   []incident.CodeCount{{Code: 503, Count: 1}, {Code: 0, Count: 1}, {Code: 502, Count: 1}},
		Reading: incident.Reading{Level: incident.NeverWorked, Over: 2 * time.Minute},
	}, w.told[0].Problem)

	w.step(incident.Input{At: at(180), Verdict: gateway, Attempts: 2, RecoverBy: at(7200)})
	p := w.state.Open(probe.KindDown)
	require.Equal(t, 4, p.Failures)
	require.Equal(t, at(7200), p.RecoverBy, "a later announcement holds")
	w.step(incident.Input{At: at(240), Verdict: gateway, Attempts: 2, RecoverBy: at(600)})
	require.Equal(t, at(7200), w.state.Open(probe.KindDown).RecoverBy, "an earlier one does not")
	require.EqualValues(t, 3, p.Codes[2].Count)
	require.EqualValues(t, 1, w.told[0].Problem.Codes[2].Count, "what was told is not touched any more")

	auth := world{policy: usual(60)}
	auth.feed(0, denied, forbidden, denied)
	require.Equal(t, probe.Critical, auth.told[0].Problem.Severity)
	require.Equal(t, denied, auth.told[0].Problem.Cause)
	require.Equal(t, []incident.CodeCount{{Code: 401, Count: 2}, {Code: 403, Count: 1}}, auth.told[0].Problem.Codes)
}

func TestCodesAreBounded(t *testing.T) {
	w := world{policy: usual(60)}
	for i := range 40 {
		w.feed(60*i, judge(probe.ServerError, 500+i))
	}
	p := w.state.Open(probe.KindDown)
	require.Equal(t, 40, p.Failures)
	require.Len(t, p.Codes, 8)
	require.Equal(t, incident.CodeCount{Code: 500, Count: 1}, p.Codes[0], "the first ones are kept")
	w.feed(2400, judge(probe.ServerError, 507))
	require.Equal(t, incident.CodeCount{Code: 507, Count: 2}, w.state.Open(probe.KindDown).Codes[7])

	still := world{policy: usual(60)}
	still.policy.DownAfter = 24 * time.Hour
	for i := range 40 {
		still.feed(60*i, judge(probe.ServerError, 500+i))
	}
	require.Len(t, still.state.Suspect.Codes, 8, "nor does a suspicion grow")
}

func TestChangedCause(t *testing.T) {
	opening := []probe.Verdict{broken, broken, broken}
	for name, tc := range map[string]struct {
		then []probe.Verdict
		told []string
	}{
		"one result with another cause changes nothing": {[]probe.Verdict{refused, broken}, nil},
		"two in a row do":                       {[]probe.Verdict{refused, refused}, []string{"changed down 4m0s"}},
		"two that differ do not":                {[]probe.Verdict{refused, gateway, refused, gateway}, nil},
		"another code is another cause":         {[]probe.Verdict{gateway, gateway}, []string{"changed down 4m0s"}},
		"the old cause in between begins anew":  {[]probe.Verdict{refused, broken, refused}, nil},
		"a good result in between begins anew":  {[]probe.Verdict{refused, good, refused}, nil},
		"what says nothing in between does not": {[]probe.Verdict{refused, blind, refused}, []string{"changed down 5m0s"}},
		"it can change back":                    {[]probe.Verdict{refused, refused, broken, broken}, []string{"changed down 4m0s", "changed down 6m0s"}},
		"it is told once":                       {[]probe.Verdict{refused, refused, refused, refused}, []string{"changed down 4m0s"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{policy: usual(60)}
			w.feed(0, opening...)
			require.Equal(t, tc.told, w.feed(180, tc.then...))
			if tc.told != nil {
				last := w.told[len(w.told)-1].Problem
				require.Equal(t, tc.then[len(tc.then)-1], last.Cause)
				require.Zero(t, last.Others)
			}
		})
	}
	t.Run("of auth_failed, too, and anything else begins anew", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.feed(0, denied, denied, denied)
		require.Empty(t, w.feed(180, forbidden, missing, forbidden))
		require.Equal(t, []string{"changed auth_failed 6m0s"}, w.feed(360, forbidden))
	})
}

func TestRefusalsNowAndThenOpenToo(t *testing.T) {
	intermittent := []probe.Verdict{denied, good, denied, good, good, denied, good, denied}
	policy := usual(60)
	policy.Rules = incident.UsualRules()

	t.Run("and it lasts until the bucket is low", func(t *testing.T) {
		w := &world{policy: policy}
		require.Equal(t, []string{"opened auth_failed 7m0s"}, w.feed(0, intermittent...))
		p := w.state.Open(probe.KindAuthFailed)
		require.Equal(t, 4, p.Failures)
		require.Equal(t, t0, p.Since)
		require.Equal(t, []incident.CodeCount{{Code: 401, Count: 4}}, p.Codes)
		require.Empty(t, w.feed(480, times(85, good)...))
		require.Equal(t, []string{"resolved auth_failed 1h33m0s"}, w.feed(480+85*60, good))
		require.Zero(t, w.state.Buckets)
	})
	t.Run("and nobody is asked more often for it", func(t *testing.T) {
		w := &world{policy: policy, answer: func(second int) probe.Verdict { return intermittent[second/60%len(intermittent)] }}
		w.play(0, 7*60)
		require.Equal(t, []string{"opened auth_failed 7m0s"}, lines(w.told))
		require.Empty(t, w.rechecked)
	})
	t.Run("and a row of them recovers as a row does", func(t *testing.T) {
		w := &world{policy: policy}
		w.feed(0, intermittent...)
		w.feed(480, denied, denied)
		require.Equal(t, []string{"resolved auth_failed 12m0s"}, w.feed(600, good, good, good))
	})
	t.Run("without the rule they do not", func(t *testing.T) {
		w := &world{policy: policy}
		w.policy.Rules.AuthFailed = incident.Leak{}
		require.Empty(t, w.feed(0, intermittent...))
		require.Equal(t, []string{"opened auth_failed 9m0s"}, w.feed(480, denied, denied))
	})
	t.Run("nor does anything where no such incident is wanted", func(t *testing.T) {
		w := &world{policy: policy}
		w.policy.Rules.Off = w.policy.Rules.Off.With(probe.KindAuthFailed)
		require.Empty(t, w.feed(0, times(20, denied)...))
		require.True(t, w.state.Hold.Ours(), "but accounts are not locked")
	})
}
