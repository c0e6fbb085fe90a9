package slo_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/slo"
)

func TestParseObjectiveOfLatency(t *testing.T) {
	for text, want := range map[string]struct {
		threshold time.Duration
		written   string
	}{
		"latency 800ms for 99% over 30d":               {800 * time.Millisecond, "latency 800ms for 99% over 30d"},
		" latency  2s  for  99% over 30d":              {2 * time.Second, "latency 2s for 99% over 30d"},
		"latency 2000ms for 99% over 30d":              {2 * time.Second, "latency 2s for 99% over 30d"},
		"latency 1500ms for 99% over 30d":              {1500 * time.Millisecond, "latency 1500ms for 99% over 30d"},
		"latency 10m for 99% over 30d":                 {10 * time.Minute, "latency 10m for 99% over 30d"},
		"latency 1ms for 99% over month in Asia/Seoul": {time.Millisecond, "latency 1ms for 99% over month in Asia/Seoul"},
	} {
		t.Run(text, func(t *testing.T) {
			o, err := slo.ParseObjective(text)
			require.NoError(t, err)
			require.Equal(t, slo.Latency, o.Kind)
			require.Equal(t, want.threshold, o.Threshold)
			require.Equal(t, want.written, o.String())
			again, err := slo.ParseObjective(o.String())
			require.NoError(t, err)
			require.Equal(t, o, again)
		})
	}
}

func TestParseObjectiveOfLatencyRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ text, says string }{
		"a threshold alone":            {"latency 800ms", "has no threshold and percentage"},
		"nothing":                      {"latency ", "has no window"},
		"no unit":                      {"latency 800 for 99% over 30d", "has no threshold; write it like"},
		"a fraction":                   {"latency 0.8s for 99% over 30d", "has no threshold; write it like"},
		"a sign":                       {"latency +1s for 99% over 30d", "has no threshold; write it like"},
		"no time":                      {"latency 0ms for 99% over 30d", "not from 1ms to 10m"},
		"longer than anybody waits":    {"latency 11m for 99% over 30d", "not from 1ms to 10m"},
		"a number beyond all":          {"latency 99999999999999999999ms for 99% over 30d", "has no threshold"},
		"an hour":                      {"latency 1h for 99% over 30d", "has no threshold"},
		"a hundred percent":            {"latency 800ms for 100% over 30d", "leaves no budget"},
		"a threshold behind the share": {"99% over 30d latency 800ms", "no length of time"},
		"twice":                        {"latency 1s for latency 2s for 99% over 30d", "not a percentage"},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := slo.ParseObjective(tc.text)
			require.ErrorContains(t, err, tc.says)
			require.Zero(t, o)
		})
	}
}
