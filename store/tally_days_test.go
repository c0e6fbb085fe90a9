package store

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/probe"
	"sonde/slo"
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
		days.unpack(1, packTallies(want))
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

// Sums of days are made of ledgers: where they are damaged, those are read, and compaction makes them anew
// where it looks for what is missing.
func TestADayWhoseSumsAreDamagedIsCountedByItsLedgers(t *testing.T) {
	for seed := range uint64(times(6, 2)) {
		w := long(t, 60+seed)
		w.pledge(slo.Worst, "99% over 30d", "latency 2500ms for 50% over 30d")
		for range 6 {
			w.happen(300)
			w.commit(true)
			w.compact()
		}
		tables := []string{"tallies", "slowdays", "worstdays"}
		for _, which := range []string{" WHERE day = (SELECT min(day) + 1 FROM tallies)", ""} {
			for _, table := range tables {
				require.Greater(t, count(t, w.s, "SELECT count(*) FROM "+table), 2)
				execute(t, w.s, "UPDATE "+table+" SET packed = x'0102030405'"+which)
			}
			w.requireTallies(t, look(t, w.s.Path()))
			w.requireWorst(t)
		}
		w.happen(300)
		w.commit(true)
		w.compact()
		w.requireTallies(t, look(t, w.s.Path()))
		w.requireWorst(t)
	}
}
