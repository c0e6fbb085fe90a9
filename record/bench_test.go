package record_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/record"
	"sonde/store"
)

// stopwatch measures the commits of a log.
type stopwatch struct {
	record.Log
	took []time.Duration
}

func (s *stopwatch) Commit(ctx context.Context, b *store.Batch) error {
	began := time.Now()
	err := s.Log.Commit(ctx, b)
	s.took = append(s.took, time.Since(began))
	return err
}

// p99 is what 99 of 100 commits do not exceed.
func (s *stopwatch) p99() time.Duration {
	slices.Sort(s.took)
	return s.took[len(s.took)*99/100]
}

// cpu is the processor time that this process has used.
func cpu(b *testing.B) time.Duration {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkRecorder commits with synchronous=FULL. "saturated" gives results as fast as
// they are taken; "steady" a thousand a second, as 10,000 probes at 10 s do.
func BenchmarkRecorder(b *testing.B) {
	for name, pace := range map[string]time.Duration{"saturated": 0, "steady": time.Second / 1000} {
		b.Run(name, func(b *testing.B) { benchmarkRecorder(b, pace) })
	}
}

func benchmarkRecorder(b *testing.B, pace time.Duration) {
	const probes = 10_000
	s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "sonde.db"), "here", "")
	require.NoError(b, err)
	var wanted []store.Probe
	for i := range probes {
		wanted = append(wanted, watched(fmt.Sprintf("probe-%05d", i)))
	}
	memory, wanted, err := record.Begin(b.Context(), s, wanted, t0)
	require.NoError(b, err)
	log := &stopwatch{Log: s}
	r := record.New(record.Options{
		Log: log, Memory: memory, Probes: wanted, Location: "here", Logger: slog.New(slog.DiscardHandler),
		Recheck: func(probe.ID, time.Time) {}, Hold: func(probe.ID, incident.Hold) {}, Told: func(string) {}, Published: func([]store.Entry) {},
	})
	r.Start()
	before, n := cpu(b), 0
	for began := time.Now(); b.Loop(); n++ {
		r.Record(result(wanted[n%probes].ID, slot(n/probes), good, 1))
		if ahead := time.Duration(n)*pace - time.Since(began); n%10 == 0 && ahead > 0 {
			time.Sleep(ahead)
		}
		for pace == 0 && n%1000 == 0 && r.Stats().Waiting > 4000 { // the ring is not to overflow
			time.Sleep(100 * time.Microsecond)
		}
	}
	require.NoError(b, r.Stop(b.Context()))
	used := cpu(b) - before
	require.Zero(b, r.Stats().Lost)
	require.EqualValues(b, n, r.Stats().Recorded)
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "results/s")
	b.ReportMetric(float64(used.Microseconds())/float64(n), "µs-cpu/result")
	b.ReportMetric(float64(log.p99().Microseconds())/1000, "ms-commit-p99")
	b.ReportMetric(float64(n)/float64(len(log.took)), "results/commit")
	require.NoError(b, s.Close())
}
