package scheduler

import (
	"context"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/probe"
)

// heedless is a sink that only counts.
type heedless struct{ results, missed atomic.Int64 }

func (h *heedless) Record(probe.Result) { h.results.Add(1) }
func (h *heedless) Missed(Miss)         { h.missed.Add(1) }

// The benchmarks keep probes whose runs cost nothing, for b.N seconds but at
// least 3, and say what the process's CPU costs per run, how late runs are, and how
// many slots were missed. The bare loop, a goroutine and a ticker per probe, is the
// yardstick: compare within one run only, on a machine with nothing else to do.

func BenchmarkLoad10k(b *testing.B)      { load(b, 10_000) }
func BenchmarkLoad10kBare(b *testing.B)  { bare(b, 10_000) }
func BenchmarkLoad100k(b *testing.B)     { load(b, 100_000) }
func BenchmarkLoad100kBare(b *testing.B) { bare(b, 100_000) }

const benchInterval = 10 * time.Second

var free = asking(func(context.Context, *probe.Target, probe.RunKind, time.Time) probe.Result { return good })

func load(b *testing.B, probes int) {
	sink := &heedless{}
	s, err := New(Options{Prober: free, Sink: sink})
	require.NoError(b, err)
	require.NoError(b, s.Start(context.Background(), fleet(probes, benchInterval, time.Second)))
	measure(b, &sink.results)
	stats := s.Stats()
	require.NoError(b, s.Stop(context.Background()))
	b.ReportMetric(float64(stats.Lateness.Quantile(0.99).Microseconds())/1000, "late-p99-ms")
	b.ReportMetric(float64(stats.Missed[probe.ProberOverload]), "missed")
}

func bare(b *testing.B, probes int) {
	sink := &heedless{}
	quit := make(chan struct{})
	var loops sync.WaitGroup
	for _, job := range fleet(probes, benchInterval, time.Second) {
		loops.Go(func() {
			select {
			case <-quit:
				return
			case <-time.After(Phase(job.ID, job.Interval)):
			}
			ticker := time.NewTicker(job.Interval)
			defer ticker.Stop()
			for {
				sink.Record(free.Run(context.Background(), job.Target, probe.Scheduled, time.Now()))
				select {
				case <-quit:
					return
				case <-ticker.C:
				}
			}
		})
	}
	measure(b, &sink.results)
	close(quit)
	loops.Wait()
}

// measure waits and reports what it cost.
func measure(b *testing.B, done *atomic.Int64) {
	time.Sleep(200 * time.Millisecond)
	before, cpu := done.Load(), cpuTime(b)
	b.ResetTimer()
	time.Sleep(max(3*time.Second, time.Duration(b.N)*time.Second))
	b.StopTimer()
	runs := done.Load() - before
	cpu = cpuTime(b) - cpu
	b.ReportMetric(float64(cpu.Nanoseconds())/1000/float64(runs), "cpu-us/run")
	b.ReportMetric(float64(runs)/b.Elapsed().Seconds(), "runs/s")
}

// cpuTime is what this process has used, system calls included.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
