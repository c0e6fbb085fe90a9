package scheduler

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/probe"
)

func TestStopDrains(t *testing.T) {
	for name, tc := range map[string]struct {
		grace, takes, waits time.Duration
		canceled            bool
	}{
		"it waits for runs to end":         {3 * time.Second, 2 * time.Second, 2 * time.Second, false},
		"no longer than the grace":         {3 * time.Second, time.Minute, 3 * time.Second, true},
		"which is 3 s unless told":         {0, time.Minute, 3 * time.Second, true},
		"and may be none":                  {-1, time.Minute, 0, true},
		"it does not wait without a cause": {3 * time.Second, 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			jobs := func() []Job {
				all := fleet(50, time.Second, 500*time.Millisecond)
				slow := fleet(1, time.Hour, time.Minute)[0]
				slow.ID, slow.LastResult = 99, time.Time{}
				return append(all, slow)
			}
			prober := asking(func(ctx context.Context, tg *probe.Target, kind probe.RunKind, at time.Time) probe.Result {
				if kind == probe.First {
					return takes(tc.takes)(ctx, tg, kind, at)
				}
				return good
			})
			simulate(t, Options{Prober: prober, Grace: tc.grace}, jobs, func(s *Scheduler, j *journal) {
				synctest.Wait()
				asked := time.Now()
				require.NoError(t, s.Stop(context.Background()))
				require.Equal(t, tc.waits, time.Since(asked))
				first := j.of(probe.First)
				require.Len(t, first, 1)
				require.Equal(t, tc.canceled, first[0].Verdict.Reason == probe.Canceled)
				require.Equal(t, int(50*tc.waits/time.Second), j.reasons(jobs())[probe.Canceled], "slots of the drain")
				require.NoError(t, s.Stop(context.Background()), "again, and nothing happens")
			})
		})
	}
}

func TestStopGivesUpOnWhatIgnoresIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deaf := asking(func(context.Context, *probe.Target, probe.RunKind, time.Time) probe.Result {
			time.Sleep(time.Hour)
			return good
		})
		sink := &journal{}
		s, err := New(Options{Prober: deaf, Sink: sink, Concurrency: 1})
		require.NoError(t, err)
		jobs := fleet(2, time.Minute, 10*time.Second)
		jobs[1].ID = 1 + 987 // 60 ms or so from probe 1, and without a place
		from := s.clock.Now()
		require.NoError(t, s.Start(context.Background(), jobs))
		time.Sleep(NextSlot(1, time.Minute, from).Sub(from) + 500*time.Millisecond)
		require.Equal(t, 1, s.Stats().Waiting)

		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		asked := time.Now()
		require.ErrorIs(t, s.Stop(ctx), context.DeadlineExceeded)
		require.Equal(t, 6*time.Second, time.Since(asked))
		sink.close()
		to := s.clock.Now()
		time.Sleep(2 * time.Hour)
		require.Zero(t, sink.late)
		sink.requireAccounted(t, jobs, from, to)
		require.Equal(t, map[probe.Reason]int{probe.Canceled: 2}, sink.reasons(jobs))
	})
}

func TestStopFromManyGoroutines(t *testing.T) {
	jobs := func() []Job {
		all := fleet(10, time.Second, time.Second)
		for i := range all {
			all[i].LastResult = time.Time{}
		}
		return all
	}
	simulate(t, Options{Prober: takes(time.Second)}, jobs, func(s *Scheduler, j *journal) {
		time.Sleep(500 * time.Millisecond)
		var ended atomic.Int32
		var stops sync.WaitGroup
		for range 10 {
			stops.Go(func() {
				if s.Stop(context.Background()) == nil {
					ended.Add(1)
				}
			})
		}
		time.Sleep(10 * time.Millisecond)
		short, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		require.ErrorIs(t, s.Stop(short), context.DeadlineExceeded)
		require.Zero(t, ended.Load())
		stops.Wait()
		require.EqualValues(t, 10, ended.Load())
	})
}

func TestAStoppedSchedulerDoesNothing(t *testing.T) {
	s, err := New(Options{Prober: takes(0), Sink: &journal{}})
	require.NoError(t, err)
	require.NoError(t, s.Stop(context.Background()))
	require.ErrorContains(t, s.Start(context.Background(), nil), "started or stopped already")
	require.ErrorContains(t, s.Upkeep("late", time.Second, func(context.Context) {}), "being stopped")
	require.ErrorContains(t, s.Reload(nil), "not been started")
	s.Recheck(1, time.Now())
	s.Hold(1, time.Now(), probe.Throttled)
}

func TestNewAndStartRefuse(t *testing.T) {
	_, err := New(Options{})
	require.ErrorContains(t, err, "a prober and a sink")
	_, err = New(Options{Prober: takes(0), Sink: &journal{}, Concurrency: -1})
	require.ErrorContains(t, err, "-1")

	ok := fleet(1, time.Second, time.Second)[0]
	for want, change := range map[string]func(j *Job){
		"the id is given twice":              func(*Job) {},
		"needs a target":                     func(j *Job) { j.ID, j.Target = 2, nil },
		"a timeout above 0":                  func(j *Job) { j.ID, j.Target = 2, &probe.Target{} },
		"interval 0s is not":                 func(j *Job) { j.ID, j.Interval = 2, 0 },
		"interval 1.0005s is not a whole nu": func(j *Job) { j.ID, j.Interval = 2, 1000500*time.Microsecond },
	} {
		s, err := New(Options{Prober: takes(0), Sink: &journal{}})
		require.NoError(t, err)
		bad := ok
		change(&bad)
		require.ErrorContains(t, s.Start(context.Background(), []Job{ok, bad}), want)
		require.NoError(t, s.Start(context.Background(), nil), "nothing had been started")
		require.ErrorContains(t, s.Start(context.Background(), nil), "already")
		require.ErrorContains(t, s.Reload([]Job{ok, bad}), want)
		require.NoError(t, s.Stop(context.Background()))
	}
}

func TestUpkeep(t *testing.T) {
	jobs := func() []Job { return nil }
	var quick, slow, ended, bad atomic.Int32
	opts := Options{Prober: takes(0), Log: slog.New(slog.DiscardHandler)}
	simulate(t, opts, jobs, func(s *Scheduler, j *journal) {
		require.NoError(t, s.Upkeep("quick", time.Minute, func(context.Context) { quick.Add(1) }))
		require.NoError(t, s.Upkeep("slow", time.Minute, func(ctx context.Context) {
			slow.Add(1)
			select {
			case <-time.After(150 * time.Second):
			case <-ctx.Done():
				ended.Add(1)
			}
		}))
		require.NoError(t, s.Upkeep("bad", time.Minute, func(context.Context) { bad.Add(1); panic("a defect") }))
		require.ErrorContains(t, s.Upkeep("bad", time.Minute, nil), "there is one of that name")
		require.ErrorContains(t, s.Upkeep("hasty", time.Millisecond, nil), "less than 10ms")
		time.Sleep(59 * time.Second)
		require.Zero(t, quick.Load())
		time.Sleep(602 * time.Second)
		require.EqualValues(t, 11, quick.Load())
		require.EqualValues(t, 11, bad.Load(), "a panic does no further harm")
		require.EqualValues(t, 4, slow.Load(), "a slow task never overlaps itself")
		require.EqualValues(t, 7, s.Stats().SkippedUpkeep)
		require.WithinDuration(t, s.clock.Now(), s.Stats().LastTick, pulse)
		time.Sleep(time.Second)
	})
	require.EqualValues(t, 1, ended.Load(), "Stop ends the context of a task at work, and waits for it")
}

func TestUpkeepSurvivesAJump(t *testing.T) {
	wall := &wallStep{}
	var times []time.Time
	opts := Options{Prober: takes(0)}
	jobs := func() []Job { opts.Clock = newClock(time.Time{}, wall.read); return nil }
	simulateWith(t, &opts, jobs, func(s *Scheduler, j *journal, _ []Job) {
		began := time.Now()
		require.NoError(t, s.Upkeep("nightly", 24*time.Hour, func(context.Context) { times = append(times, time.Now()) }))
		time.Sleep(time.Hour)
		wall.step(time.Hour)
		time.Sleep(23 * time.Hour)
		wall.step(50 * 24 * time.Hour)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Len(t, times, 2)
		require.Equal(t, 23*time.Hour, times[0].Sub(began), "an hour less of waiting")
		require.WithinDuration(t, began.Add(24*time.Hour), times[1], time.Second, "at once, and once")
	})
}

func TestReload(t *testing.T) {
	jobs := func() []Job { return fleet(40, 10*time.Second, 5*time.Second) }
	busy := newOverlap()
	simulateWith(t, &Options{Prober: busy.watch(takes(300 * time.Millisecond))}, func() []Job {
		all := jobs()
		for i := range all {
			own := *all[i].Target
			all[i].Target = &own
		}
		return all
	}, func(s *Scheduler, j *journal, all []Job) {
		for range 300 { // at every instant of the interval, also between a slot and its run's end
			time.Sleep(337 * time.Millisecond)
			require.NoError(t, s.Reload(all))
			require.Error(t, s.Reload(append(all, all[0])))
		}
		require.Empty(t, j.lost(), "a reload misses nothing")
		require.Empty(t, j.of(probe.First), "of those that stay")
	})
	require.Zero(t, busy.overlaps())
}

func TestReloadChangesWhoIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &journal{}
		s, err := New(Options{Prober: takes(time.Millisecond), Sink: sink})
		require.NoError(t, err)
		jobs := fleet(4, 10*time.Second, time.Second)
		require.NoError(t, s.Start(context.Background(), jobs[:2]))
		time.Sleep(30 * time.Second)

		changed := fleet(4, 20*time.Second, time.Second)[1:]
		changed[1].LastResult = time.Time{}
		s.Recheck(1, s.clock.Now().Add(time.Minute))
		require.NoError(t, s.Reload(changed))
		at := s.clock.Now()
		time.Sleep(time.Minute)
		require.NoError(t, s.Stop(context.Background()))

		require.Empty(t, sink.lost())
		require.Len(t, sink.of(probe.First), 1)
		require.Empty(t, sink.of(probe.Recheck), "the probe is gone")
		asked := map[bool]map[probe.ID]int{true: {}, false: {}}
		for _, r := range sink.of(probe.Scheduled) {
			asked[r.At.After(at)][r.Probe]++
		}
		require.Equal(t, map[probe.ID]int{1: 3, 2: 3}, asked[false])
		require.Equal(t, map[probe.ID]int{2: 3, 3: 3, 4: 3}, asked[true])
	})
}
