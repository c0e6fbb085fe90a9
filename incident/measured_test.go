package incident_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

var rejected = judge(probe.ClientError, 400).Settle(probe.CountNever, false)

// counting is a probe whose 400s are watched, and nothing else about them is.
func counting() *world {
	w := &world{policy: usual(60)}
	w.policy.Rules.CodeAnomaly = &incident.CodeAnomaly{Codes: [8]int16{400}, Factor: 3, MinCount: 3, Window: time.Hour}
	return w
}

// hours lets hours pass in each of which so many results, spread evenly, are 400.
func (w *world) hours(first, n int, perHour func(hour int) int) (told []string) {
	for hour := first; hour < first+n; hour++ {
		bad := perHour(hour)
		for minute := range 60 {
			v := good
			if bad > 0 && minute*bad/60 != (minute+1)*bad/60 {
				v = rejected
			}
			told = append(told, w.feed(3600*hour+60*minute, v)...)
		}
	}
	return told
}

func always(n int) func(int) int { return func(int) int { return n } }

func TestACodeThatComesMoreOftenThanUsual(t *testing.T) {
	const day = 24
	for name, tc := range map[string]struct {
		before, after func(hour int) int
		opens         bool
	}{
		"three within the hour, after a week without any":     {always(0), always(3), true},
		"two are too few to speak of":                         {always(0), always(2), false},
		"five times as many as usual":                         {always(4), always(20), true},
		"twice as many as usual is not three times":           {always(4), always(8), false},
		"three times of one an hour may be chance, ten is no": {always(1), always(10), true},
	} {
		t.Run(name, func(t *testing.T) {
			w := counting()
			require.Empty(t, w.hours(0, 7*day, tc.before))
			told := w.hours(7*day, 6, tc.after)
			require.Equal(t, tc.opens, len(told) > 0, "%v", told)
			if tc.opens {
				p := w.state.Open(probe.KindCodeAnomaly)
				require.Equal(t, probe.Warning, p.Severity)
				require.Equal(t, 400, p.Cause.Status)
				require.Equal(t, time.Hour, p.Reading.Over)
				require.GreaterOrEqual(t, p.Reading.Now, 3*p.Reading.Usual)
			}
		})
	}
}

func TestWhatComesEveryNightIsUsualFromTheThirdOn(t *testing.T) {
	w := counting()
	w.hours(0, 7*24, func(hour int) int {
		if hour%24 == 3 {
			return 30
		}
		return 0
	})
	var openings []string
	for _, told := range w.told {
		if told.Change == incident.Opened {
			openings = append(openings, seconds(told.At))
		}
	}
	require.Equal(t, []string{"3h23m0s", "27h5m0s"}, openings)
}

func TestAnAnomalyIsOverWhenItHasBeenQuietForHalfAnHour(t *testing.T) {
	w := counting()
	w.hours(0, 48, always(0))
	require.Len(t, w.hours(48, 1, always(10)), 1)
	told := w.hours(49, 2, always(0))
	require.Len(t, told, 1)
	require.Contains(t, told[0], "resolved code_anomaly")
	p := w.state.Problems[0]
	require.GreaterOrEqual(t, p.RecoveredAt.Sub(t0.Add(49*time.Hour)), 30*time.Minute)
	require.LessOrEqual(t, p.RecoveredAt.Sub(t0.Add(49*time.Hour)), 90*time.Minute)
	require.Zero(t, w.state.Anomaly.Codes[0].Hours, "what came meanwhile is not usual")
}

func TestWhileItIsNotKnownWhatIsUsualOnlyMuchIsTold(t *testing.T) {
	w := counting()
	require.Empty(t, w.hours(0, 5, always(5)), "five of sixty are no fifth")
	w = counting()
	w.hours(0, 2, always(0))
	require.NotEmpty(t, w.hours(2, 1, always(30)))
}

func TestAnomaliesAreNotTheTargetsDownAndFollowTheRule(t *testing.T) {
	w := counting()
	w.policy.Rules.CodeAnomaly.Codes = [8]int16{503, 400}
	w.hours(0, 48, always(0))
	require.Equal(t, []string{"opened down 48h2m0s"}, w.feed(48*3600, times(30, broken)...), "down says it all")

	w = counting()
	w.hours(0, 48, always(0))
	w.hours(48, 1, always(10))
	w.policy.Rules.CodeAnomaly = nil
	require.Equal(t, []string{"withdrawn code_anomaly 49h0m0s"}, w.feed(49*3600, good))
	require.Nil(t, w.state.Anomaly)
}

func TestWhatIsKnownOfACodeStaysWhenOthersAreWatched(t *testing.T) {
	w := counting()
	w.hours(0, 48, always(4))
	before := w.state.Anomaly.Codes[0]
	require.NotZero(t, before.Hours)
	w.policy.Rules.CodeAnomaly = &incident.CodeAnomaly{Codes: [8]int16{404, 400}, Factor: 3, MinCount: 3, Window: time.Hour}
	w.feed(48*3600, good)
	require.Equal(t, int16(404), w.state.Anomaly.Codes[0].Code)
	require.Zero(t, w.state.Anomaly.Codes[0].Hours)
	require.Equal(t, before.Hours[:160], w.state.Anomaly.Codes[1].Hours[:160])
	w.policy.Rules.CodeAnomaly.Codes = [8]int16{400}
	w.policy.Rules.CodeAnomaly.Window = 2 * time.Hour
	w.feed(48*3600+60, good)
	require.Len(t, w.state.Anomaly.Codes, 1)
	require.Equal(t, 2*time.Hour, w.state.Anomaly.Window)
}

// The shipped rule against chance: the research counts less than 0.2 false openings a month at
// one event an hour.
func TestChanceHardlyEverLooksLikeAnAnomaly(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 22))
	opened := 0
	const months = 6
	for range months {
		w := counting()
		for i := range 37 * 24 * 60 {
			v := good
			if rnd.Float64() < 1./60 {
				v = rejected
			}
			for _, told := range w.feed(60*i, v) {
				if i >= 7*24*60 && told[:6] == "opened" {
					opened++
				}
			}
			w.told = nil
		}
	}
	require.LessOrEqual(t, opened, months/2)
}

func TestTooLargeAShareOfResults(t *testing.T) {
	world := func(interval int, rate incident.Rate) *world {
		w := &world{policy: usual(interval)}
		w.policy.Rules.Off = w.policy.Rules.Off.With(probe.KindDown)
		w.policy.Rules.Rate = &rate
		return w
	}
	paper := incident.Rate{Class: probe.ClassServerError, Over: 5 * time.Minute, Above: 10_000, MinSamples: 100}

	t.Run("opens with the hundredth result if two are bad, and resolves when that has been over for as long", func(t *testing.T) {
		w := world(1, paper)
		require.Empty(t, w.feed(0, times(97, good)...))
		require.Equal(t, []string{"opened group_rate 1m39s"}, w.feed(97, broken, good, broken))
		p := w.state.Open(probe.KindGroupRate)
		require.Equal(t, incident.Reading{Now: 0.02, Usual: 0.01, Samples: 100, Over: 5 * time.Minute}, p.Reading)
		require.Equal(t, probe.Warning, p.Severity)
		require.Equal(t, 2, p.Failures)
		told := w.feed(100, times(900, good)...)
		require.Len(t, told, 1)
		require.Contains(t, told[0], "resolved group_rate")
	})
	t.Run("says nothing of fewer results", func(t *testing.T) {
		w := world(60, paper)
		require.Empty(t, w.feed(0, times(60, broken)...))
	})
	t.Run("of fewer where that is asked for", func(t *testing.T) {
		rate := paper
		rate.MinSamples = 5
		w := world(60, rate)
		require.Equal(t, []string{"opened group_rate 4m0s"}, w.feed(0, times(5, broken)...))
	})
	t.Run("of codes, of which the others are none", func(t *testing.T) {
		w := world(1, incident.Rate{Codes: [8]int16{502, 504}, Over: 5 * time.Minute, Above: 10_000, MinSamples: 10})
		require.Empty(t, w.feed(0, times(20, broken)...))
		require.Equal(t, []string{"opened group_rate 20s"}, w.feed(20, gateway))
	})
	t.Run("of no answers", func(t *testing.T) {
		w := world(1, incident.Rate{Class: probe.ClassNoResponse, Over: time.Minute, Above: 100_000, MinSamples: 10})
		require.Equal(t, []string{"opened group_rate 9s"}, w.feed(0, times(10, refused)...))
	})
	t.Run("and what is unknown is no result", func(t *testing.T) {
		w := world(1, paper)
		w.feed(0, times(99, good)...)
		require.Empty(t, w.feed(99, times(50, blind)...))
		require.Empty(t, w.feed(149, broken))
	})
	t.Run("and a rule that is gone withdraws it", func(t *testing.T) {
		w := world(1, paper)
		w.feed(0, times(200, broken)...)
		w.policy.Rules.Rate = nil
		require.Equal(t, []string{"withdrawn group_rate 3m20s"}, w.feed(200, good))
		require.Nil(t, w.state.Rated)
	})
}
