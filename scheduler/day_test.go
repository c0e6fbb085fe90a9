package scheduler

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/probe"
)

// TestSimulatedDay asks 200 probes every 30 s for a day.
func TestSimulatedDay(t *testing.T) {
	length := 24 * time.Hour
	if testing.Short() || raceEnabled {
		length = 2 * time.Hour
	}
	var mu sync.Mutex
	early, late := 0, 0
	prober := asking(func(ctx context.Context, tg *probe.Target, kind probe.RunKind, at time.Time) probe.Result {
		now := time.Now()
		mu.Lock()
		if now.Before(at) {
			early++
		}
		if now.After(at) {
			late++
		}
		mu.Unlock()
		return takes(40*time.Millisecond)(ctx, tg, kind, at)
	})
	jobs := func() []Job { return fleet(200, 30*time.Second, 10*time.Second) }
	simulate(t, Options{Prober: prober}, jobs, func(s *Scheduler, j *journal) {
		time.Sleep(length)
		stats := s.Stats()
		require.EqualValues(t, 200*length/(30*time.Second), stats.Runs[probe.Scheduled])
		require.Empty(t, stats.Missed)
		require.Zero(t, stats.DroppedTicks)
		require.Zero(t, stats.Lateness.Max)
		require.Empty(t, j.lost())
	})
	require.Zero(t, early)
	require.Zero(t, late)
}

func TestIntervalsOfAllSizesAreKeptExactly(t *testing.T) {
	prober := asking(func(_ context.Context, _ *probe.Target, kind probe.RunKind, at time.Time) probe.Result {
		if kind == probe.Scheduled && !time.Now().Equal(at) {
			return probe.Result{Verdict: probe.Miss(probe.ProberOverload)}
		}
		return good
	})
	jobs := func() []Job {
		var all []Job
		for i, interval := range []time.Duration{time.Second, 1234 * time.Millisecond, 10 * time.Second, 59999 * time.Millisecond,
			time.Minute, 7 * time.Minute, time.Hour} {
			for k, job := range fleet(25, interval, min(interval/2, 10*time.Second)) {
				job.ID = probe.ID(1 + 100*i + k)
				all = append(all, job)
			}
		}
		return all
	}
	simulate(t, Options{Prober: prober}, jobs, func(s *Scheduler, j *journal) {
		time.Sleep(61*time.Minute + 123*time.Millisecond)
		require.Empty(t, j.lost())
		for _, r := range j.heard() {
			if r.Verdict.Outcome != probe.Good || r.At.Location() != time.UTC {
				require.Failf(t, "late", "probe %d was not asked at %v", r.Probe, r.At)
			}
		}
	})
}

// TestEverySlotIsAccountedFor tries random services: too small pools, slow and
// hanging targets, panics, holds, re-checks, clock jumps, dropped ticks, reloads.
func TestEverySlotIsAccountedFor(t *testing.T) {
	rounds := uint64(150)
	if testing.Short() || raceEnabled {
		rounds = 20
	}
	var sum Stats
	lost := map[probe.Reason]int{}
	for seed := range rounds {
		stats, reasons := oneService(t, seed)
		sum.Jumps += stats.Jumps
		sum.DroppedTicks += stats.DroppedTicks
		sum.Panics += stats.Panics
		for why, n := range reasons {
			lost[why] += n
		}
	}
	// The rounds prove nothing unless all of this happened in them.
	require.NotZero(t, sum.Jumps)
	require.NotZero(t, sum.DroppedTicks)
	require.NotZero(t, sum.Panics)
	for _, why := range []probe.Reason{probe.Throttled, probe.ProberClock, probe.ProberOverload, probe.Canceled} {
		require.NotZero(t, lost[why], why)
	}
	require.Len(t, lost, 4)
}

// forgetFor has gocron forget everything for a while.
func forgetFor(t *testing.T, s *Scheduler, a time.Duration) {
	s.jobs.Lock()
	s.cron.RemoveByTags(tag)
	s.jobs.Unlock()
	time.Sleep(a)
	s.jobs.Lock()
	require.NoError(t, s.arm())
	s.jobs.Unlock()
}

// moody takes as long as chance has it, and has defects.
func moody(chance *rand.Rand, mu *sync.Mutex, timeout time.Duration) asking {
	return func(ctx context.Context, tg *probe.Target, kind probe.RunKind, at time.Time) probe.Result {
		mu.Lock()
		how, long := chance.IntN(20), time.Duration(chance.Int64N(int64(timeout)))
		mu.Unlock()
		switch how {
		case 0:
			panic("a defect")
		case 1, 2, 3:
			return takes(long)(ctx, tg, kind, at)
		case 4:
			return takes(timeout)(ctx, tg, kind, at)
		}
		return takes(long/50)(ctx, tg, kind, at)
	}
}

func oneService(t *testing.T, seed uint64) (stats Stats, reasons map[probe.Reason]int) {
	chance := seeded(t, seed)
	probes := 1 + chance.IntN(60)
	interval := time.Duration(1000+chance.IntN(20000)) * time.Millisecond
	timeout := time.Duration(1 + chance.Int64N(int64(interval)))
	busy := newOverlap()
	var mu sync.Mutex
	prober := busy.watch(moody(chance, &mu, timeout))
	var step time.Duration
	opts := Options{Prober: prober, Concurrency: 1 + chance.IntN(20), Grace: time.Duration(chance.IntN(5)) * time.Second}
	jobs := func() []Job {
		opts.Clock = newClock(time.Time{}, func(r time.Time) time.Time { mu.Lock(); defer mu.Unlock(); return r.Add(step) })
		all := fleet(probes, interval, timeout)
		for i := range all {
			tg := *all[i].Target
			all[i].Target = &tg
			if chance.IntN(2) == 0 {
				all[i].LastResult = time.Time{}
			}
		}
		return all
	}
	simulateWith(t, &opts, jobs, func(s *Scheduler, j *journal, all []Job) {
		for range 40 {
			mu.Lock()
			what, id := chance.IntN(8), probe.ID(1+chance.IntN(probes))
			wait, ahead := time.Duration(chance.Int64N(int64(interval))), time.Duration(chance.Int64N(int64(30*time.Second)))
			mu.Unlock()
			time.Sleep(wait)
			switch what {
			case 0:
				s.Hold(id, s.clock.Now().Add(ahead), probe.Throttled)
			case 1, 2:
				s.Recheck(id, s.clock.Now().Add(ahead/10))
			case 3:
				mu.Lock()
				step += ahead - 5*time.Second
				mu.Unlock()
			case 4:
				forgetFor(t, s, 3*ahead)
			case 5:
				require.NoError(t, s.Reload(all))
			}
		}
		require.Zero(t, busy.overlaps(), "a probe was asked twice at once")
		require.NoError(t, s.Stop(context.Background()))
		stats, reasons = s.Stats(), j.reasons(all)
		for why, n := range reasons {
			require.EqualValues(t, n, stats.Missed[why], why)
		}
		require.Len(t, j.of(probe.Scheduled), int(stats.Runs[probe.Scheduled]))
		require.Zero(t, stats.InFlight)
		require.Zero(t, stats.Waiting)
	})
	return stats, reasons
}
