package store

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	sqlite3 "modernc.org/sqlite/lib"

	"golang.org/x/sys/unix"

	"sonde/incident"
	"sonde/notify"
)

// breakLog takes the write-ahead log away from the descriptor that SQLite writes it with.
func breakLog(t *testing.T, s *Store) {
	t.Helper()
	null, err := os.Open(os.DevNull) // for reading only
	require.NoError(t, err)
	defer func() { require.NoError(t, null.Close()) }()
	links, err := filepath.Glob("/proc/self/fd/*")
	require.NoError(t, err)
	broken := 0
	for _, link := range links {
		if to, err := os.Readlink(link); err != nil || to != s.path+"-wal" {
			continue
		}
		fd, err := strconv.Atoi(filepath.Base(link))
		require.NoError(t, err)
		require.NoError(t, unix.Dup3(int(null.Fd()), fd, unix.O_CLOEXEC))
		broken++
	}
	require.NotZero(t, broken)
}

func TestAfterAnIOErrorTheSameCommitSucceedsOnADatabaseThatWasOpenedAgain(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, about("ops", 7, incident.Opened))
	breakLog(t, s)
	old := s.db
	b := &Batch{At: t0, Messages: []notify.Message{big("k", 8)}}
	err := s.Commit(t.Context(), b)
	require.Error(t, err)
	require.Equal(t, sqlite3.SQLITE_IOERR, primary(err))
	require.NotSame(t, old, s.db)
	require.NoError(t, s.Commit(t.Context(), b))
	require.NoError(t, s.Commit(t.Context(), b), "under the same key")
	require.Equal(t, 2, count(t, s, "SELECT count(*) FROM outbox"))
}
