package report_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

func TestTheStatusTellsWhatCameOfConditionalRequests(t *testing.T) {
	for name, tc := range map[string]struct {
		conditional bool
		outcomes    []probe.CacheOutcome
		want        string
	}{
		"a change is a miss, and counted by itself": {true, []probe.CacheOutcome{probe.CacheHit, probe.CacheMiss, probe.CacheHit, probe.CacheChanged}, `{"hits":2,"misses":2,"changed":1,"ratio":0.5,"window":"24h"}`},
		"all of them":                     {true, []probe.CacheOutcome{probe.CacheNone, probe.CacheHit}, `{"hits":1,"misses":0,"changed":0,"ratio":1,"window":"24h"}`},
		"a ratio without answers is null": {true, []probe.CacheOutcome{probe.CacheNone}, `{"hits":0,"misses":0,"changed":0,"ratio":null,"window":"24h"}`},
		"where nobody asks there is none": {false, []probe.CacheOutcome{probe.CacheNone}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			docs := watched("docs", 60)
			docs.Policy.Conditional = tc.conditional
			l := newLab(t, docs)
			for i, outcome := range tc.outcomes {
				at := now.Add(time.Duration(i-len(tc.outcomes)+1) * time.Minute)
				l.feed("docs", incident.Input{At: at, Verdict: good, Attempts: 1, Cache: outcome})
			}
			document, err := json.Marshal(l.status().Probes[0])
			require.NoError(t, err)
			var found struct {
				Cache json.RawMessage `json:"cache"`
			}
			require.NoError(t, json.Unmarshal(document, &found))
			require.Equal(t, tc.want, string(found.Cache))
		})
	}
}

func TestAnAnswerOfADayAgoIsToldNoMore(t *testing.T) {
	docs := watched("docs", 60)
	docs.Policy.Conditional = true
	l := newLab(t, docs)
	l.feed("docs", incident.Input{At: ago(25 * 3600), Verdict: good, Attempts: 1, Cache: probe.CacheMiss})
	l.feed("docs", incident.Input{At: ago(60), Verdict: good, Attempts: 1, Cache: probe.CacheHit})
	cache := l.status().Probes[0].Cache
	require.Equal(t, []int{1, 0, 0}, []int{cache.Hits, cache.Misses, cache.Changed})
}
