package web_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

func TestTheShareOfAnswersThatStillHoldIsAMetric(t *testing.T) {
	for name, tc := range map[string]struct {
		conditional  bool
		hits, misses int
		want         map[string]float64
	}{
		"one in four":                     {true, 1, 3, map[string]float64{"probe=docs": 0.25}},
		"none of them is 0":               {true, 0, 2, map[string]float64{"probe=docs": 0}},
		"without an answer it is absent":  {true, 0, 0, map[string]float64{}},
		"where nobody asks it is absent":  {false, 0, 0, map[string]float64{}},
		"where nobody asks any more, too": {false, 1, 1, map[string]float64{}},
	} {
		t.Run(name, func(t *testing.T) {
			docs := watched("docs")
			docs.Policy.Conditional = tc.conditional
			l := newLab(t, docs)
			l.feed(t, "docs", append([]incident.Input{{At: now.Add(-time.Hour), Verdict: good, Attempts: 1}}, replies(tc.hits, tc.misses)...)...)
			series, families := scrape(t, listen(t, usual(l.reader, l.tallies)))
			require.Equal(t, tc.want, pick(series, "sonde_cache_ratio"))
			if len(tc.want) > 0 {
				require.Equal(t, "gauge", families["sonde_cache_ratio"])
			}
		})
	}
}

func TestWhatIsSentAgainTooOftenIsStillUp(t *testing.T) {
	docs := watched("docs")
	docs.Policy.Conditional, docs.Policy.MinCacheRatio = true, 0.8
	l := newLab(t, docs)
	l.feed(t, "docs", replies(0, 40)...)
	series, _ := scrape(t, listen(t, usual(l.reader, l.tallies)))
	require.Equal(t, 1.0, series["sonde_incident_open kind=cache probe=docs"])
	require.Equal(t, 1.0, series["sonde_probe_up probe=docs"], "its answers are good")
	require.Equal(t, 0.0, series["sonde_cache_ratio probe=docs"])
}

// replies are answers to conditional requests, the latest one now.
func replies(hits, misses int) []incident.Input {
	var inputs []incident.Input
	for i := range hits + misses {
		outcome := probe.CacheMiss
		if i < hits {
			outcome = probe.CacheHit
		}
		at := now.Add(time.Duration(i-hits-misses+1) * time.Minute)
		inputs = append(inputs, incident.Input{At: at, Verdict: good, Attempts: 1, Cache: outcome})
	}
	return inputs
}
