package report

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/probe"
)

func TestThePictureShowsEveryPhaseWhereItLay(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for range 2000 {
		a := &Attempt{Verdict: Verdict{Class: probe.ClassSuccess}}
		took := func() float64 {
			if random.IntN(3) == 0 {
				return 0
			}
			return random.ExpFloat64() * 10
		}
		a.Timings = Timings{DNS: took(), Connect: took(), TLS: took(), FirstByte: took(), Transfer: took()}
		sum := a.Timings.DNS + a.Timings.Connect + a.Timings.TLS + a.Timings.FirstByte + a.Timings.Transfer
		a.Timings.Total = sum + took()
		lines := a.picture(Palette{})
		if sum == 0 {
			require.Empty(t, lines)
			continue
		}
		left := 0
		for _, line := range lines[:len(lines)-1] {
			_, bar, found := strings.Cut(line, " ms  ")
			require.True(t, found)
			require.LessOrEqual(t, len(bar), phaseCells, "a bar stays within the whole")
			begins := strings.Index(bar, "#")
			require.GreaterOrEqual(t, begins, left, "a phase begins no earlier than the one before")
			left = begins
		}
		require.Contains(t, lines[len(lines)-1], "total")
	}
}

func TestThePhaseThatFailedIsMarked(t *testing.T) {
	a := &Attempt{Verdict: Verdict{Class: probe.ClassNoResponse}, Timings: Timings{Connect: 1, TLS: 9, Total: 10}}
	lines := a.picture(Palette{})
	require.NotContains(t, lines[0], "x", "the connection stood")
	require.Contains(t, lines[1], "xxx", "the handshake did not")
	require.NotContains(t, lines[1], "#")
}
