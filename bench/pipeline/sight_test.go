package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var t0 = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// at are requests of a probe, so many seconds after t0.
func at(probe int, seconds ...float64) (hits []hit) {
	for _, s := range seconds {
		hits = append(hits, hit{Probe: probe, At: t0.Add(time.Duration(s * float64(time.Second)))})
	}
	return hits
}

func TestSlotsAreCountedAtTheTarget(t *testing.T) {
	const interval = 10 * time.Second
	for name, tc := range map[string]struct {
		hits        []hit
		asked, want int
	}{
		"every slot":                         {at(0, 3, 13, 23), 3, 3},
		"one is missing":                     {at(0, 3, 23), 2, 3},
		"the first is missing":               {at(0, 13, 23), 2, 3},
		"the last two are missing":           {at(0, 3), 1, 3},
		"none came":                          {nil, 0, 2},
		"a slot at the edge may be outside":  {at(0, 9.5, 19.5), 2, 2},
		"what came before is not counted":    {at(0, -7, 3, 13, 23), 3, 3},
		"one that is late is still that one": {at(0, 3, 16, 23), 3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := see(tc.hits, 1, interval, t0, t0.Add(30*time.Second))
			require.Equal(t, tc.asked, s.hits)
			require.Equal(t, tc.want, s.slots)
		})
	}
}

func TestLatenessIsHowFarAGapIsFromTheInterval(t *testing.T) {
	hits := append(at(0, 3, 13.5, 23.2), at(1, 5, 15)...)
	s := see(hits, 2, 10*time.Second, t0, t0.Add(30*time.Second))
	require.Equal(t, []time.Duration{0, 300 * time.Millisecond, 500 * time.Millisecond}, s.gaps)
}

func TestClocksAreComparedRequestByRequest(t *testing.T) {
	const ms = time.Millisecond
	hits := append(at(0, 0, 10), append(at(1, 11.9), append(at(2, 3), at(3, 10)...)...)...)
	for i := range hits {
		hits[i].Took = 50 * ms
	}
	measured := map[int]time.Duration{0: 52 * ms, 1: 60 * ms, 2: 70 * ms}
	got := over(measured, hits, 10*time.Second, t0.Add(12500*ms))
	require.Equal(t, []time.Duration{2 * ms}, got,
		"that of 1 may not have been told yet, 2 may have been asked again, and nothing is known of 3")
}

func TestQuantiles(t *testing.T) {
	require.Equal(t, 3, quantile([]int{1, 2, 3, 4}, 0.5))
	require.Equal(t, 4, quantile([]int{1, 2, 3, 4}, 1))
	require.Zero(t, quantile([]int(nil), 0.5))
}

func TestMetricsAreTakenFromTheirSeries(t *testing.T) {
	told := readMetrics(`# HELP sonde_missed_slots_total Slots.
sonde_missed_slots_total{reason="prober_overload"} 7
sonde_missed_slots_total{reason="canceled"} 2
sonde_results_total{class="success",code="200",outcome="good",probe="p1",reason="ok",retry="no"} 40
sonde_results_total{class="no_response",code="0",outcome="bad",probe="p1",reason="connect_timeout",retry="yes"} 2
sonde_commit_seconds_bucket{le="0.001"} 50
sonde_commit_seconds_bucket{le="0.005"} 99
sonde_commit_seconds_bucket{le="+Inf"} 100
sonde_probe_duration_seconds{phase="connect",probe="p12"} 0.001
sonde_probe_duration_seconds{phase="total",probe="p12"} 0.0525
go_goroutines 31
`)
	require.Equal(t, 9.0, told.missedSlots())
	require.Equal(t, 7.0, told.missed["prober_overload"])
	require.Equal(t, 42.0, told.results)
	require.Equal(t, 2.0, told.bad)
	require.Equal(t, "<=1ms / <=5ms", told.commits.both())
	require.Equal(t, "-", told.lateness.both())
	require.Equal(t, map[int]time.Duration{12: 52500 * time.Microsecond}, told.total)
	require.Equal(t, 31.0, told.goroutines)
}
