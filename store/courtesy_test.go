package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestEveryThreadOfWhoReadsGivesWay(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "sonde.db"))
	line, pid, end := process(t, "look on", s.Path(), nil)
	defer end()
	require.Equal(t, "looked", line)
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	require.NoError(t, err)
	require.Greater(t, len(threads), 1, "there is more to look at than the first one")
	own, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	require.NoError(t, err)
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		require.NoError(t, err)
		got, err := unix.Getpriority(unix.PRIO_PROCESS, id)
		require.NoError(t, err)
		require.Equal(t, max(1, min(own, 20-courtesy)), got, "Linux counts from 40, the most, down to 1")
	}
}
