package scheduler

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/probe"
)

func ExampleNextSlot() {
	started := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	for id := probe.ID(1); id <= 3; id++ {
		first := NextSlot(id, time.Minute, started)
		second := NextSlot(id, time.Minute, first)
		fmt.Println(id, first.Format("15:04:05.000"), second.Format("15:04:05.000"))
	}
	// Output:
	// 1 05:00:37.082 05:01:37.082
	// 2 05:00:14.164 05:01:14.164
	// 3 05:00:51.246 05:01:51.246
}

func TestPhaseIsStableForEver(t *testing.T) {
	// Budgets of the past are counted on this grid: never change these numbers.
	for name, tc := range map[string]struct {
		id       probe.ID
		interval time.Duration
		want     time.Duration
	}{
		"probe 0 is at the start":       {0, time.Minute, 0},
		"probe 1 at 1 s":                {1, time.Second, 618 * time.Millisecond},
		"probe 1 at 60 s":               {1, time.Minute, 37082 * time.Millisecond},
		"probe 2 at 60 s":               {2, time.Minute, 14164 * time.Millisecond},
		"probe 10000 at 30 s":           {10000, 30 * time.Second, 10196 * time.Millisecond},
		"probe 7 at a day":              {7, 24 * time.Hour, 28186956 * time.Millisecond},
		"the largest id":                {1<<63 - 1, time.Minute, 52917 * time.Millisecond},
		"a negative id":                 {-1, time.Minute, 22917 * time.Millisecond},
		"less than 1 ms counts as 1 ms": {5, time.Microsecond, 0},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, Phase(tc.id, tc.interval)) })
	}
}

func TestPhasesSpreadEvenly(t *testing.T) {
	for _, interval := range []time.Duration{time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 77777 * time.Millisecond, time.Hour} {
		for _, n := range []int{100, 1000, 10000} {
			parts := make([]int, 100)
			for id := 1; id <= n; id++ {
				phase := Phase(probe.ID(id), interval)
				require.GreaterOrEqual(t, phase, time.Duration(0))
				require.Less(t, phase, interval)
				parts[phase*100/interval]++
			}
			for part, got := range parts {
				require.InDelta(t, n/100, got, 3, "%d probes every %v: hundredth %d", n, interval, part)
			}
		}
	}
}

func TestNextSlotLiesOnTheGrid(t *testing.T) {
	chance := seeded(t, 1)
	for range 20000 {
		id := probe.ID(chance.Int64())
		interval := time.Duration(1+chance.Int64N(86_400_000)) * time.Millisecond
		after := time.Unix(0, chance.Int64N(4e18)-1e18)
		slot := NextSlot(id, interval, after)

		require.True(t, slot.After(after))
		require.LessOrEqual(t, slot.Sub(after), interval)
		require.Zero(t, (slot.UnixMilli()-Phase(id, interval).Milliseconds())%interval.Milliseconds())
		require.Equal(t, slot.Add(interval), NextSlot(id, interval, slot), "a slot is not its own successor")
		require.Equal(t, slot, NextSlot(id, interval, slot.Add(-time.Nanosecond)))
		require.Equal(t, time.UTC, slot.Location())
	}
}

func FuzzNextSlot(f *testing.F) {
	f.Add(int64(1), int64(60_000), int64(1_795_410_000_000))
	f.Add(int64(-9), int64(1), int64(-1))
	f.Fuzz(func(t *testing.T, id, interval, after int64) {
		every := time.Duration(1+(interval&(1<<40-1))) * time.Millisecond
		at := time.UnixMilli(after % (1 << 45)).UTC()
		slot := NextSlot(probe.ID(id), every, at)
		require.True(t, slot.After(at))
		require.LessOrEqual(t, slot.Sub(at), every)
	})
}

func TestLanes(t *testing.T) {
	for name, tc := range map[string]struct {
		probes   int
		interval time.Duration
		lanes    int
	}{
		"one probe is one lane":                    {1, time.Minute, 1},
		"few probes are not worth a hundred ticks": {200, 30 * time.Second, 20},
		"many probes share a hundred lanes":        {10000, 10 * time.Second, 100},
		"lanes are at least 10 ms wide":            {10000, 100 * time.Millisecond, 10},
	} {
		t.Run(name, func(t *testing.T) {
			members := map[probe.ID]*member{}
			for id := probe.ID(1); id <= probe.ID(tc.probes); id++ {
				every := millis(tc.interval)
				members[id] = &member{id: id, every: every, phase: phase(id, every), held: none}
			}
			const now = 1_795_410_000_123
			lanes := lanesOf(members, now)
			require.Len(t, lanes, tc.lanes)
			probes := 0
			for i, l := range lanes {
				probes += len(l.members)
				end := l.every
				if i+1 < len(lanes) {
					end = lanes[i+1].start
				}
				require.GreaterOrEqual(t, l.members[0].phase, l.start)
				require.Less(t, l.members[len(l.members)-1].phase, end)
				m, at := l.slot()
				require.Equal(t, at, NextSlot(m.id, tc.interval, instant(now)).UnixMilli())
			}
			require.Equal(t, tc.probes, probes)
		})
	}
}

func TestLaneSkipsWholeRowsOfSlots(t *testing.T) {
	m := func(id probe.ID, phase int64) *member { return &member{id: id, every: 100, phase: phase, held: none} }
	l := &lane{every: 100, members: []*member{m(1, 10), m(2, 20), m(3, 30)}, cycle: 5, next: 1}
	l.members[2].held, l.members[2].why = 700, probe.Throttled

	missed := l.skip(820, probe.ProberClock)

	require.Equal(t, []Miss{
		{1, instant(610), instant(810), probe.ProberClock, probe.Scheduled},
		{2, instant(520), instant(820), probe.ProberClock, probe.Scheduled},
		{3, instant(530), instant(630), probe.Throttled, probe.Scheduled},
		{3, instant(730), instant(730), probe.ProberClock, probe.Scheduled},
	}, missed)
	_, at := l.slot()
	require.EqualValues(t, 830, at)
	require.Empty(t, l.skip(829, probe.ProberClock), "nothing is skipped twice")
}
