package report_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/report"
	"sonde/store"
)

// BenchmarkStatus measures what a look at everything costs: the snapshot, the summary
// of it, and its JSON, for probes that each had an hour of slots and two failures.
func BenchmarkStatus(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprintf("probes=%d", n), func(b *testing.B) {
			l := crowd(b, n)
			reader, err := store.OpenReader(b.Context(), l.path)
			require.NoError(b, err)
			defer func() { require.NoError(b, reader.Close()) }()
			snapshot, err := reader.Snapshot(b.Context(), now)
			require.NoError(b, err)
			status := report.NewStatus(snapshot, now)
			b.Run("snapshot", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := reader.Snapshot(b.Context(), now); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("summary", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					report.NewStatus(snapshot, now)
				}
			})
			b.Run("json", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := json.Marshal(status); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// crowd is a lab with so many probes. All of them are committed at once.
func crowd(b *testing.B, n int) *lab {
	var probes []store.Probe
	for i := range n {
		probes = append(probes, watched(fmt.Sprintf("probe-%05d", i), 60, "99.9% over 30d"))
	}
	l := newLab(b, probes...)
	l.memory.Seq++
	batch := &store.Batch{Seq: l.memory.Seq, At: now}
	for _, p := range l.probes {
		for i, v := range slices.Concat(times(20, good), times(1, broken), times(20, good), times(1, denied), times(18, good)) {
			in := incident.Input{At: ago(60 * (59 - i)), Verdict: v, Attempts: 1, Timings: probe.Timings{Total: 41_200_000}}
			fx := incident.Step(p.Policy, l.memory.State(p.ID), &in, &l.memory.IDs)
			batch.Entries = append(batch.Entries, store.Entry{Probe: p.ID, Input: in})
			batch.Effects = append(batch.Effects, store.Effect{Probe: p.ID, Effects: fx})
		}
	}
	require.NoError(b, l.store.Commit(b.Context(), batch))
	return l
}
