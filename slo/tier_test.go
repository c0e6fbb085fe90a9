package slo_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/slo"
)

// factors are the factors of all tiers of a window.
func factors(window time.Duration) (all []float64) {
	for _, t := range slo.Tiers(window) {
		all = append(all, t.Factor(window))
	}
	return all
}

func TestFactorsOfTiers(t *testing.T) {
	for name, tc := range map[string]struct {
		window time.Duration
		want   []float64
	}{
		"B2: 30 days are the workbook's": {30 * day, []float64{14.4, 6, 3, 1}},
		"B1: 28 days":                    {28 * day, []float64{13.44, 5.6, 2.8, 28.0 / 30}},
		"D3: 7 days":                     {7 * day, []float64{16.8, 5.6, 2.8}},
		"D4: 90 days":                    {90 * day, []float64{21.6, 10.8, 4.5}},
		"longer windows have the shares of 90 days":        {360 * day, []float64{86.4, 43.2, 18}},
		"shorter windows have the shares of 7 days":        {3 * day, []float64{7.2, 2.4, 1.2}},
		"14 days bear what the slowest tier would tell of": {14 * day, []float64{6.72, 2.8, 1.4}},
		"a day is worth an hour's look":                    {day, []float64{2.4}},
		"a window of hours has none":                       {8 * time.Hour, nil},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, factors(tc.window)) })
	}
}

func TestFactorsFollowFromShares(t *testing.T) {
	for name, tc := range map[string]struct {
		share        int64
		long, window time.Duration
		want         float64
	}{
		"A1: 2% in an hour":              {20, time.Hour, 30 * day, 14.4},
		"A2: 5% in 6 hours":              {50, 6 * time.Hour, 30 * day, 6},
		"A3: 10% in 3 days":              {100, 3 * day, 30 * day, 1},
		"A3: 10% in a day":               {100, day, 30 * day, 3},
		"A4: 5% in an hour":              {50, time.Hour, 30 * day, 36},
		"B6: 8% of 7 days in an hour":    {80, time.Hour, 7 * day, 13.44},
		"B6: 12.5% of 7 days in 6 hours": {125, 6 * time.Hour, 7 * day, 3.5},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, slo.Tier{Long: tc.long, Share: tc.share}.Factor(tc.window))
		})
	}
}

// What the factors of another tool for 28 days mean in shares of the budget.
func TestC2FactorsMeanShares(t *testing.T) {
	for long, want := range map[time.Duration][2]float64{
		time.Hour: {14, 0.020833333}, 6 * time.Hour: {7, 0.0625}, day: {2, 0.071428571}, 4 * day: {1, 0.142857143},
	} {
		require.InDelta(t, want[1], want[0]*float64(long)/float64(28*day), 1e-9)
	}
}

func TestCeilingsAreExact(t *testing.T) {
	for name, tc := range map[string]struct {
		objective string
		want      []float64
	}{
		"B3: 99.9%":  {"99.9% over 30d", []float64{0.0144, 0.006, 0.003, 0.001}},
		"B4: 95%":    {"95% over 30d", []float64{0.72, 0.3, 0.15, 0.05}},
		"B5: 99%":    {"99% over 30d", []float64{0.144, 0.06, 0.03, 0.01}},
		"A13: 90%":   {"90% over 30d", []float64{1.44, 0.6, 0.3, 0.1}},
		"the widest": {"0.0001% over 400d", []float64{95.999904, 47.999952, 19.99998}},
	} {
		t.Run(name, func(t *testing.T) {
			o := objective(t, tc.objective)
			var got []float64
			for _, tier := range slo.Tiers(o.Window.Length) {
				got = append(got, tier.Ceiling(o))
				require.Equal(t, tier.Ceiling(o) >= 1, tier.Dead(o))
			}
			require.Equal(t, tc.want, got)
		})
	}
}

func TestA13ATierThatCannotFireIsLeftOut(t *testing.T) {
	o := objective(t, "90% over 30d")
	require.True(t, slo.Tiers(o.Window.Length)[0].Dead(o))
	alarms := slo.Alarms(o, time.Minute)
	require.Len(t, alarms, 3)
	require.Equal(t, 6*time.Hour, alarms[0].Long)
	require.False(t, slo.Tiers(o.Window.Length)[0].Dead(objective(t, "93.06% over 30d")), "14.4 is dead up to 93.05%")
	require.True(t, slo.Tiers(o.Window.Length)[0].Dead(objective(t, "93.05% over 30d")))
}

// The ids of H are those of its rows: an interval and a target.
func TestH1TheBadSlotsThatATierNeeds(t *testing.T) {
	for name, tc := range map[string]struct {
		interval  time.Duration
		objective string
		burn, sig [4]int
	}{
		"10 s, 99.9%":  {10 * time.Second, "99.9% over 30d", [4]int{6, 13, 26, 26}, [4]int{5, 10, 17, 39}},
		"30 s, 99.9%":  {30 * time.Second, "99.9% over 30d", [4]int{2, 5, 9, 9}, [4]int{4, 7, 8, 17}},
		"60 s, 99.9%":  {60 * time.Second, "99.9% over 30d", [4]int{1, 3, 5, 5}, [4]int{3, 5, 6, 11}},
		"60 s, 99.95%": {60 * time.Second, "99.95% over 30d", [4]int{1, 2, 3, 3}, [4]int{3, 4, 4, 7}},
		"60 s, 99.5%":  {60 * time.Second, "99.5% over 30d", [4]int{5, 11, 22, 22}, [4]int{5, 10, 15, 34}},
		"60 s, 99%":    {60 * time.Second, "99% over 30d", [4]int{9, 22, 44, 44}, [4]int{6, 14, 25, 60}},
		"300 s, 99.9%": {300 * time.Second, "99.9% over 30d", [4]int{1, 1, 1, 1}, [4]int{2, 3, 3, 5}},
		"300 s, 99%":   {300 * time.Second, "99% over 30d", [4]int{2, 5, 9, 9}, [4]int{4, 7, 8, 17}},
	} {
		t.Run(name, func(t *testing.T) {
			alarms := slo.Alarms(objective(t, tc.objective), tc.interval)
			require.Len(t, alarms, 4)
			for i, a := range alarms {
				require.Equal(t, tc.burn[i], int(a.Most/tc.interval)+1, "bad slots that are more than %v", a.Most)
				require.Equal(t, tc.sig[i], a.Need)
			}
		})
	}
}

func TestTheShortWindowHoldsFiveSlots(t *testing.T) {
	shorts := func(interval time.Duration) (all []time.Duration) {
		for _, a := range slo.Alarms(slo.Objective{BadPPM: 1000, Window: slo.Rolling(30 * day)}, interval) {
			all = append(all, a.Short)
		}
		return all
	}
	const m, h = time.Minute, time.Hour
	require.Equal(t, []time.Duration{5 * m, 30 * m, 2 * h, 6 * h}, shorts(10*time.Second))
	require.Equal(t, []time.Duration{5 * m, 30 * m, 2 * h, 6 * h}, shorts(time.Minute))
	require.Equal(t, []time.Duration{25 * m, 30 * m, 2 * h, 6 * h}, shorts(5*m))
	require.Equal(t, []time.Duration{h, 100 * m, 2 * h, 6 * h}, shorts(20*m), "but is not longer than the long one")
	require.Equal(t, []time.Duration{6 * h, 6 * h}, shorts(6*h), "nor than is remembered, and a tier of too few slots is left out")
	require.Empty(t, shorts(2*day))
}

func TestAnAlarmNeedsMoreThanOneBadSlotAndLessThanAll(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 22))
	for range 500 {
		o := slo.Objective{BadPPM: 1 + rnd.Int64N(1<<rnd.IntN(20)), Window: slo.Rolling(time.Duration(60+rnd.IntN(400*24*60-60)) * time.Minute)}
		interval := time.Duration(1+rnd.IntN(1<<rnd.IntN(22))) * time.Second
		for _, a := range slo.Alarms(o, interval) {
			require.GreaterOrEqual(t, a.Need, 2)
			require.LessOrEqual(t, time.Duration(a.Need)*interval, a.Long, "%v every %v: %+v", o, interval, a)
			require.Less(t, a.Most, a.Long)
			require.Less(t, a.PPB, int64(1e9))
			require.InDelta(t, a.Factor*float64(o.BadPPM)*1000, a.PPB, 1)
			require.InDelta(t, float64(a.PPB)/1e9, float64(a.Most)/float64(a.Long), 1e-3)
		}
	}
}

func TestA8HowSoonATierSeesAFullOutage(t *testing.T) {
	o := objective(t, "99.9% over 30d")
	for i, want := range []time.Duration{51_840, 129_600, 259_200, 259_200} {
		require.Equal(t, want*time.Millisecond, slo.Alarms(o, time.Second)[i].Most, "bad for longer than that")
	}
	require.InDelta(t, 5.76, slo.Alarms(o, time.Second)[0].Most.Minutes()/0.15, 1e-9, "A9: at 15% of errors")
}

func ExampleAlarms() {
	o, _ := slo.ParseObjective("99.9% over 30d")
	for _, a := range slo.Alarms(o, time.Minute) {
		fmt.Printf("%4.1f times too fast over %v and %v, and at least %d failed checks\n", a.Factor, a.Long, a.Short, a.Need)
	}
	// Output:
	// 14.4 times too fast over 1h0m0s and 5m0s, and at least 3 failed checks
	//  6.0 times too fast over 6h0m0s and 30m0s, and at least 5 failed checks
	//  3.0 times too fast over 24h0m0s and 2h0m0s, and at least 6 failed checks
	//  1.0 times too fast over 72h0m0s and 6h0m0s, and at least 11 failed checks
}
