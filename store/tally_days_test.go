package store

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/probe"
)

// Whoever asks for the sums of a day may know more probes than it has, or fewer.
func TestTheSumOfADayIsThatOfItsProbe(t *testing.T) {
	rnd := rand.New(rand.NewPCG(31, 32))
	whole := 0
	for range times(500, 50) {
		want := map[probe.ID]dayTally{}
		var asked []Probe
		sum := dayTally{good: 1}
		for id := range probe.ID(rnd.IntN(60)) {
			if rnd.IntN(4) == 0 {
				sum = dayTally{good: rnd.Uint32N(3), bad: rnd.Uint32N(3), unknown: 1000 * rnd.Uint32N(3)}
			}
			in, wanted := rnd.IntN(20), rnd.IntN(20)
			if in > 0 {
				want[id+1] = sum
			}
			if wanted > 0 {
				asked = append(asked, Probe{ID: id + 1})
			}
		}
		days := newTallyUnpacker(2, asked) // of the first there are none
		require.NoError(t, days.unpack(1, packTallies(want)))
		all, gaps := days.days, days.gaps()
		lacks := false
		for place, p := range asked {
			sum, ok := want[p.ID]
			if !ok {
				sum, lacks = noTally, true
			}
			require.Equal(t, noTally, all.at(0, place))
			require.Equal(t, sum, all.at(1, place))
		}
		switch {
		case len(asked) == 0:
			require.Empty(t, gaps)
		case lacks:
			require.Equal(t, []int64{0, 1}, gaps)
		default:
			require.Equal(t, []int64{0}, gaps)
			whole++
		}
	}
	require.Positive(t, whole)
}
