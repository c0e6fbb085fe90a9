package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"sonde/probe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func usualProbe(t *testing.T) *watched {
	all, err := probes(usual)
	require.NoError(t, err)
	return all[usual]
}

func TestTheWeatherIsAsItIsDescribed(t *testing.T) {
	for name, tc := range map[string]struct {
		sees        weather
		least, most float64 // share of runs that fail
	}{
		"clean is one of ten thousand":     {clean, 0.00005, 0.0002},
		"typical is one of two thousand":   {typical, 0.00035, 0.0008},
		"noisy is one of three hundred":    {noisy, 0.0028, 0.0040},
		"flaky is one of seventy":          {flaky, 0.0125, 0.0155},
		"without weather everything works": {weather{}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			q := beQuiet(usualProbe(t), tc.sees, 2, 7)
			require.GreaterOrEqual(t, q.failed, tc.least)
			require.LessOrEqual(t, q.failed, tc.most)
		})
	}
}

func TestTroubleComesAndGoesAsItIsDescribed(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	flap := trouble{length: 30 * time.Minute, share: 1, on: 3 * time.Minute, off: 7 * time.Minute}
	for name, tc := range map[string]struct {
		trouble *trouble
		since   time.Duration
		want    bool
	}{
		"none is never":                    {nil, time.Minute, false},
		"not before it begins":             {&flap, -1, false},
		"at once":                          {&flap, 0, true},
		"not while it has gone":            {&flap, 3 * time.Minute, false},
		"when it is back":                  {&flap, 10 * time.Minute, true},
		"not when it is over":              {&flap, 30 * time.Minute, false},
		"an outage does not come and go":   {&trouble{length: time.Hour, share: 1}, 5 * time.Minute, true},
		"an outage ends when it is over":   {&trouble{length: time.Hour, share: 1}, time.Hour, false},
		"a share of nothing is never seen": {&trouble{length: time.Hour}, time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, tc.trouble.fails(tc.since, rnd)) })
	}
}

// The shape of what the shipped rules do, with room for chance: that healthy targets are
// left alone, that an outage is found in two minutes, a failure now and then within the
// hour, the worse it is the sooner, and that people get a handful of messages.
func TestTheShippedRulesWakeForTroubleAndNotForWeather(t *testing.T) {
	w := usualProbe(t)
	healthy := func(sees weather, months int) float64 {
		q := beQuiet(w, sees, months, 1)
		return q.perMonth(q.sums[incidentRule].openings)
	}
	require.LessOrEqual(t, healthy(clean, 4), 0.05)
	require.LessOrEqual(t, healthy(typical, 16), 0.3)
	require.Greater(t, healthy(flaky, 1), 5.0, "that is a problem, and it must show")

	const times = 40
	median := func(f found) time.Duration {
		d, ok := f.quantile(incidentRule, 0.5)
		require.True(t, ok, f.trouble.name)
		return d
	}
	down, short, half, fifth, tenth, flap := find(w, &troubles[0], times, 2), find(w, &troubles[1], times, 3), find(w, &troubles[2], times, 4),
		find(w, &troubles[3], times, 5), find(w, &troubles[4], times, 6), find(w, &troubles[7], times, 7)
	require.InDelta(t, 2.0, median(down).Minutes(), 0.2)
	require.Len(t, down.delays[incidentRule], times)
	require.Equal(t, times, down.sums[incidentRule].incidents)
	require.InDelta(t, 2.0, down.each(down.sums[incidentRule].messages), 0.2, "one that it is down, one that it is over")
	require.InDelta(t, 0.5, short.each(len(short.delays[incidentRule])), 0.25, "two minutes are a matter of luck")
	require.InDelta(t, 7, median(half).Minutes(), 3)
	require.InDelta(t, 19, median(fifth).Minutes(), 7)
	require.InDelta(t, 38, median(tenth).Minutes(), 15)
	require.LessOrEqual(t, flap.each(flap.sums[incidentRule].incidents), 1.1, "a relapse is the same incident")
	require.LessOrEqual(t, flap.each(flap.sums[incidentRule].messages), 6.0)
}

func TestTheSameSeedGivesTheSame(t *testing.T) {
	w := usualProbe(t)
	require.Equal(t, find(w, &troubles[3], 9, 5), find(w, &troubles[3], 9, 5))
	require.NotEqual(t, find(w, &troubles[3], 9, 5).delays, find(w, &troubles[3], 9, 6).delays)
	require.Equal(t, beQuiet(w, flaky, 3, 5), beQuiet(w, flaky, 3, 5))
}

func TestRechecksAreMadeAsTheStateAsksForThem(t *testing.T) {
	c := newCourse(usualProbe(t), weather{}, random(1, 1))
	c.trouble, c.began = &trouble{length: day, share: 1}, start
	c.run(c.slot.Add(91 * time.Second))
	require.Equal(t, 2, c.runs)
	require.Equal(t, 2, c.rechecks, "half a minute after each slot, the last of them after 90 s")
	require.Len(t, c.told, 1)
	require.Equal(t, probe.KindDown, c.told[0].kind)
	require.Equal(t, 1, c.told[0].messages)
}

func TestEveryRuleHasItsColumn(t *testing.T) {
	require.Equal(t, incidentRule, ruleOf(probe.KindDegraded))
	require.Equal(t, len(rules), ruleOf(probe.KindCertificate), "what has no column is counted among the others")
}

func TestTheTablesAreKept(t *testing.T) {
	out := filepath.Join(t.TempDir(), "results.md")
	o := order{months: 20, times: 2, seed: 1, out: out}
	s := simulation{order: o}
	w := usualProbe(t)
	s.quiet = append(s.quiet, beQuiet(w, typical, 3, 1))
	for i := range troubles {
		s.found = append(s.found, find(w, &troubles[i], 2, 1))
	}
	text := s.markdown()
	for _, want := range []string{
		"| 60 s: false openings per probe in 30 days, typical weather | <= 0.12 (aim) | ", "| 60 s: outage of 1 h, p50 | <= 2.1 min (aim) | ", "| 60 s: 20 % fail, 12 h, p50 | <= 20 min (aim) | ",
		"| 60 s | typical | 0.0", "| 60 s | 3 min down, 7 min up, 4 h | ",
	} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "NaN")
	require.Error(t, (&order{months: 1, times: 1, out: out}).follow())
	_, err := os.Stat(out)
	require.ErrorIs(t, err, os.ErrNotExist, "an order that makes no sense writes nothing")
}
