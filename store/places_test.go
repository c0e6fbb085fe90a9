package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/probe"
)

func TestEveryProbeHasItsPlace(t *testing.T) {
	known := []Probe{{ID: 3}, {ID: 4}, {ID: 70}, {ID: 1 << 40}, {ID: 1<<62 + 1}}
	p := placesOf(known)
	for want, k := range known {
		place, ok := p.of(k.ID)
		require.True(t, ok, "probe %d", k.ID)
		require.Equal(t, want, place, "probe %d", k.ID)
	}
	for _, id := range []probe.ID{-1, 0, 1, 5, 69, 71, 1000, 1<<40 + 1, 1 << 62} {
		_, ok := p.of(id)
		require.False(t, ok, "probe %d", id)
	}
	require.Less(t, len(p.near), 100, "an id far away takes no table")
	_, ok := placesOf(nil).of(1)
	require.False(t, ok)
}

func TestWhatIsReadIsSpread(t *testing.T) {
	row := func(place int32, first int64) placedStretch { return placedStretch{looseStretch{first: first}, place} }
	first := func(r *looseStretch) int64 { return r.first }
	require.Equal(t, [][]int64{{1, 3}, {}, {2}}, spreadOut(3, []placedStretch{row(0, 1), row(2, 2), row(0, 3)}, first))
	lists := spreadOut(2, []placedStretch{row(0, 1), row(1, 2)}, first)
	_ = append(lists[0], 7)
	require.Equal(t, []int64{2}, lists[1], "a list that grows leaves the next one alone")
}

func TestAWindowWithoutOthers(t *testing.T) {
	at := func(hours ...int) (windows []window) {
		for i := 0; i < len(hours); i += 2 {
			windows = append(windows, window{t0.Add(time.Duration(hours[i]) * time.Hour), t0.Add(time.Duration(hours[i+1]) * time.Hour)})
		}
		return windows
	}
	for name, tc := range map[string]struct{ others, want []window }{
		"nothing is there":            {nil, at(10, 20)},
		"they lie beside it":          {at(0, 10, 20, 30), at(10, 20)},
		"one is all of it":            {at(5, 25), nil},
		"one is the beginning":        {at(5, 12), at(12, 20)},
		"one is the end":              {at(12, 25), at(10, 12)},
		"one lies in it":              {at(12, 14), at(10, 12, 14, 20)},
		"several, at both ends":       {at(0, 11, 13, 14, 19, 30), at(11, 13, 14, 19)},
		"the same, from edge to edge": {at(10, 20), nil},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, at(10, 20)[0].without(tc.others))
		})
	}
}
