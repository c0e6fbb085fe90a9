package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/configs"
	"sonde/incident"
	"sonde/probe"
	"sonde/record"
	"sonde/report"
	"sonde/scheduler"
	"sonde/store"
	"sonde/web"
)

// crowd is how many probes the numbers of DESIGN.md section 8 are about.
const crowd = 10_000

// crowdFile writes a configuration of so many probes, and returns its path.
func crowdFile(b *testing.B, url string) string {
	var s strings.Builder
	_, _ = fmt.Fprintf(&s, "listen: \"\"\ndefaults: {interval: 10s, notify: []}\nprobes:\n")
	for i := range crowd {
		_, _ = fmt.Fprintf(&s, "  - {name: p%d, url: \"%s/%d\"}\n", i, url, i)
	}
	path := filepath.Join(b.TempDir(), "sonde.yaml")
	require.NoError(b, os.WriteFile(path, []byte(s.String()), 0o600))
	return path
}

// weights is the heap that each part of the service holds.
type weights struct {
	b    *testing.B
	held uint64
	kept []any // so that nothing that was weighed is collected
}

// heap is what is alive.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what finalizers and pools held
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// weigh makes a part, and reports how much the heap has grown per probe.
func (w *weights) weigh(part string, make func() any) {
	w.kept = append(w.kept, make())
	held := heap()
	w.b.ReportMetric(float64(int64(held)-int64(w.held))/crowd, part+"-B/probe")
	w.held = held
}

// BenchmarkMemory lists what a probe costs, by part of the service, after each of 10,000
// probes has had a good result. Parts come in the order in which the service makes them;
// what they share is the first one's.
//
//	go test ./cmd/sonde -run '^$' -bench Memory -benchtime 1x
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		weighAll(b)
	}
}

func weighAll(b *testing.B) {
	ctx, path, t0 := b.Context(), crowdFile(b, "http://127.0.0.1:9"), time.Now().UTC().Truncate(time.Second)
	w := &weights{b: b, held: heap()}
	var (
		s      *store.Store
		memory *store.Memory
		probes []store.Probe
		all    []scheduler.Job
	)
	w.weigh("configured", func() any {
		config, _, err := configs.Load(path, configs.Options{Secrets: true})
		require.NoError(b, err)
		s, err = store.Open(ctx, config.Database, "here", "")
		require.NoError(b, err)
		memory, probes, err = record.Begin(ctx, s, describe(config), t0)
		require.NoError(b, err)
		all = jobs(config, probes, memory)
		return probes
	})
	tallies := web.NewTallies()
	entries := results(probes, t0)
	w.kept, w.held = append(w.kept, entries), heap()
	w.weigh("state", func() any {
		for i := range entries {
			incident.Step(probes[i].Policy, memory.State(probes[i].ID), &entries[i].Input, &memory.IDs)
		}
		return memory
	})
	w.weigh("tallies", func() any {
		tallies.Add(entries)
		return tallies
	})
	var recorder *record.Recorder
	w.weigh("recorder", func() any {
		recorder = record.New(record.Options{
			Log: s, Memory: memory, Probes: probes, Location: "here", Logger: slog.New(slog.DiscardHandler),
			Recheck: func(probe.ID, time.Time) {}, Hold: func(probe.ID, incident.Hold) {}, Told: func(string) {}, Published: func([]store.Entry) {},
		})
		recorder.Start()
		require.NoError(b, recorder.Alive(ctx))
		return recorder
	})
	w.weighRunning(s, all, recorder, probes)
	require.NoError(b, recorder.Stop(ctx))
	require.NoError(b, s.Close())
	w.b.ReportMetric(float64(w.held)/(1<<20), "all-MB")
	runtime.KeepAlive(w.kept)
}

// weighRunning weighs what the service has beside what it must know, and what passes while a
// look at everything is answered.
func (w *weights) weighRunning(s *store.Store, all []scheduler.Job, recorder *record.Recorder, probes []store.Probe) {
	b, ctx := w.b, w.b.Context()
	runs, err := scheduler.New(scheduler.Options{Prober: &probe.Runner{}, Sink: deaf{}})
	require.NoError(b, err)
	w.weigh("scheduler", func() any {
		for i := range all {
			all[i].Interval, all[i].LastResult = time.Hour, time.Now() // nothing is to be asked now
		}
		require.NoError(b, runs.Start(ctx, all))
		return runs
	})
	reader, err := store.OpenReader(ctx, s.Path())
	require.NoError(b, err)
	reader.Borrow(recorder, probes)
	look := func() *store.Snapshot {
		snapshot, err := reader.Snapshot(ctx, time.Now())
		require.NoError(b, err)
		return snapshot
	}
	w.weigh("reader", func() any {
		look().Done()
		return reader
	})
	snapshot := look()
	w.weigh("snapshot-passing", func() any { return snapshot })
	w.weigh("status-passing", func() any { return report.NewStatus(snapshot, time.Now()) })
	snapshot.Done()
	require.NoError(b, runs.Stop(ctx))
	require.NoError(b, reader.Close())
}

// deaf is a sink that keeps nothing.
type deaf struct{}

func (deaf) Record(probe.Result)   {}
func (deaf) Missed(scheduler.Miss) {}

// results are a good one of each probe.
func results(probes []store.Probe, at time.Time) []store.Entry {
	entries := make([]store.Entry, len(probes))
	for i := range probes {
		entries[i] = store.Entry{Probe: probes[i].ID, Input: incident.Input{
			At: at, Attempts: 1, Timings: probe.Timings{Total: 50 * time.Millisecond}, Elapsed: 50 * time.Millisecond,
			Verdict: probe.Verdict{Status: 200, Class: probe.ClassSuccess, Outcome: probe.Good},
		}}
	}
	return entries
}
