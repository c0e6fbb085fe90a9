package store

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"sonde/incident"
	"sonde/probe"
)

// fleet is a store with so many probes, and one round of good results of all of them
// that is not committed.
func fleet(b *testing.B, probes int) (*Store, *Memory, []Probe) {
	s := open(b, newPath(b))
	r := &Revision{At: t0, Memory: NewMemory()}
	for i := range probes {
		r.Probes = append(r.Probes, watched(fmt.Sprintf("probe-%05d", i), time.Minute))
	}
	require.NoError(b, s.Revise(b.Context(), r))
	return s, r.Memory, r.Probes
}

// round is a result of each probe, at the n-th slot.
func round(probes []Probe, n int) []Entry {
	entries := make([]Entry, 0, len(probes))
	at := t0.Add(time.Duration(n) * time.Minute)
	ms := time.Millisecond
	for i := range probes {
		entries = append(entries, Entry{Probe: probes[i].ID, Input: incident.Input{
			At: at.Add(time.Duration(i) * ms), Verdict: judge(probe.OK, 200), Attempts: 1, Elapsed: 43 * ms,
			Timings: probe.Timings{Connect: 11 * ms, FirstByte: 30 * ms, Transfer: 2 * ms, Total: 43 * ms},
		}})
	}
	return entries
}

// written is how many bytes this process has written to files so far.
func written(b *testing.B) (n int64) {
	f, err := os.Open("/proc/self/io")
	require.NoError(b, err)
	defer func() { require.NoError(b, f.Close()) }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "wchar: "); ok {
			_, err = fmt.Sscan(rest, &n)
			require.NoError(b, err)
		}
	}
	return n
}

// measured does something as often as is asked for. Beside the mean time it reports the shortest,
// and the processor time, which say more on a machine that does something else as well.
func measured(b *testing.B, do func()) {
	spent := func() time.Duration {
		var usage unix.Rusage
		require.NoError(b, unix.Getrusage(unix.RUSAGE_SELF, &usage))
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	shortest, before := time.Hour, spent()
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		do()
		shortest = min(shortest, time.Since(start))
	}
	b.ReportMetric(float64(shortest.Microseconds())/1000, "ms-shortest")
	b.ReportMetric(float64((spent()-before).Microseconds())/1000/float64(b.N), "ms-CPU/op")
}

func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{1, 100, 250, 1000} {
		b.Run(fmt.Sprintf("entries=%d", size), func(b *testing.B) {
			s, memory, probes := fleet(b, size)
			entries := round(probes, 1)
			before, n := written(b), 0
			for b.Loop() {
				memory.Seq++
				require.NoError(b, s.Commit(b.Context(), &Batch{Seq: memory.Seq, At: t0, Entries: entries}))
				n += size
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "results/s")
			b.ReportMetric(float64(written(b)-before)/float64(n), "B-written/result")
			b.ReportMetric(float64(len(packEntries(entries)))/float64(size), "B-packed/result")
		})
	}
}

func BenchmarkCheckpoint(b *testing.B) {
	_, memory, probes := fleet(b, 10_000)
	for _, e := range round(probes, 1) {
		incident.Step(probes[0].Policy, memory.State(e.Probe), &e.Input, &memory.IDs)
	}
	size := 0
	for b.Loop() {
		size = len(memory.Checkpoint().packed)
	}
	b.ReportMetric(float64(size)/10_000, "B/probe")
}

// A look at everything while the service writes: for the first time, in a process of its own as a
// command takes it, and again. A second look costs only what is new.
func BenchmarkSnapshot(b *testing.B) {
	for _, size := range []int{1000, 10_000} {
		s, memory, probes := fleet(b, size)
		for n := range 3 {
			memory.Seq++
			require.NoError(b, s.Commit(b.Context(), &Batch{Seq: memory.Seq, At: t0, Entries: round(probes, n)}))
		}
		b.Run(fmt.Sprintf("first/probes=%d", size), func(b *testing.B) {
			measured(b, func() {
				r, err := OpenReader(b.Context(), s.Path())
				require.NoError(b, err)
				snapshot, err := r.Snapshot(b.Context(), t0)
				require.NoError(b, err)
				require.Len(b, snapshot.Probes, size)
				require.NoError(b, r.Close())
			})
		})
		b.Run(fmt.Sprintf("process/probes=%d", size), func(b *testing.B) {
			var took []int64
			var spent int64
			for b.Loop() {
				line, _, end := process(b, "look once", s.Path(), nil)
				var us, cpu int64
				_, err := fmt.Sscan(line, &us, &cpu)
				require.NoError(b, err, line)
				took, spent = append(took, us), spent+cpu
				end()
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2])/1000, "ms-median")
			b.ReportMetric(float64(took[0])/1000, "ms-shortest")
			b.ReportMetric(float64(spent)/1000/float64(b.N), "ms-CPU/op")
		})
		b.Run(fmt.Sprintf("next/probes=%d", size), func(b *testing.B) {
			r := look(b, s.Path())
			_, err := r.Snapshot(b.Context(), t0)
			require.NoError(b, err)
			measured(b, func() {
				_, err := r.Snapshot(b.Context(), t0)
				require.NoError(b, err)
			})
		})
	}
}

// The log of a minute of 1,000 results a second, which is what a start replays.
func BenchmarkReplay(b *testing.B) {
	s, memory, probes := fleet(b, 1000)
	for n := range 60 {
		entries := round(probes, n)
		for quarter := range 4 {
			memory.Seq++
			require.NoError(b, s.Commit(b.Context(), &Batch{Seq: memory.Seq, At: t0, Entries: entries[quarter*250 : quarter*250+250]}))
		}
	}
	for b.Loop() {
		_, m, err := s.Load(b.Context())
		require.NoError(b, err)
		require.EqualValues(b, 240, m.Seq)
	}
	b.ReportMetric(60_000*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// One probe that is asked every 10 s, looked at over its 30 days.
func BenchmarkSummaries(b *testing.B) {
	s := open(b, newPath(b))
	r := &Revision{At: t0, Memory: NewMemory(), Probes: []Probe{watched("a", 10*time.Second)}}
	require.NoError(b, s.Revise(b.Context(), r))
	memory, at := r.Memory, t0.Truncate(day)
	for range 31 * 96 {
		var entries []Entry
		for range 90 {
			at = at.Add(10 * time.Second)
			us := time.Duration(at.UnixNano()/7e9%40_000) * time.Microsecond
			entries = append(entries, Entry{Probe: r.Probes[0].ID, Input: incident.Input{
				At: at, Verdict: judge(probe.OK, 200), Attempts: 1, Elapsed: us, Timings: probe.Timings{FirstByte: us, Total: us},
			}})
		}
		memory.Seq++
		for i := range entries {
			memory.Step(r.Probes[0].Policy, &entries[i])
		}
		require.NoError(b, s.Commit(b.Context(), &Batch{Seq: memory.Seq, At: at, Entries: entries, Checkpoint: memory.Checkpoint()}))
	}
	_, err := s.Compact(b.Context(), at)
	require.NoError(b, err)
	reader := look(b, s.Path())
	for _, step := range []time.Duration{time.Hour, 6 * time.Hour, day} {
		b.Run("step="+step.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sums, err := reader.Summaries(b.Context(), r.Probes[0].ID, at.Truncate(time.Hour).Add(-30*day), at.Truncate(time.Hour), step)
				require.NoError(b, err)
				require.Len(b, sums, int(30*day/step))
			}
		})
	}
}

// A first look at ten thousand probes with a month behind them.
func BenchmarkSnapshotOfAMonth(b *testing.B) {
	s, memory, probes := fleet(b, 10_000)
	for i := range probes {
		probes[i].Policy.Interval = 6 * time.Hour
	}
	require.NoError(b, s.Revise(b.Context(), &Revision{At: t0, Memory: memory, Probes: probes}))
	at := t0.Truncate(day)
	for n := range 31 * 4 {
		at = at.Add(6 * time.Hour)
		entries := round(probes, 0)
		for i := range entries {
			entries[i].Input.At = at.Add(time.Duration(i) * time.Millisecond)
			memory.Step(probes[i].Policy, &entries[i])
		}
		memory.Seq++
		require.NoError(b, s.Commit(b.Context(), &Batch{Seq: memory.Seq, At: at.Add(time.Minute), Entries: entries, Checkpoint: memory.Checkpoint()}))
		if n%4 == 3 {
			_, err := s.Compact(b.Context(), at)
			require.NoError(b, err)
		}
	}
	require.Greater(b, countDays(b, s), 25)
	measured(b, func() {
		r, err := OpenReader(b.Context(), s.Path())
		require.NoError(b, err)
		snapshot, err := r.Snapshot(b.Context(), at)
		require.NoError(b, err)
		require.Len(b, snapshot.Probes, 10_000)
		require.NoError(b, r.Close())
	})
}

func countDays(b *testing.B, s *Store) (n int) {
	require.NoError(b, s.db.QueryRowContext(b.Context(), "SELECT count(*) FROM tallies").Scan(&n))
	return n
}

// Commits of 250 results four times a second, without readers and beside fifty processes
// that each look at ten thousand probes once a second. That they start, and look for the
// first time, is not measured.
func BenchmarkReadersBeside(b *testing.B) {
	for _, readers := range []int{0, 50} {
		b.Run(fmt.Sprintf("readers=%d", readers), func(b *testing.B) {
			s, memory, probes := fleet(b, 10_000)
			entries := round(probes[:250], 1)
			for range readers {
				line, _, end := process(b, "look on", s.Path(), nil)
				require.Equal(b, "looked", line)
				defer end()
			}
			var took []time.Duration
			for b.Loop() {
				time.Sleep(250 * time.Millisecond)
				memory.Seq++
				start := time.Now()
				require.NoError(b, s.Commit(b.Context(), &Batch{Seq: memory.Seq, At: t0, Entries: entries}))
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			for _, q := range []int{50, 99} {
				b.ReportMetric(float64(took[(len(took)-1)*q/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", q))
			}
		})
	}
}
