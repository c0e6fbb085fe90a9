package report_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/probe"
	"sonde/report"
	"sonde/store"
)

func TestExitCodeIsTheWorstOfItsProbes(t *testing.T) {
	up := times(4, good)
	for name, tc := range map[string]struct {
		probes map[string][]probe.Verdict // by name: results up to 10 s ago
		code   int
	}{
		"no probes at all is unknown":                                    {nil, report.ExitUnknown},
		"all good is 0":                                                  {map[string][]probe.Verdict{"a": up, "b": up}, report.ExitOK},
		"a probe that never ran is unknown":                              {map[string][]probe.Verdict{"a": up, "b": nil}, report.ExitUnknown},
		"a fault of the prober is unknown":                               {map[string][]probe.Verdict{"a": {blind}}, report.ExitUnknown},
		"a failure that is not confirmed is a warning":                   {map[string][]probe.Verdict{"a": {good, broken}}, report.ExitWarning},
		"an excluded answer is a warning":                                {map[string][]probe.Verdict{"a": {good, throttled}}, report.ExitWarning},
		"an outage is critical":                                          {map[string][]probe.Verdict{"a": times(4, refused)}, report.ExitCritical},
		"one refused credential is a warning":                            {map[string][]probe.Verdict{"a": {good, denied}}, report.ExitWarning},
		"an open auth_failed is critical although the state is degraded": {map[string][]probe.Verdict{"a": times(4, denied)}, report.ExitCritical},
		"an auth_failed that has recovered is good":                      {map[string][]probe.Verdict{"a": slices.Concat(times(4, denied), up)}, report.ExitOK},
		"an outage that has recovered is good":                           {map[string][]probe.Verdict{"a": slices.Concat(times(4, refused), up)}, report.ExitOK},
		"critical before warning before unknown": {
			map[string][]probe.Verdict{"a": times(4, refused), "b": {good, broken}, "c": nil, "d": up}, report.ExitCritical},
		"warning before unknown": {map[string][]probe.Verdict{"a": {good, broken}, "b": nil, "c": up}, report.ExitWarning},
		"unknown before good":    {map[string][]probe.Verdict{"a": up, "b": {blind}}, report.ExitUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.code, play(t, tc.probes).status().ExitCode())
		})
	}
}

func TestABudgetWeighsInTheExitCodeOfAProbeThatIsUp(t *testing.T) {
	// 60 slots of a minute: each that was bad spends one minute.
	results := func(bad int) []probe.Verdict { return slices.Concat(times(bad, slow), times(60-bad, good)) }
	for name, tc := range map[string]struct {
		promise string
		bad     int
		status  string
		code    int
	}{
		"a budget that is hardly touched is good":           {"90% over 1h", 1, "met", report.ExitOK},
		"a fifth of the budget left is good still":          {"75% over 1h", 12, "met", report.ExitOK},
		"less than a fifth of it is a warning":              {"75% over 1h", 13, "at_risk", report.ExitWarning},
		"a budget that is just used up is critical":         {"75% over 1h", 15, "spent", report.ExitCritical},
		"an overspent budget is critical":                   {"99% over 1h", 20, "spent", report.ExitCritical},
		"a promise that cannot be verified alarms nobody":   {"90% over 1h", -20, "unverified", report.ExitOK},
		"a promise of which nothing was seen alarms nobody": {"90% over 1h", -60, "no_data", report.ExitOK},
	} {
		t.Run(name, func(t *testing.T) {
			verdicts := results(max(0, tc.bad))
			for i := range -tc.bad {
				verdicts[i] = blind
			}
			if tc.bad == -60 {
				verdicts = times(60, throttled)
			}
			p := only(t, play(t, map[string][]probe.Verdict{"a": verdicts}, tc.promise).status())
			require.Equal(t, tc.status, p.Objectives[0].Status)
			// The state has its own code; only what the budget adds is looked at here.
			s := report.Status{Probes: []report.Probe{{State: report.Up, Objectives: p.Objectives}}}
			require.Equal(t, tc.code, s.ExitCode())
		})
	}
}

func TestExitCodeOfACheck(t *testing.T) {
	for name, tc := range map[string]struct {
		verdict probe.Verdict
		code    int
	}{
		"a good answer is 0":                       {good, report.ExitOK},
		"an expected 503 is good":                  {judge(probe.OK, 503), report.ExitOK},
		"a certificate that ends soon is good":     {judge(probe.CertificateExpiring, 200), report.ExitOK},
		"an unexpected 5xx is critical":            {broken, report.ExitCritical},
		"no answer is critical":                    {refused, report.ExitCritical},
		"a wrong body is critical":                 {judge(probe.BodyMismatch, 200), report.ExitCritical},
		"a refused credential is critical":         {denied, report.ExitCritical},
		"access that should be denied is critical": {judge(probe.AuthBypass, 200), report.ExitCritical},
		"a slow answer is a warning":               {slow, report.ExitWarning},
		"a 429 is a warning":                       {throttled, report.ExitWarning},
		"a 404 is a warning":                       {missing, report.ExitWarning},
		"a 4xx that counts is a warning, not down": {gone, report.ExitWarning},
		"a fault of the prober is unknown":         {blind, report.ExitUnknown},
		"a check that was stopped is unknown":      {judge(probe.Canceled, 0), report.ExitUnknown},
		"an address that is not asked is unknown":  {judge(probe.AddressBlocked, 0), report.ExitUnknown},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.code, report.VerdictExitCode(tc.verdict)) })
	}
}

func TestEveryReasonHasAnExitCodeBetween0And3(t *testing.T) {
	for _, reason := range probe.Reasons() {
		v := judge(reason, 0).Settle(probe.CountAlways, true)
		code := report.VerdictExitCode(v)
		require.Contains(t, []int{report.ExitOK, report.ExitWarning, report.ExitCritical, report.ExitUnknown}, code, reason)
		require.Equal(t, v.Outcome == probe.Good, code == report.ExitOK, reason)
		require.Equal(t, v.Outcome == probe.Unknown, code == report.ExitUnknown, reason)
	}
}

// play is a lab in which probes had results every 60 s, the latest 10 s ago. The probes
// make the same promises.
func play(t *testing.T, results map[string][]probe.Verdict, promises ...string) *lab {
	t.Helper()
	names := slices.Sorted(maps.Keys(results))
	var probes []store.Probe
	for _, name := range names {
		probes = append(probes, watched(name, 60, promises...))
	}
	l := newLab(t, probes...)
	for _, name := range names {
		if n := len(results[name]); n > 0 {
			l.play(name, 10+60*(n-1), results[name]...)
		}
	}
	return l
}
