package scheduler

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/probe"
)

// overlap notices when a target is asked twice at once. Every probe needs a
// target of its own.
type overlap struct {
	mu    sync.Mutex
	busy  map[*probe.Target]bool
	twice int
}

func newOverlap() *overlap { return &overlap{busy: map[*probe.Target]bool{}} }

func (o *overlap) watch(p asking) asking {
	return func(ctx context.Context, t *probe.Target, kind probe.RunKind, at time.Time) probe.Result {
		o.mu.Lock()
		if o.busy[t] {
			o.twice++
		}
		o.busy[t] = true
		o.mu.Unlock()
		defer func() {
			o.mu.Lock()
			o.busy[t] = false
			o.mu.Unlock()
		}()
		return p(ctx, t, kind, at)
	}
}

func (o *overlap) overlaps() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.twice
}

func TestOverloadIsCountedNotLate(t *testing.T) {
	// 100 probes every 2 s that take 1 s each need 50 places; there are 10.
	jobs := func() []Job { return fleet(100, 2*time.Second, time.Second) }
	simulate(t, Options{Prober: takes(time.Second), Concurrency: 10}, jobs, func(s *Scheduler, j *journal) {
		time.Sleep(10 * time.Second)
		before := runtime.NumGoroutine()
		time.Sleep(10 * time.Minute)
		stats := s.Stats()
		require.LessOrEqual(t, runtime.NumGoroutine(), before+12, "goroutines grow under overload")
		require.LessOrEqual(t, stats.InFlight, 10)
		require.LessOrEqual(t, stats.Waiting, 100)
		require.InDelta(t, 6100, stats.Runs[probe.Scheduled], 20, "the pool is kept busy")
		require.InDelta(t, 305*80, stats.Missed[probe.ProberOverload], 200)
		require.LessOrEqual(t, stats.Lateness.Max, time.Second)
	})
}

func TestAPlaceThatFreesInTimeIsTaken(t *testing.T) {
	// Two probes, one place: both slots can be kept, the second a little late.
	jobs := func() []Job {
		all := fleet(2, 10*time.Second, time.Second)
		all[1].ID = 1 + 987 // 10 ms or so from probe 1
		return all
	}
	gap := Phase(988, 10*time.Second) - Phase(1, 10*time.Second)
	require.Less(t, gap.Abs(), 100*time.Millisecond)
	simulate(t, Options{Prober: takes(500 * time.Millisecond), Concurrency: 1}, jobs, func(s *Scheduler, j *journal) {
		time.Sleep(time.Minute)
		require.Empty(t, j.lost())
		require.Equal(t, 500*time.Millisecond-gap.Abs(), s.Stats().Lateness.Max)
	})
}

func TestASlotDuringARunIsKeptRightAfterIt(t *testing.T) {
	slot := NextSlot(1, 10*time.Second, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
	for name, tc := range map[string]struct {
		timeout, recheckBefore time.Duration // the re-check takes the whole timeout
		late                   time.Duration
		kept                   bool
	}{
		"it waits for the run to end":           {4 * time.Second, time.Second, 3 * time.Second, true},
		"as long as its own run still fits":     {6 * time.Second, 2 * time.Second, 4 * time.Second, true},
		"else it is missed":                     {6 * time.Second, time.Second, 0, false},
		"50 ms are always given":                {10 * time.Second, 9900 * time.Millisecond, 0, false},
		"a timeout as long as the interval too": {10 * time.Second, 9970 * time.Millisecond, 30 * time.Millisecond, true},
	} {
		t.Run(name, func(t *testing.T) {
			var started time.Time
			slow := asking(func(ctx context.Context, tg *probe.Target, kind probe.RunKind, at time.Time) probe.Result {
				switch {
				case kind == probe.Recheck:
					return takes(tc.timeout)(ctx, tg, kind, at)
				case at.Equal(slot.Add(10 * time.Second)):
					started = time.Now()
				}
				return good
			})
			jobs := func() []Job { return fleet(1, 10*time.Second, tc.timeout) }
			simulate(t, Options{Prober: slow}, jobs, func(s *Scheduler, j *journal) {
				wake := slot.Add(10*time.Second - tc.recheckBefore)
				time.Sleep(time.Until(wake))
				s.Recheck(1, wake)
				time.Sleep(15 * time.Second)
				if !tc.kept {
					require.Equal(t, []Miss{{1, slot.Add(10 * time.Second), slot.Add(10 * time.Second), probe.ProberOverload, probe.Scheduled}}, j.lost())
					return
				}
				require.Empty(t, j.lost())
				require.Equal(t, slot.Add(10*time.Second+tc.late), started.UTC())
				require.Equal(t, tc.late, s.Stats().Lateness.Max)
			})
		})
	}
}

func TestAProbeIsNeverAskedTwiceAtOnce(t *testing.T) {
	busy := newOverlap()
	prober := busy.watch(takes(1700 * time.Millisecond)) // longer than its timeout, as a prober must not be
	jobs := func() []Job {
		all := fleet(30, time.Second, time.Second)
		for i := range all {
			target := *all[i].Target
			all[i].Target = &target
			all[i].LastResult = time.Time{}
		}
		return all
	}
	simulate(t, Options{Prober: prober}, jobs, func(s *Scheduler, j *journal) {
		for range 200 {
			s.Recheck(probe.ID(1+s.clock.millis()%30), s.clock.Now())
			time.Sleep(311 * time.Millisecond)
		}
		require.NotEmpty(t, j.lost())
	})
	require.Zero(t, busy.overlaps())
}

func TestDroppedTicksAreNoticed(t *testing.T) {
	jobs := func() []Job { return fleet(20, 10*time.Second, time.Second) }
	simulate(t, Options{Prober: takes(time.Millisecond)}, jobs, func(s *Scheduler, j *journal) {
		time.Sleep(30 * time.Second)
		s.jobs.Lock()
		s.cron.RemoveByTags(tag)
		s.jobs.Unlock()
		time.Sleep(time.Minute)
		require.Empty(t, j.lost(), "nobody is there to notice")
		require.Greater(t, s.clock.Since(s.Stats().LastTick), 50*time.Second, "but the watchdog sees it")
		s.jobs.Lock()
		require.NoError(t, s.arm())
		s.jobs.Unlock()
		time.Sleep(30 * time.Second)
		stats := s.Stats()
		require.InDelta(t, 2*6, stats.DroppedTicks, 2)
		require.InDelta(t, 20*6, stats.Missed[probe.ProberOverload], 40)
		require.Len(t, j.reasons(fleet(20, 10*time.Second, time.Second)), 1)
	})
}
