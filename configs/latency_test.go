package configs_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/configs"
	"sonde/incident"
	"sonde/probe"
)

func TestSlowerThanUsualIsToldUntilItIsTurnedOff(t *testing.T) {
	usual := incident.Slower{Factor: 1.25, Floor: 25 * time.Millisecond}
	for alert, want := range map[string]incident.Slower{
		"":                                   usual,
		"latency: true":                      usual,
		"latency: false":                     {},
		"latency: {factor: 2}":               {Factor: 2, Floor: 25 * time.Millisecond},
		"latency: {floor: 1s}":               {Factor: 1.25, Floor: time.Second},
		"latency: {factor: 1.5, floor: 5ms}": {Factor: 1.5, Floor: 5 * time.Millisecond},
	} {
		t.Run(alert, func(t *testing.T) {
			rules := read(t, "probes: [{name: a, url: 'http://127.0.0.1/', notify: [], alert: {"+alert+"}}]").Probes[0].Policy.Rules
			require.Equal(t, want, rules.Latency)
			require.Equal(t, want == incident.Slower{}, rules.Off.Has(probe.KindLatency))
		})
	}
	again := read(t, "{defaults: {alert: {latency: false}}, probes: [{name: a, url: 'http://127.0.0.1/', alert: {latency: true}}]}").Probes[0].Policy.Rules
	require.Equal(t, usual, again.Latency)
	require.False(t, again.Off.Has(probe.KindLatency))
}

func TestAFactorIsMoreThanOne(t *testing.T) {
	for name, factor := range map[string]string{"as usual": "1", "nothing": "0", "less": "-2", "far too much": "101", "no number": "NaN", "a word": "twice"} {
		t.Run(name, func(t *testing.T) {
			_, _, err := configs.Parse("sonde.yaml", []byte("probes: [{name: a, url: 'http://127.0.0.1/', alert: {latency: {factor: "+factor+"}}}]"), configs.Options{})
			require.ErrorContains(t, err, "is no factor from 1.1 to 100; 1.25 is usual")
		})
	}
	_, _, err := configs.Parse("sonde.yaml", []byte("probes: [{name: a, url: 'http://127.0.0.1/', alert: {latency: {floor: 0s}}}]"), configs.Options{})
	require.ErrorContains(t, err, "0s is too short; use at least 1ms")
}
