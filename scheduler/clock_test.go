package scheduler

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"sonde/probe"
)

var _ clockwork.Clock = (*Clock)(nil)

// wallStep is a wall clock that can be set.
type wallStep struct{ by atomic.Int64 }

func (w *wallStep) read(reading time.Time) time.Time { return reading.Add(time.Duration(w.by.Load())) }

func (w *wallStep) step(by time.Duration) { w.by.Add(int64(by)) }

func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wall := &wallStep{}
		c := newClock(time.Time{}, wall.read)
		began := c.Now()
		require.Equal(t, time.Now().UTC().Round(0), began)

		time.Sleep(1500 * time.Microsecond)
		require.Equal(t, began.Add(time.Millisecond), c.Now(), "whole milliseconds")
		require.Equal(t, time.Millisecond, c.Since(began))
		require.Equal(t, time.Minute-time.Millisecond, c.Until(began.Add(time.Minute)))

		wall.step(-time.Hour)
		c.jump()
		require.Equal(t, began.Add(time.Millisecond), c.Now(), "a wall clock that is set back changes nothing")
		require.Equal(t, began.Add(-time.Hour), c.Wall(began))

		wall.step(time.Hour + 2*time.Second)
		c.jump()
		require.Equal(t, began.Add(time.Millisecond), c.Now(), "two seconds are not far ahead")

		wall.step(time.Millisecond)
		c.jump()
		require.Equal(t, began.Add(2002*time.Millisecond), c.Now())
		require.Equal(t, c.Now(), c.Wall(c.Now()).Truncate(time.Millisecond))
	})
}

func TestClockStartsAtTheLastSlotIfThatIsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		last := time.Now().Add(time.Hour)
		c := NewClock(last)
		require.Equal(t, last.UTC().Round(0), c.Now())
		require.Equal(t, time.Now().UTC().Round(0), c.Wall(c.Now()))
		time.Sleep(time.Minute)
		require.Equal(t, last.Add(time.Minute).UTC().Round(0), c.Now())
		require.Equal(t, time.Now().UTC().Round(0), NewClock(time.Now().Add(-time.Hour)).Now())
	})
}

func TestTheWallClockIsSet(t *testing.T) {
	bubble := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // when every bubble begins
	sinceEpoch := time.Unix(0, 0).Sub(bubble)
	fiftySix := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC).Sub(time.Unix(0, 0))
	for name, tc := range map[string]struct {
		start, step time.Duration // of the wall clock, against the bubble's
		jumps       uint64
	}{
		"back an hour: nothing happens":        {0, -time.Hour, 0},
		"ahead an hour: slots are skipped":     {0, time.Hour, 1},
		"ahead 50 days":                        {0, 50 * 24 * time.Hour, 1},
		"from 1970 to 2026":                    {sinceEpoch, fiftySix, 1},
		"ahead 1.9 s: too little to follow":    {0, 1900 * time.Millisecond, 0},
		"ahead 2.1 s: some probes skip a slot": {0, 2100 * time.Millisecond, 1},
	} {
		t.Run(name, func(t *testing.T) { setWall(t, tc.start, tc.step, tc.jumps) })
	}
}

func setWall(t *testing.T, start, step time.Duration, jumps uint64) {
	const interval, timeout = 5 * time.Second, 2 * time.Second
	wall := &wallStep{}
	wall.step(start)
	asked := &arrivals{times: map[*probe.Target][]time.Time{}}
	opts := Options{Prober: asked}
	jobs := func() []Job {
		opts.Clock = newClock(time.Time{}, wall.read)
		all := fleet(50, interval, timeout)
		for i := range all {
			own := *all[i].Target
			all[i].Target, all[i].LastResult = &own, opts.Clock.Now()
		}
		return all
	}
	simulateWith(t, &opts, jobs, func(s *Scheduler, j *journal, all []Job) {
		time.Sleep(time.Minute)
		wall.step(step)
		time.Sleep(time.Minute)
		stats := s.Stats()
		require.Equal(t, jumps, stats.Jumps)
		require.Zero(t, stats.DroppedTicks)
		if jumps == 0 {
			require.Empty(t, j.reasons(all))
		} else {
			require.Equal(t, []probe.Reason{probe.ProberClock}, keys(j.reasons(all)))
			require.LessOrEqual(t, len(j.lost()), len(all), "one row of slots per probe")
			require.InDelta(t, 50*float64(step)/float64(interval), j.reasons(all)[probe.ProberClock], 55)
		}
		require.Equal(t, opts.Clock.Wall(s.clock.Now()), time.Now().Add(start+step).UTC().Round(time.Millisecond))
		for _, times := range asked.times {
			last := times[0]
			for _, at := range append(times, time.Now()) {
				require.LessOrEqual(t, at.Sub(last), interval+timeout)
				last = at
			}
		}
		require.Len(t, asked.times, len(all))
	})
}

func TestAJumpTakesTheSlotThatWaitsForARun(t *testing.T) {
	wall := &wallStep{}
	opts := Options{Prober: takes(4 * time.Second)}
	jobs := func() []Job {
		opts.Clock = newClock(time.Time{}, wall.read)
		return fleet(1, 10*time.Second, 5*time.Second)
	}
	simulateWith(t, &opts, jobs, func(s *Scheduler, j *journal, all []Job) {
		slot := NextSlot(1, 10*time.Second, s.clock.Now())
		s.Recheck(1, slot.Add(-time.Second))
		time.Sleep(time.Until(slot.Add(50 * time.Millisecond)))
		wall.step(time.Hour)
		time.Sleep(4 * time.Second)
		require.Equal(t, map[probe.Reason]int{probe.ProberClock: 361}, j.reasons(all), "not for overload")
	})
}

// arrivals notes when each target is asked, by the bubble's clock, which is never
// set.
type arrivals struct {
	mu    sync.Mutex
	times map[*probe.Target][]time.Time
}

func (a *arrivals) Run(_ context.Context, t *probe.Target, _ probe.RunKind, _ time.Time) probe.Result {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.times[t] = append(a.times[t], time.Now())
	return good
}

func keys[K cmp.Ordered, V any](m map[K]V) []K {
	var all []K
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}
