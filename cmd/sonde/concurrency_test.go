package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestConcurrencyIsBoundedByProbesAndByFiles(t *testing.T) {
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	require.Equal(t, fewestRuns, concurrency(1), "a few runs always")
	require.Equal(t, 100, concurrency(100), "every probe may hang")
	require.Less(t, concurrency(1<<30), int(min(limit.Cur, 1<<20))/filesPerRun, "and files last")
}
