package store

import (
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRoomIsMadeOnceAndOnlyIfNobodySaysOtherwise(t *testing.T) {
	before := debug.SetGCPercent(77)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	t.Setenv("GOGC", "77")
	MakeRoom()
	require.Equal(t, 77, debug.SetGCPercent(77))

	require.NoError(t, os.Unsetenv("GOGC"))
	MakeRoom()
	require.Equal(t, 1600, debug.SetGCPercent(1600))
	runtime.GC()
	require.Eventually(t, func() bool {
		now := debug.SetGCPercent(1600)
		debug.SetGCPercent(now)
		return now == 100
	}, patience, time.Millisecond, "what is garbage by then is looked for as ever")
}
