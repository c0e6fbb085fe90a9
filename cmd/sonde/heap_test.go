package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheHeapIsKeptSmallUnlessSomebodySaysOtherwise(t *testing.T) {
	before := debug.SetGCPercent(77)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	growth := func() int {
		return debug.SetGCPercent(77)
	}
	t.Setenv("GOGC", "200")
	keepHeapSmall()
	require.Equal(t, 77, growth(), "Go has taken it from the environment")
	require.NoError(t, os.Unsetenv("GOGC"))
	keepHeapSmall()
	require.Equal(t, startGrowth, growth())
	returnMemory()
	letSmallHeapGrow()
	small := growth()
	require.True(t, startGrowth < small && small <= usualGrowth, "%d of a heap that is small", small)
	kept := make([]byte, 64<<20)
	returnMemory()
	letSmallHeapGrow()
	require.Equal(t, startGrowth, growth(), "of a large one")
	runtime.KeepAlive(kept)
	var h heapTuner
	for range tunedOver {
		h.tune(t.Context())
		require.Equal(t, 77, growth(), "too little is known yet")
	}
	h.tune(t.Context())
	got := growth()
	require.True(t, leastGrowth <= got && got <= usualGrowth, "%d", got)
}

func TestTheHeapGrowsByWhatPassesAllTheTime(t *testing.T) {
	before := debug.SetGCPercent(77)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	t.Setenv("GOGC", "")
	require.NoError(t, os.Unsetenv("GOGC"))
	const mb = 1 << 20
	var h heapTuner
	for i, tc := range []struct {
		passing uint64
		want    int
	}{
		{10 * mb, 77}, {10 * mb, 77}, {10 * mb, 77}, {10 * mb, 20}, // known by now
		{50 * mb, 20}, {50 * mb, 20}, {50 * mb, 20}, {10 * mb, 20}, // history was made
		{30 * mb, 20}, {30 * mb, 20}, {40 * mb, 20}, {40 * mb, 60}, // more handshakes than before
		{10 * mb, 20},
	} {
		h.note(50*mb, tc.passing)
		got := debug.SetGCPercent(77)
		debug.SetGCPercent(got)
		require.Equal(t, tc.want, got, "look %d", i)
	}
}

func TestTheHeapIsCollectedAboutOnceASecond(t *testing.T) {
	const mb = 1 << 20
	for name, tc := range map[string]struct {
		alive, passing uint64
		want           int
	}{
		"10,000 plain probes":             {27 * mb, 5 * mb, 18},
		"handshakes may double it":        {15 * mb, 18 * mb, usualGrowth},
		"a small one is not collected":    {2 * mb, 0, usualGrowth},
		"a large one in which little is":  {500 * mb, 5 * mb, leastGrowth},
		"one of which nothing was alive":  {0, 0, usualGrowth},
		"what is worth a collection":      {20 * mb, 1 * mb, 20},
		"half as much as there is passes": {20 * mb, 10 * mb, 50},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, heapGrowth(tc.alive, tc.passing)) })
	}
}
