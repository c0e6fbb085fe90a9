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
		var ids []probe.ID
		sum := dayTally{good: 1}
		for id := range probe.ID(rnd.IntN(60)) {
			if rnd.IntN(4) == 0 {
				sum = dayTally{good: rnd.Uint32N(3), bad: rnd.Uint32N(3), unknown: 1000 * rnd.Uint32N(3)}
			}
			in, asked := rnd.IntN(20), rnd.IntN(20)
			if in > 0 {
				want[id+1] = sum
			}
			if asked > 0 {
				ids = append(ids, id+1)
			}
		}
		days := make([]tallyReader, 2) // of the first there are none
		require.NoError(t, days[1].open(packTallies(want)))
		all, gaps, err := unpackTallyDays(days, ids)
		require.NoError(t, err)
		lacks := false
		for place, id := range ids {
			sum, ok := want[id]
			if !ok {
				sum, lacks = noTally, true
			}
			require.Equal(t, noTally, all.at(0, place))
			require.Equal(t, sum, all.at(1, place))
		}
		switch {
		case len(ids) == 0:
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
