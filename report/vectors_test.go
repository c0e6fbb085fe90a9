package report_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/probe"
)

// An hour at 60 s: 49 good, one 503, and ten that are excluded or not by what count_4xx says
// of them. A 4xx of its own kind (401, 429) is excluded whatever it says.
func TestG7AnHourWithRejectedRequests(t *testing.T) {
	rejected := judge(probe.ClientError, 404)
	for name, tc := range map[string]struct {
		count    probe.Count4xx
		ten      probe.Verdict
		tenFirst bool // before anything has worked
		attained float64
		spent    int64 // seconds
		coverage float64
	}{
		"G7: ten 429 under never":                            {probe.CountNever, throttled, false, 49.0 / 50, 60, 50.0 / 60},
		"G7: ten 429 under known_good":                       {probe.CountKnownGood, throttled, false, 49.0 / 50, 60, 50.0 / 60},
		"G7: ten 404 under never":                            {probe.CountNever, rejected, false, 49.0 / 50, 60, 50.0 / 60},
		"G7: ten 404 of a request that worked, known_good":   {probe.CountKnownGood, rejected, false, 49.0 / 60, 660, 1},
		"G7: ten 404 of one that had not worked, known_good": {probe.CountKnownGood, rejected, true, 49.0 / 50, 60, 50.0 / 60},
		"G7: ten 404 under always":                           {probe.CountAlways, rejected, false, 49.0 / 60, 660, 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := watched("a", 60, "99.9% over 30d")
			p.Policy.Count4xx = tc.count
			l := newLab(t, p)
			first, last := slices.Concat(times(49, good), times(1, broken)), times(10, tc.ten)
			if tc.tenFirst {
				first, last = last, first
			}
			l.play("a", 3600, slices.Concat(first, last)...)
			o := only(t, l.status()).Objectives[0]
			require.InDelta(t, tc.attained, *o.AttainedRatio, 1e-9)
			require.Equal(t, tc.spent*1000, o.SpentMS)
			require.InDelta(t, tc.coverage, o.Coverage, 1e-9)
		})
	}
}
