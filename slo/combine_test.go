package slo_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/slo"
)

// piece is a piece of time from a minute to another.
func piece(from, to int, m slo.Meaning) slo.Piece {
	return slo.Piece{From: t0.Add(time.Duration(from) * time.Minute), To: t0.Add(time.Duration(to) * time.Minute), Meaning: m}
}

func TestWorstOf(t *testing.T) {
	good, bad, excluded, unknown := slo.MeansGood, slo.MeansBad, slo.MeansExcluded, slo.MeansUnknown
	for name, tc := range map[string]struct {
		pieces []slo.Piece
		want   slo.Tally
	}{
		"nobody is no time": {nil, slo.Tally{}},
		"D5: three monitors, of ten slots bad in the 5th, the 9th, and the 3rd and 5th": {[]slo.Piece{
			piece(0, 10, good), piece(4, 5, bad), piece(0, 10, good), piece(8, 9, bad), piece(0, 10, good), piece(2, 3, bad), piece(4, 5, bad),
		}, slo.Tally{Good: 7 * time.Minute, Bad: 3 * time.Minute}},
		"bad goes before unknown":                    {[]slo.Piece{piece(0, 4, unknown), piece(2, 6, bad)}, slo.Tally{Bad: 4 * time.Minute, Unknown: 2 * time.Minute}},
		"unknown goes before excluded":               {[]slo.Piece{piece(0, 4, excluded), piece(2, 6, unknown)}, slo.Tally{Excluded: 2 * time.Minute, Unknown: 4 * time.Minute}},
		"excluded goes before good":                  {[]slo.Piece{piece(0, 4, good), piece(2, 6, excluded)}, slo.Tally{Good: 2 * time.Minute, Excluded: 4 * time.Minute}},
		"excluded goes before planned":               {[]slo.Piece{piece(0, 4, slo.MeansPlanned), piece(2, 6, excluded)}, slo.Tally{Excluded: 6 * time.Minute, Planned: 2 * time.Minute}},
		"planned goes before good":                   {[]slo.Piece{piece(0, 4, good), piece(2, 6, slo.MeansPlanned)}, slo.Tally{Good: 2 * time.Minute, Excluded: 4 * time.Minute, Planned: 4 * time.Minute}},
		"time that nobody has is none":               {[]slo.Piece{piece(0, 1, good), piece(5, 6, bad)}, slo.Tally{Good: time.Minute, Bad: time.Minute}},
		"what touches counts once":                   {[]slo.Piece{piece(0, 1, bad), piece(1, 2, bad), piece(0, 2, good)}, slo.Tally{Bad: 2 * time.Minute}},
		"the same twice counts once":                 {[]slo.Piece{piece(0, 3, bad), piece(0, 3, bad)}, slo.Tally{Bad: 3 * time.Minute}},
		"a piece that ends before it begins is none": {[]slo.Piece{piece(3, 0, bad), piece(1, 1, bad)}, slo.Tally{}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, slo.WorstOf(tc.pieces)) })
	}
}

func TestD5TheWorstOfThreeAttainsLessThanEach(t *testing.T) {
	ratio, ok := slo.WorstOf([]slo.Piece{
		piece(0, 10, slo.MeansGood), piece(4, 5, slo.MeansBad), piece(8, 9, slo.MeansBad), piece(2, 3, slo.MeansBad), piece(4, 5, slo.MeansBad),
	}).Ratio()
	require.True(t, ok)
	require.Equal(t, 0.7, ratio)
}

// TestWorstOfIsWhatEachMinuteSays compares with minutes that are looked at one by one, in
// whatever order the pieces come.
func TestWorstOfIsWhatEachMinuteSays(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 5000 {
		var pieces []slo.Piece
		var worst [40]int // 1 and more: the meaning
		for range rnd.IntN(12) {
			from := rnd.IntN(40)
			to := from + rnd.IntN(40-from)
			m := slo.Meaning(rnd.IntN(5))
			pieces = append(pieces, piece(from, to, m))
			for i := from; i < to; i++ {
				worst[i] = max(worst[i], int(m)+1)
			}
		}
		var want slo.Tally
		for _, m := range worst {
			switch slo.Meaning(m - 1) {
			case slo.MeansGood:
				want.Good += time.Minute
			case slo.MeansPlanned:
				want.Excluded, want.Planned = want.Excluded+time.Minute, want.Planned+time.Minute
			case slo.MeansExcluded:
				want.Excluded += time.Minute
			case slo.MeansUnknown:
				want.Unknown += time.Minute
			case slo.MeansBad:
				want.Bad += time.Minute
			}
		}
		require.Equal(t, want, slo.WorstOf(pieces))
		rnd.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
		require.Equal(t, want, slo.WorstOf(pieces), "the order of probes changes nothing")
	}
}

func TestShare(t *testing.T) {
	sum := slo.Tally{Good: 4 * time.Hour, Bad: 2 * time.Hour, Excluded: time.Hour, Unknown: 30 * time.Minute}
	require.Equal(t, slo.Tally{Good: 2 * time.Hour, Bad: time.Hour, Excluded: 30 * time.Minute, Unknown: 15 * time.Minute}, sum.Share(2))
	require.Equal(t, slo.Tally{}, slo.Tally{}.Share(0), "no members, no time")
}

func TestCut(t *testing.T) {
	at := func(n int) time.Time { return t0.Add(time.Duration(n) * time.Minute) }
	ten := slo.Stretch{First: at(0), Last: at(9), Step: time.Minute}
	require.Equal(t, ten, ten.Cut(at(-1), at(9)))
	require.Equal(t, slo.Stretch{First: at(3), Last: at(5), Step: time.Minute}, ten.Cut(at(2), at(5)))
	require.Equal(t, slo.Stretch{First: at(3), Last: at(5), Step: time.Minute}, ten.Cut(at(2).Add(30*time.Second), at(6).Add(-1)))
	require.Zero(t, ten.Cut(at(9), at(20)))
	require.Zero(t, ten.Cut(at(-5), at(-1)))
	require.Zero(t, slo.Stretch{}.Cut(at(0), at(9)))
}

func TestCombineText(t *testing.T) {
	for _, c := range []slo.Combine{slo.Sum, slo.Worst} {
		text, err := c.MarshalText()
		require.NoError(t, err)
		var back slo.Combine
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, c, back)
	}
	var c slo.Combine
	require.EqualError(t, c.UnmarshalText([]byte("best")), `"best" is no way to combine probes; use sum or worst`)
}
