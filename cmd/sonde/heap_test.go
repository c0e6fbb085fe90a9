package main

import (
	"os"
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
	require.Equal(t, heapGrowth, growth())
}
