package configs_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/configs"
	"sonde/incident"
	"sonde/probe"
)

func TestRulesAboutSeveralProbesAreTunedAndTurnedOff(t *testing.T) {
	shipped := incident.UsualRules()
	tuned, off, again := shipped, shipped, shipped
	tuned.AuthGroup.Share, tuned.GatewaySurge.Within, tuned.NoData.Intervals = 0.25, 2*time.Minute, 5
	off.AuthGroup, off.GatewaySurge, off.NoData, off.ProberNetwork, off.Prober = incident.AuthGroup{}, incident.GatewaySurge{}, incident.NoData{}, incident.ProberNetwork{}, false
	for _, kind := range []probe.Kind{probe.KindAuthGroup, probe.KindGatewaySurge, probe.KindNoData, probe.KindProberNetwork, probe.KindProber} {
		off.Off = off.Off.With(kind)
	}
	again.NoData.After = time.Hour
	for name, tc := range map[string]struct {
		defaults, own string
		want          incident.Rules
	}{
		"nothing is said":                      {"{}", "{}", shipped},
		"a mapping tunes what it names":        {"{}", "{auth_group: {share: 25%}, gateway_surge: {within: 2m}, no_data: {intervals: 5}}", tuned},
		"defaults tune, and the probe goes on": {"{auth_group: {share: 25%}, gateway_surge: {within: 2m}}", "{no_data: {intervals: 5}, auth_group: true}", tuned},
		"false turns off":                      {"{}", "{auth_group: false, gateway_surge: false, no_data: false, prober_network: false, prober: false}", off},
		"true turns on as it is shipped":       {"{auth_group: false, no_data: false, prober: false}", "{auth_group: true, no_data: true, prober: true}", shipped},
		"a mapping turns on":                   {"{no_data: false}", "{no_data: {after: 1h}}", again},
	} {
		t.Run(name, func(t *testing.T) {
			text := "defaults: {notify: [], alert: " + tc.defaults + "}\nprobes: [{name: a, url: \"https://a.example/\", alert: " + tc.own + "}]"
			config, _, err := configs.Parse("sonde.yaml", []byte(text), configs.Options{Env: nothing})
			require.NoError(t, err)
			require.Equal(t, tc.want, config.Probes[0].Policy.Rules)
		})
	}
}

func TestProbesShareACredentialThatIsWrittenTheSame(t *testing.T) {
	text := `
defaults: {notify: []}
probes:
  - {name: a, url: "https://a.example/", auth: {bearer: "${env:TOKEN}"}}
  - {name: b, url: "https://b.example/", auth: {bearer: "${env:TOKEN}"}}
  - {name: c, url: "https://c.example/", auth: {bearer: "${env:OTHER}"}}
  - {name: d, url: "https://d.example/", headers: {x-api-key: "${env:KEY}", accept: text/html}}
  - {name: e, url: "https://e.example/", headers: {X-Api-Key: "${env:KEY}"}}
  - {name: f, url: "https://f.example/", auth: {bearer: "${env:TOKEN}"}, auth_group: idp}
  - {name: g, url: "https://g.example/", auth_group: idp}
  - {name: h, url: "https://h.example/"}
`
	config, _, err := configs.Parse("sonde.yaml", []byte(text), configs.Options{Env: nothing})
	require.NoError(t, err)
	want := []string{"of/a", "of/a", "of/c", "of/d", "of/d", "idp", "idp", ""}
	for i, p := range config.Probes {
		require.Equal(t, want[i], p.Credential, p.Name)
	}
}

func TestTargetsOnThisMachineSayNothingOfItsNetwork(t *testing.T) {
	probes := "\ndefaults: {notify: []}\nprobes: [{name: a, url: \"http://127.0.0.1/\"}, {name: b, url: \"http://10.0.0.1/\"}]"
	for references, local := range map[string]bool{
		"": true, "references: [https://one.example/, https://two.example/]": true, "references: [\"http://[::1]/\", http://127.0.0.2/]": false,
	} {
		config, _, err := configs.Parse("sonde.yaml", []byte(references+probes), configs.Options{Env: nothing})
		require.NoError(t, err)
		require.Equal(t, local, config.Probes[0].Policy.Local, references)
		require.False(t, config.Probes[1].Policy.Local)
	}
}

func TestTheRateOfAGroupIsGivenToItsProbes(t *testing.T) {
	text := `
groups: {payments: {rate: {class: server_error, over: 5m, above: 1%, min_samples: 100}}}
defaults: {notify: [], interval: 5s}
probes: [{name: a, group: payments, url: "https://a.example/"}, {name: b, url: "https://b.example/"}]
`
	config, _, err := configs.Parse("sonde.yaml", []byte(text), configs.Options{Env: nothing})
	require.NoError(t, err)
	want := &incident.Rate{Class: probe.ClassServerError, Over: 5 * time.Minute, Above: 10_000, MinSamples: 100}
	require.Equal(t, want, config.Probes[0].Policy.Rules.GroupRate)
	require.Nil(t, config.Probes[1].Policy.Rules.GroupRate)
}

func TestRemindersGoByKind(t *testing.T) {
	const hour = time.Hour
	for name, tc := range map[string]struct {
		defaults, own string
		every         time.Duration
		of            map[probe.Kind]time.Duration
	}{
		"nothing is said":       {"{}", "{}", 4 * hour, nil},
		"one for all":           {"{}", "{remind_every: 1h}", hour, nil},
		"by kind":               {"{}", "{remind_every: {default: 2h, budget_slow: 3h, cache: 0s}}", 2 * hour, map[probe.Kind]time.Duration{probe.KindBudgetSlow: 3 * hour, probe.KindCache: 0}},
		"a probe adds to those": {"{remind_every: {down: 1h, cache: 9h}}", "{remind_every: {cache: 5h}}", 4 * hour, map[probe.Kind]time.Duration{probe.KindDown: hour, probe.KindCache: 5 * hour}},
		"and keeps them":        {"{remind_every: {down: 1h}}", "{remind_every: 2h}", 2 * hour, map[probe.Kind]time.Duration{probe.KindDown: hour}},
	} {
		t.Run(name, func(t *testing.T) {
			text := "defaults: {notify: [], alert: " + tc.defaults + "}\nprobes: [{name: a, url: \"https://a.example/\", alert: " + tc.own + "}, {name: b, url: \"https://b.example/\"}]"
			config, _, err := configs.Parse("sonde.yaml", []byte(text), configs.Options{Env: nothing})
			require.NoError(t, err)
			policy := config.Probes[0].Policy
			require.Equal(t, tc.every, policy.RemindEvery)
			if tc.of == nil {
				require.Nil(t, policy.Rules.Remind)
				return
			}
			require.Equal(t, tc.of, policy.Rules.Remind.ByKind)
			if own := config.Probes[1].Policy.Rules.Remind; own != nil {
				require.NotEqual(t, 5*hour, own.ByKind[probe.KindCache], "what one probe says is not said of another")
			}
		})
	}
}

func TestRemindersGoBySeverity(t *testing.T) {
	const minute = time.Minute
	for name, tc := range map[string]struct {
		defaults, own string
		want          map[probe.Severity][]time.Duration
	}{
		"steps, one length, or never": {
			"{}", "{remind_every: {critical: [15m, 30m, 1h, 4h], warning: 4h, info: 0s}}",
			map[probe.Severity][]time.Duration{probe.Critical: {15 * minute, 30 * minute, 60 * minute, 240 * minute}, probe.Warning: {240 * minute}, probe.Info: nil},
		},
		"a probe adds to the defaults": {
			"{remind_every: {critical: 1h}}", "{remind_every: {warning: 2h}}",
			map[probe.Severity][]time.Duration{probe.Critical: {60 * minute}, probe.Warning: {120 * minute}},
		},
		"one for all replaces them": {"{remind_every: {critical: 1h}}", "{remind_every: 0s}", nil},
	} {
		t.Run(name, func(t *testing.T) {
			text := "defaults: {notify: [], alert: " + tc.defaults + "}\nprobes: [{name: a, url: \"https://a.example/\", alert: " + tc.own + "}]"
			config, _, err := configs.Parse("sonde.yaml", []byte(text), configs.Options{Env: nothing})
			require.NoError(t, err)
			require.Equal(t, tc.want, config.Probes[0].Policy.Rules.Remind.BySeverity)
		})
	}
}
