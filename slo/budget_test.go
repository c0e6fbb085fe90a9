package slo_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/slo"
)

// objective parses a promise that is known to be right.
func objective(t *testing.T, text string) slo.Objective {
	t.Helper()
	o, err := slo.ParseObjective(text)
	require.NoError(t, err)
	return o
}

// whole is the budget of all of a trailing window.
func whole(o slo.Objective) time.Duration { return o.Total(o.Window.Length) }

func TestTotalIsExact(t *testing.T) {
	for name, tc := range map[string]struct {
		objective string
		want      time.Duration
	}{
		"A5: 99.9% over 30 days is 43 min 12 s":          {"99.9% over 30d", 43*time.Minute + 12*time.Second},
		"A14: 99.999% over 30 days is 25.92 s":           {"99.999% over 30d", 25_920 * time.Millisecond},
		"D10: 99.95% over a week is 5 min 2.4 s":         {"99.95% over 1w", 5*time.Minute + 2400*time.Millisecond},
		"D11: 95% over two weeks is 16 h 48 min":         {"95% over 2w", 16*time.Hour + 48*time.Minute},
		"G1: it does not depend on what was seen so far": {"99.9% over 30d", 2_592_000 * time.Millisecond},
		"G19: 99.99% over 30 days is 4.32 minutes":       {"99.99% over 30d", 259_200 * time.Millisecond},
		"the largest sum does not overflow":              {"0.0001% over 400d", 34_559_965_440 * time.Millisecond},
		"a part of a millisecond is not allowed":         {"99.9999% over 1h", 3 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, whole(objective(t, tc.objective))) })
	}
}

func TestBudget(t *testing.T) {
	for name, tc := range map[string]struct {
		objective string
		tally     slo.Tally
		remaining time.Duration
		consumed  float64 // share of the budget
		attained  float64
	}{
		"A12: a dead hour is 138.89% of the budget": {"99.9% over 30d",
			slo.Tally{Good: 719 * time.Hour, Bad: time.Hour}, 2_592*time.Second - time.Hour, 1.388888889, 0.998611111},
		"A15: one failed check of ten an hour is 13.889%": {"99.9% over 30d",
			slo.Tally{Good: 54 * time.Minute, Bad: 6 * time.Minute}, 2232 * time.Second, 0.138888889, 0.9},
		"D1: 99.95% attained of 99.9% promised leaves half": {"99.9% over 30d",
			slo.Tally{Good: 30*day - 1296*time.Second, Bad: 1296 * time.Second}, 1296 * time.Second, 0.5, 0.9995},
		"G1: two bad checks on the first day are 4.6%": {"99.9% over 30d",
			slo.Tally{Good: 1438 * time.Minute, Bad: 2 * time.Minute}, 2_472_000 * time.Millisecond, 0.046296296, 0.998611111},
		"G4: an outage of three minutes is three slots": {"99.9% over 30d",
			slo.Tally{Good: 27 * time.Minute, Bad: 180 * time.Second}, 2412 * time.Second, 0.069444444, 0.9},
		"G7: excluded time is in no ratio": {"99.9% over 30d",
			slo.Tally{Good: 49 * time.Minute, Bad: time.Minute, Excluded: 10 * time.Minute}, 2532 * time.Second, 0.023148148, 0.98},
		"G12: 2000 s of a 99.9% promise are 77%": {"99.9% over 30d",
			slo.Tally{Good: 29 * day, Bad: 2000 * time.Second}, 592 * time.Second, 0.771604938, 0.999202425},
		"G12: and of a 99.5% promise 15%": {"99.5% over 30d",
			slo.Tally{Good: 29 * day, Bad: 2000 * time.Second}, 10_960 * time.Second, 0.154320988, 0.999202425},
		"G19: one bad check is almost a quarter of a tight budget": {"99.99% over 30d",
			slo.Tally{Good: 30*day - time.Minute, Bad: time.Minute}, 199_200 * time.Millisecond, 1 / 4.32, 0.999976852},
	} {
		t.Run(name, func(t *testing.T) {
			o := objective(t, tc.objective)
			b := o.Budget(tc.tally, o.Window.Span(t0))
			require.Equal(t, tc.tally.Bad, b.Spent)
			require.Equal(t, tc.remaining, b.Remaining())
			left, ok := b.RemainingRatio()
			require.True(t, ok)
			require.InDelta(t, tc.consumed, 1-left, 1e-9)
			attained, ok := tc.tally.Ratio()
			require.True(t, ok)
			require.InDelta(t, tc.attained, attained, 1e-9)
		})
	}
}

func TestBudgetStatus(t *testing.T) {
	o := objective(t, "99% over 100h") // one hour may be bad
	for name, tc := range map[string]struct {
		tally  slo.Tally
		status slo.Status
		text   string
	}{
		"G16: no slot at all is no data":                   {slo.Tally{}, slo.NoData, "no_data"},
		"what is only unknown or excluded is no data":      {slo.Tally{Unknown: time.Hour, Excluded: time.Hour}, slo.NoData, "no_data"},
		"all good is met":                                  {slo.Tally{Good: time.Hour}, slo.Met, "met"},
		"a fifth of the budget left is still met":          {slo.Tally{Good: 99 * time.Hour, Bad: 48 * time.Minute}, slo.Met, "met"},
		"a millisecond less is at risk":                    {slo.Tally{Good: 99 * time.Hour, Bad: 48*time.Minute + time.Millisecond}, slo.AtRisk, "at_risk"},
		"a millisecond left is at risk":                    {slo.Tally{Good: 99 * time.Hour, Bad: time.Hour - time.Millisecond}, slo.AtRisk, "at_risk"},
		"nothing left is spent":                            {slo.Tally{Good: 99 * time.Hour, Bad: time.Hour}, slo.Spent, "spent"},
		"overspent is spent":                               {slo.Tally{Bad: 100 * time.Hour}, slo.Spent, "spent"},
		"nine tenths seen is enough":                       {slo.Tally{Good: 90 * time.Hour, Unknown: 10 * time.Hour}, slo.Met, "met"},
		"a millisecond less is not":                        {slo.Tally{Good: 90*time.Hour - time.Millisecond, Unknown: 10*time.Hour + time.Millisecond}, slo.Unverified, "unverified"},
		"excluded time is not seen either":                 {slo.Tally{Good: 89 * time.Hour, Excluded: 11 * time.Hour}, slo.Unverified, "unverified"},
		"G6: a quarter of the day unseen is not met":       {slo.Tally{Good: 18*time.Hour - 300*time.Second, Bad: 300 * time.Second, Unknown: 6 * time.Hour}, slo.Unverified, "unverified"},
		"what was seen to be spent is spent, unseen or no": {slo.Tally{Bad: time.Hour, Unknown: 99 * time.Hour}, slo.Spent, "spent"},
		"what was seen to be at risk is at risk":           {slo.Tally{Bad: 50 * time.Minute, Unknown: 99 * time.Hour}, slo.AtRisk, "at_risk"},
	} {
		t.Run(name, func(t *testing.T) {
			b := o.Budget(tc.tally, o.Window.Span(t0))
			require.Equal(t, tc.status, b.Status)
			require.Equal(t, tc.text, b.Status.String())
			require.Equal(t, tc.tally.Coverage(), b.Coverage)
		})
	}
}

func TestTally(t *testing.T) {
	seen := slo.Tally{Good: 6 * time.Hour, Bad: 2 * time.Hour, Excluded: time.Hour, Unknown: time.Hour}
	require.Equal(t, slo.Tally{Good: 7 * time.Hour, Bad: 4 * time.Hour, Excluded: 4 * time.Hour, Unknown: 5 * time.Hour},
		seen.Plus(slo.Tally{Good: time.Hour, Bad: 2 * time.Hour, Excluded: 3 * time.Hour, Unknown: 4 * time.Hour}))
	ratio, ok := seen.Ratio()
	require.True(t, ok)
	require.Equal(t, 0.75, ratio)
	require.Equal(t, 0.8, seen.Coverage())

	_, ok = slo.Tally{Unknown: time.Hour, Excluded: time.Hour}.Ratio()
	require.False(t, ok, "a ratio without data is no number")
	require.Zero(t, slo.Tally{}.Coverage())
}

func TestG2ATimeWeighsTheSameAtAnyInterval(t *testing.T) {
	// 12 h at 60 s, all good, then 12 h at 10 s with 36 bad checks.
	slow := slo.Stretch{First: t0, Last: t0.Add(12*time.Hour - time.Minute), Step: time.Minute}
	fast := slo.Stretch{First: t0.Add(12 * time.Hour), Last: t0.Add(24*time.Hour - 10*time.Second), Step: 10 * time.Second}
	bad := 36 * 10 * time.Second
	ratio, ok := slo.Tally{Good: slow.Weight() + fast.Weight() - bad, Bad: bad}.Ratio()
	require.True(t, ok)
	require.InDelta(t, 0.9958333, ratio, 1e-7)
}

func TestBurnRate(t *testing.T) {
	o := objective(t, "99.9% over 30d")
	for name, tc := range map[string]struct {
		tally  slo.Tally
		length time.Duration
		want   float64
		ok     bool
	}{
		"A15: one failed check of ten in an hour burns 100 times": {slo.Tally{Good: 54 * time.Minute, Bad: 6 * time.Minute}, time.Hour, 100, true},
		"A12: a dead hour burns a thousand times":                 {slo.Tally{Bad: time.Hour}, time.Hour, 1000, true},
		"H2: two bad minutes of an hour burn 33 times":            {slo.Tally{Good: 58 * time.Minute, Bad: 2 * time.Minute}, time.Hour, 100.0 / 3, true},
		"a gap cannot inflate it":                                 {slo.Tally{Bad: time.Minute, Unknown: 59 * time.Minute}, time.Hour, 50.0 / 3, true},
		"nothing bad burns nothing":                               {slo.Tally{Good: time.Hour}, time.Hour, 0, true},
		"G16: without data there is no rate":                      {slo.Tally{Unknown: time.Hour}, time.Hour, 0, false},
		"a window of no length has no rate":                       {slo.Tally{Good: time.Hour}, 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := o.BurnRate(tc.tally, tc.length)
			require.Equal(t, tc.ok, ok)
			require.InDelta(t, tc.want, got, 1e-9)
		})
	}
	_, ok := slo.Objective{}.BurnRate(slo.Tally{Bad: time.Hour}, time.Hour)
	require.False(t, ok, "no objective, no rate")
}

func TestD2TheGreatestBurnRateIsOneOverTheBudget(t *testing.T) {
	rate, ok := objective(t, "96% over 30d").BurnRate(slo.Tally{Bad: time.Hour}, time.Hour)
	require.True(t, ok)
	require.InDelta(t, 25, rate, 1e-9)
}

func TestExhaustion(t *testing.T) {
	full := slo.Tally{Good: time.Hour}
	for name, tc := range map[string]struct {
		tally slo.Tally
		burn  float64
		in    time.Duration
		ok    bool
	}{
		"A5: a burn of 1 never empties a rolling window": {full, 1, 0, false},
		"A5: a burn of 2 empties it in 15 days":          {full, 2, 15 * day, true},
		"A5: a burn of 10 in 3 days":                     {full, 10, 3 * day, true},
		"A5: a burn of 1000 in 43.2 minutes":             {full, 1000, 2592 * time.Second, true},
		"A11: a burn of 35 in 20.6 hours":                {full, 35, 74_057_142_857_142, true},
		"half of the budget lasts half as long":          {slo.Tally{Good: time.Hour, Bad: 1296 * time.Second}, 10, 36 * time.Hour, true},
		"what is spent cannot be spent again":            {slo.Tally{Bad: 2592 * time.Second}, 10, 0, false},
		"no burn, no end":                                {full, 0, 0, false},
		"an infinite burn is now":                        {full, math.Inf(1), 0, true},
		"no number is no end":                            {full, math.NaN(), 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			at, ok := objective(t, "99.9% over 30d").Budget(tc.tally, slo.Span{Length: 30 * day}).Exhaustion(t0, tc.burn)
			require.Equal(t, tc.ok, ok)
			if !tc.ok {
				require.Zero(t, at)
				return
			}
			require.WithinDuration(t, t0.Add(tc.in), at, time.Microsecond)
		})
	}
}

func TestNoNumberIsEverNaNOrInfinite(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	some := func(most time.Duration) time.Duration {
		if rnd.IntN(3) == 0 {
			return 0
		}
		return time.Duration(rnd.Int64N(int64(most)))
	}
	for range 20_000 {
		o := slo.Objective{BadPPM: rnd.Int64N(1_000_001), Window: slo.Rolling(time.Duration(rnd.IntN(400*86400)) * time.Second)}
		tally := slo.Tally{Good: some(400 * day), Bad: some(400 * day), Excluded: some(400 * day), Unknown: some(400 * day)}
		b := o.Budget(tally, o.Window.Span(t0))
		left, _ := b.RemainingRatio()
		ratio, _ := tally.Ratio()
		burn, _ := o.BurnRate(tally, some(3*day))
		for what, number := range map[string]float64{"target": o.Target(), "left": left, "ratio": ratio, "coverage": b.Coverage, "burn": burn} {
			require.False(t, math.IsNaN(number) || math.IsInf(number, 0), "%s of %v, %v", what, o, tally)
		}
		require.LessOrEqual(t, left, 1.0)
		require.True(t, ratio >= 0 && ratio <= 1 && b.Coverage >= 0 && b.Coverage <= 1)
		require.Equal(t, b.Total, b.Spent+b.Remaining())
		if at, ok := b.Exhaustion(t0, burn); ok {
			require.False(t, at.Before(t0) || at.After(t0.Add(o.Window.Length)), "a burn above 1 ends within the window")
		}

		worse := tally
		worse.Bad += some(day)
		require.LessOrEqual(t, o.Budget(worse, b.Span).Remaining(), b.Remaining(), "a bad slot never gives budget back")
	}
}

func TestOutlook(t *testing.T) {
	day := objective(t, "99% over day") // 864 s
	for name, tc := range map[string]struct {
		objective slo.Objective
		tally     slo.Tally
		burn      float64
		known     bool
		want      slo.Outlook
		text      string
		in        time.Duration
	}{
		"nothing was ever judged":                       {day, slo.Tally{Unknown: time.Hour}, 0, false, slo.Unforeseen, "unforeseen", 0},
		"nothing was judged lately":                     {day, slo.Tally{Good: time.Hour}, 0, false, slo.Unforeseen, "unforeseen", 0},
		"no number says nothing":                        {day, slo.Tally{Good: time.Hour}, math.NaN(), true, slo.Unforeseen, "unforeseen", 0},
		"what is spent is spent":                        {day, slo.Tally{Bad: time.Hour}, 0, true, slo.Gone, "spent", 0},
		"without burn a period lasts":                   {day, slo.Tally{Good: time.Hour}, 0, true, slo.Lasts, "lasts", 0},
		"one that ends before the budget lasts":         {day, slo.Tally{Good: time.Hour}, 1.2, true, slo.Lasts, "lasts", 0},
		"one that ends with the budget lasts":           {day, slo.Tally{Good: time.Hour, Bad: 180 * time.Second}, 1, true, slo.Lasts, "lasts", 0},
		"one that ends after the budget runs out":       {day, slo.Tally{Good: time.Hour, Bad: 432 * time.Second}, 1, true, slo.RunsOut, "runs_out", 12 * time.Hour},
		"a burn below 1 may end a period's budget, too": {day, slo.Tally{Good: time.Hour, Bad: 648 * time.Second}, 0.5, true, slo.RunsOut, "runs_out", 12 * time.Hour},
		"a trailing window frees what it spends":        {objective(t, "99% over 24h"), slo.Tally{Good: time.Hour, Bad: 800 * time.Second}, 1, true, slo.Never, "never", 0},
		"a faster burn ends it":                         {objective(t, "99% over 24h"), slo.Tally{Good: time.Hour}, 2, true, slo.RunsOut, "runs_out", 12 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			at := t0 // 5:00, so 19 h are left of the day
			outlook, end := tc.objective.Budget(tc.tally, tc.objective.Window.Span(at)).Outlook(at, tc.burn, tc.known)
			require.Equal(t, tc.want, outlook)
			require.Equal(t, tc.text, outlook.String())
			if tc.want != slo.RunsOut {
				require.Zero(t, end)
				return
			}
			require.WithinDuration(t, at.Add(tc.in), end, time.Microsecond)
		})
	}
}
