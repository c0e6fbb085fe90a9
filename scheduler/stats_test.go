package scheduler

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/probe"
)

func TestLatenessQuantiles(t *testing.T) {
	l := newCounters().lateness
	require.Zero(t, l.Quantile(0.99), "of nothing")
	for ms := range 1000 {
		l.add(time.Duration(ms) * time.Millisecond / 10)
	}
	require.EqualValues(t, 1000, l.Count())
	require.Equal(t, time.Millisecond, l.Quantile(0.01), "a bound is part of its bucket")
	require.Equal(t, 2*time.Millisecond, l.Quantile(0.0111))
	require.Equal(t, 50*time.Millisecond, l.Quantile(0.5))
	require.Equal(t, 99900*time.Microsecond, l.Quantile(0.99), "never more than the maximum")
	l.add(time.Hour)
	require.Equal(t, time.Hour, l.Quantile(1))
	require.Equal(t, 3600*time.Second+49950*time.Millisecond, l.Sum)
}

func TestStatsAreACopy(t *testing.T) {
	s, err := New(Options{Prober: takes(0), Sink: &journal{}})
	require.NoError(t, err)
	stats := s.Stats()
	require.True(t, stats.LastTick.IsZero())
	stats.Missed[probe.ProberClock] = 7
	stats.Lateness.Counts[0] = 7
	stats.Lateness.Bounds[0] = 0
	require.Empty(t, s.Stats().Missed)
	require.Zero(t, s.Stats().Lateness.Count())
	require.NotZero(t, s.Stats().Lateness.Bounds[0])
}

func TestAProbeCostsLittleMemory(t *testing.T) {
	const probes = 100_000
	jobs := fleet(probes, 10*time.Second, time.Second)
	s, err := New(Options{Prober: takes(0), Sink: &journal{}})
	require.NoError(t, err)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	s.mu.Lock()
	s.enrol(jobs)
	s.mu.Unlock()
	each := (heap() - before) / probes
	t.Logf("%d bytes per probe", each)
	require.LessOrEqual(t, each, uint64(300))
	require.Len(t, s.lanes, maxLanes)
	runtime.KeepAlive(jobs)
}
