package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
)

// The past of one of ten thousand probes that are asked every 10 s, while half an hour of their
// results has not been compacted: its results of a day, its latest ones, and the time of a month.
func BenchmarkTail(b *testing.B) {
	s, memory, probes := fleet(b, 10_000)
	at := t0
	for n := range 180 {
		entries := round(probes, 0)
		for i := range entries {
			entries[i].Input.At = t0.Add(time.Duration(n)*10*time.Second + time.Duration(i)*time.Millisecond)
		}
		for ; len(entries) > 0; entries = entries[250:] {
			memory.Seq++
			at = entries[249].Input.At.Add(100 * time.Millisecond)
			require.NoError(b, s.Commit(b.Context(), &Batch{Seq: memory.Seq, At: at, Entries: entries[:250]}))
		}
	}
	for i := range probes {
		memory.State(probes[i].ID).Last = incident.Last{At: at, Verdict: answers[0], Attempts: 1}
	}
	require.NoError(b, s.Revise(b.Context(), &Revision{At: at, Memory: memory, Probes: probes}))
	r := look(b, s.Path())
	id := probes[5000].ID
	results := func(from time.Time, want int) func() {
		return func() {
			n := 0
			require.NoError(b, r.Results(b.Context(), id, from, at, func(*incident.Input) error { n++; return nil }))
			require.Equal(b, want, n)
		}
	}
	b.Run("results/day", func(b *testing.B) { measured(b, results(at.Add(-day), 180)) })
	b.Run("results/latest", func(b *testing.B) { measured(b, results(at.Add(-240*time.Second), 24)) })
	b.Run("ledger/month", func(b *testing.B) {
		measured(b, func() {
			r := look(b, s.Path())
			_, err := r.Ledger(b.Context(), id, at.Add(-30*day), at)
			require.NoError(b, err)
		})
	})
}
