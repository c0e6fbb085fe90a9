package scheduler

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/probe"
)

func TestFirstRuns(t *testing.T) {
	jobs := func() []Job {
		all := fleet(3000, 10*time.Second, time.Second)
		for i := range all {
			switch i % 3 {
			case 0:
				all[i].LastResult = time.Time{}
			case 1:
				all[i].LastResult = time.Now().Add(-10 * time.Second)
			}
		}
		return all
	}
	simulate(t, Options{Prober: takes(time.Millisecond)}, jobs, func(s *Scheduler, j *journal) {
		began := s.clock.Now()
		synctest.Wait()
		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.NotEmpty(t, j.of(probe.First), "the first one is made at once")
		require.Equal(t, began, j.of(probe.First)[0].At)

		time.Sleep(time.Second)
		require.InDelta(t, 500, len(j.of(probe.First)), 2, "paced")

		time.Sleep(10 * time.Second)
		seen := map[probe.ID]time.Time{}
		for _, r := range j.heard() {
			if first, known := seen[r.Probe]; r.Run == probe.First {
				require.False(t, known, "probe %d was asked at %v and got a first run at %v", r.Probe, first, r.At)
				require.NotEqual(t, probe.ID(0), r.Probe%3, "probe %d was asked just before Start", r.Probe)
			}
			seen[r.Probe] = r.At
		}
		require.Len(t, seen, 3000, "every probe was asked within an interval and a second")
		require.Less(t, len(j.of(probe.First)), 2000, "whoever had its slot needs no first run")
	})
}

func TestOnlySlotsAfterTheLastOneAreRun(t *testing.T) {
	// The wall clock was set back an hour while the service was down.
	jobs := func() []Job {
		all := fleet(20, time.Minute, time.Second)
		for i := range all {
			all[i].LastSlot = NextSlot(all[i].ID, time.Minute, time.Now().Add(time.Hour))
			all[i].LastResult = all[i].LastSlot
		}
		return all
	}
	synctest.Test(t, func(t *testing.T) {
		sink := &journal{}
		s, err := New(Options{Prober: takes(time.Second), Sink: sink})
		require.NoError(t, err)
		all := jobs()
		require.NoError(t, s.Start(context.Background(), all))
		time.Sleep(5 * time.Minute)
		require.NoError(t, s.Stop(context.Background()))
		require.NotEmpty(t, sink.heard())
		for _, r := range sink.heard() {
			require.True(t, r.At.After(all[r.Probe-1].LastSlot))
		}
	})
}

func TestHold(t *testing.T) {
	jobs := func() []Job { return fleet(2, 10*time.Second, time.Second) }
	simulate(t, Options{Prober: takes(time.Millisecond)}, jobs, func(s *Scheduler, j *journal) {
		began := s.clock.Now()
		s.Hold(1, began.Add(35*time.Second), probe.Throttled)
		until, why := s.Held(1)
		require.Equal(t, began.Add(35*time.Second).UTC(), until)
		require.Equal(t, probe.Throttled, why)
		for _, free := range []probe.ID{2, 99} {
			until, _ = s.Held(free)
			require.Zero(t, until)
		}
		s.Hold(99, began.Add(time.Hour), probe.Throttled)
		s.Recheck(1, began.Add(time.Second))
		time.Sleep(time.Minute)
		require.Equal(t, map[probe.Reason]int{probe.Throttled: 3}, j.reasons(fleet(2, 10*time.Second, 1)))
		require.Equal(t, []Miss{{1, began.Add(time.Second), began.Add(time.Second), probe.Throttled, probe.Recheck}}, j.spared())
		for _, r := range j.heard() {
			require.True(t, r.Probe == 2 || r.At.After(began.Add(35*time.Second)), "asked at %v", r.At)
		}
		until, _ = s.Held(1)
		require.Zero(t, until, "it is over")
		require.Zero(t, s.Stats().DroppedRechecks)
		require.EqualValues(t, 1, s.Stats().HeldRechecks)
		require.EqualValues(t, 3, s.Stats().Missed[probe.Throttled], "a re-check is no slot")

		s.Hold(1, s.clock.Now().Add(time.Hour), probe.Unauthenticated)
		s.Hold(1, s.clock.Now(), probe.Unauthenticated) // taken back
		time.Sleep(time.Minute)
		require.Len(t, j.lost(), 3)
	})
}

func TestAHoldIsReleasedForWhomAFunctionSaysSo(t *testing.T) {
	jobs := func() []Job { return fleet(3, 10*time.Second, time.Second) }
	simulate(t, Options{Prober: takes(time.Millisecond)}, jobs, func(s *Scheduler, j *journal) {
		for id, why := range map[probe.ID]probe.Reason{1: probe.Unauthenticated, 2: probe.Throttled} {
			s.Hold(id, s.clock.Now().Add(time.Hour), why)
		}
		time.Sleep(time.Minute + time.Millisecond/2)
		require.Equal(t, map[probe.Reason]int{probe.Unauthenticated: 6, probe.Throttled: 6}, j.reasons(fleet(3, 10*time.Second, 1)))
		asked := 0
		s.Release(func(target *probe.Target, why probe.Reason) bool {
			asked++
			require.NotNil(t, target)
			return why == probe.Unauthenticated
		})
		require.Equal(t, 2, asked, "only those on hold are asked about")
		time.Sleep(time.Minute)
		require.Equal(t, map[probe.Reason]int{probe.Unauthenticated: 6, probe.Throttled: 12}, j.reasons(fleet(3, 10*time.Second, 1)))

		s.Release(func(*probe.Target, probe.Reason) bool {
			s.Hold(2, s.clock.Now().Add(2*time.Hour), probe.ServerError)
			return true
		})
		time.Sleep(time.Minute)
		require.Equal(t, 6, j.reasons(fleet(3, 10*time.Second, 1))[probe.ServerError], "a hold that was made meanwhile stays")
	})
}

func TestAHoldOutlivesARestart(t *testing.T) {
	jobs := func() []Job {
		all := fleet(3, time.Minute, 10*time.Second)
		for i := range all {
			all[i].LastResult = time.Now().Add(-time.Hour) // so that each wants a first run
		}
		all[0].Held, all[0].HeldFor = time.Now().Add(5*time.Minute), probe.ServerError
		all[1].Held, all[1].HeldFor = time.Now().Add(-time.Second), probe.ServerError
		return all
	}
	simulate(t, Options{Prober: takes(time.Millisecond)}, jobs, func(s *Scheduler, j *journal) {
		began := s.clock.Now()
		s.Recheck(1, began.Add(time.Minute))
		time.Sleep(10 * time.Minute)
		for _, r := range j.heard() {
			require.False(t, r.Probe == 1 && r.At.Before(began.Add(5*time.Minute)), "asked at %v", r.At)
		}
		require.Len(t, j.of(probe.First), 2)
		require.Equal(t, map[probe.Reason]int{probe.ServerError: 5}, j.reasons(fleet(3, time.Minute, 1)))
		require.Equal(t, []Miss{{1, began.Add(time.Minute), began.Add(time.Minute), probe.ServerError, probe.Recheck}}, j.spared())
		require.NoError(t, s.Reload(jobs()))
		time.Sleep(10 * time.Minute)
		require.Len(t, j.lost(), 5, "a reload brings no hold back")
	})
}

func TestARecheckThatWaitsForAPlaceIsSparedByAHold(t *testing.T) {
	jobs := func() []Job { return fleet(2, time.Hour, time.Minute) }
	simulate(t, Options{Prober: takes(10 * time.Second), Concurrency: 1}, jobs, func(s *Scheduler, j *journal) {
		began := s.clock.Now()
		s.Recheck(1, began) // takes the only place
		s.Recheck(2, began.Add(time.Second))
		time.Sleep(5 * time.Second)
		s.Hold(2, began.Add(time.Minute), probe.ServerError)
		time.Sleep(time.Minute)
		require.Len(t, j.of(probe.Recheck), 1)
		require.Len(t, j.spared(), 1)
		require.Equal(t, probe.ID(2), j.spared()[0].Probe)
		require.Equal(t, probe.ServerError, j.spared()[0].Reason)
	})
}

func TestARecheckThatIsAskedForBeforeTheStartIsMadeAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &journal{}
		s, err := New(Options{Prober: takes(time.Millisecond), Sink: sink})
		require.NoError(t, err)
		due := s.clock.Now().Add(30 * time.Second)
		s.Recheck(1, due)
		s.Recheck(2, due.Add(-time.Hour)) // was due while nobody ran
		require.NoError(t, s.Start(context.Background(), fleet(2, time.Hour, time.Second)))
		time.Sleep(time.Minute)
		require.NoError(t, s.Stop(context.Background()))
		asked := map[probe.ID]time.Time{}
		for _, r := range sink.of(probe.Recheck) {
			asked[r.Probe] = r.At
		}
		require.Len(t, asked, 2)
		require.WithinDuration(t, due, asked[1], 200*time.Millisecond)
		require.WithinDuration(t, due.Add(-30*time.Second), asked[2], 200*time.Millisecond)
	})
}

func TestEachSlotOnHoldIsMissedOnce(t *testing.T) {
	const interval = 10 * time.Second
	jobs := func() []Job { return fleet(200, interval, time.Second) }
	simulate(t, Options{Prober: takes(time.Millisecond), Concurrency: 3}, jobs, func(s *Scheduler, j *journal) {
		began := s.clock.Now()
		ends := map[probe.ID]time.Time{}
		for id := probe.ID(1); id <= 200; id++ {
			ends[id] = began.Add(time.Duration(id) * 333 * time.Millisecond)
			s.Hold(id, ends[id], probe.ServerError)
		}
		time.Sleep(3 * time.Minute)
		require.NoError(t, s.Stop(context.Background()))
		seen := map[probe.ID]map[time.Time]bool{}
		note := func(id probe.ID, at time.Time) {
			if seen[id] == nil {
				seen[id] = map[time.Time]bool{}
			}
			require.False(t, seen[id][at], "probe %d: the slot %v is told twice", id, at)
			seen[id][at] = true
		}
		for _, r := range j.of(probe.Scheduled) {
			require.False(t, r.At.Before(ends[r.Probe]))
			note(r.Probe, r.At)
		}
		for _, m := range j.lost() {
			for at := m.From; !at.After(m.To); at = at.Add(interval) {
				if m.Reason == probe.ServerError {
					require.True(t, at.Before(ends[m.Probe]))
				}
				note(m.Probe, at)
			}
		}
		for id, slots := range seen {
			require.Len(t, slots, 18, "probe %d", id)
		}
	})
}

func TestAPanicIsAnUnknownResult(t *testing.T) {
	var logged bytes.Buffer
	prober := asking(func(_ context.Context, tg *probe.Target, _ probe.RunKind, _ time.Time) probe.Result {
		if tg.Name == "bad" {
			time.Sleep(time.Second)
			panic("a defect")
		}
		return good
	})
	jobs := func() []Job {
		all := fleet(3, time.Minute, 10*time.Second)
		bad := *all[0].Target
		bad.Name = "bad"
		all[0].Target = &bad
		return all
	}
	opts := Options{Prober: prober, Concurrency: 1, Log: slog.New(slog.NewTextHandler(&logged, nil))}
	simulate(t, opts, jobs, func(s *Scheduler, j *journal) {
		time.Sleep(150 * time.Minute)
		require.Len(t, j.heard(), 3*150)
		for _, r := range j.heard() {
			if r.Probe != 1 {
				require.Equal(t, probe.Good, r.Verdict.Outcome)
				continue
			}
			require.Equal(t, probe.Miss(probe.ProberPanic), r.Verdict)
			require.Equal(t, time.Second, r.Elapsed)
		}
		require.EqualValues(t, 150, s.Stats().Panics)
	})
	require.Equal(t, 3, strings.Count(logged.String(), "probe panicked"), "once an hour")
	require.Contains(t, logged.String(), "run_test.go", "with the stack")
}

func TestRechecks(t *testing.T) {
	jobs := func() []Job { return fleet(300, time.Hour, time.Second) }
	simulate(t, Options{Prober: takes(time.Millisecond)}, jobs, func(s *Scheduler, j *journal) {
		time.Sleep(30 * time.Second)
		began := s.clock.Now()
		for id := probe.ID(1); id <= 300; id++ {
			s.Recheck(id, began.Add(time.Duration(id)*7*time.Millisecond))
		}
		s.Recheck(5, began.Add(-time.Hour))
		s.Recheck(4711, began)
		time.Sleep(5 * time.Second)
		made := j.of(probe.Recheck)
		require.Len(t, made, 301)
		require.Equal(t, began, made[0].At, "what is past is made at once")
		for _, r := range made[1:] {
			asked := began.Add(time.Duration(r.Probe) * 7 * time.Millisecond)
			require.False(t, r.At.Before(asked), "probe %d", r.Probe)
			require.LessOrEqual(t, r.At.Sub(asked), 100*time.Millisecond)
			require.Zero(t, r.At.UnixMilli()%bucketWidth)
		}
		require.EqualValues(t, 1, s.Stats().DroppedRechecks, "of the probe that is unknown")
		require.Empty(t, s.buckets)
	})
}

func TestARecheckOfABusyProbeIsLeftToItsSlot(t *testing.T) {
	jobs := func() []Job { return fleet(1, 10*time.Second, 5*time.Second) }
	simulate(t, Options{Prober: takes(2 * time.Second)}, jobs, func(s *Scheduler, j *journal) {
		slot := NextSlot(1, 10*time.Second, s.clock.Now())
		s.Recheck(1, slot.Add(time.Second))
		time.Sleep(20 * time.Second)
		require.Empty(t, j.of(probe.Recheck))
		require.EqualValues(t, 1, s.Stats().DroppedRechecks)
	})
}

func TestRechecksSurviveAJump(t *testing.T) {
	wall := &wallStep{}
	opts := Options{Prober: takes(time.Millisecond)}
	jobs := func() []Job {
		opts.Clock = newClock(time.Time{}, wall.read)
		return fleet(2, 24*time.Hour, time.Second)
	}
	simulateWith(t, &opts, jobs, func(s *Scheduler, j *journal, _ []Job) {
		began := s.clock.Now()
		s.Recheck(1, began.Add(time.Minute))
		s.Recheck(2, began.Add(3*time.Hour))
		time.Sleep(time.Second)
		wall.step(time.Hour)
		time.Sleep(time.Second)
		require.Len(t, j.of(probe.Recheck), 1, "its time has passed")
		time.Sleep(3 * time.Hour)
		require.Len(t, j.of(probe.Recheck), 2)
		require.Equal(t, began.Add(3*time.Hour), j.of(probe.Recheck)[1].At)
	})
}
