package store

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// pageSizeOf is how large the pages of a database are, as its header says.
func pageSizeOf(t *testing.T, path string) int {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return pageOf(content)
}

// requireWrittenBack checks that the log is written back when it has a number of bytes,
// not of pages.
func requireWrittenBack(t *testing.T, path string) {
	t.Helper()
	s, err := Open(t.Context(), path, "", "here")
	require.NoError(t, err)
	var size, pages int
	require.NoError(t, s.db.QueryRowContext(t.Context(), "PRAGMA page_size").Scan(&size))
	require.NoError(t, s.db.QueryRowContext(t.Context(), "PRAGMA wal_autocheckpoint").Scan(&pages))
	require.Equal(t, walBack, size*pages)
	require.Equal(t, size, pageSizeOf(t, path))
	require.NoError(t, s.Close())
}

func TestPagesAreSmallInANewDatabaseAndStayAsTheyAreInAnOldOne(t *testing.T) {
	const large = 4096
	fresh, old := newPath(t), copyOf(t, "testdata/schema-1.db")
	requireWrittenBack(t, fresh)
	require.Equal(t, large, pageSizeOf(t, old))
	requireWrittenBack(t, old)
	for path, want := range map[string]int{fresh: pageSize, old: large} {
		require.Equal(t, want, pageSizeOf(t, path))
		copied := filepath.Join(t.TempDir(), "copy.db")
		_, err := Backup(t.Context(), path, copied)
		require.NoError(t, err)
		require.Equal(t, want, pageSizeOf(t, copied), "a copy is like what it is of")
		restored := newPath(t)
		_, err = Restore(t.Context(), restored, copied, t0)
		require.NoError(t, err)
		requireWrittenBack(t, restored)
		require.Equal(t, want, pageSizeOf(t, restored))
	}
	content, err := os.ReadFile(old)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(old, zeroed(content, 5, 5), 0o640))
	requireWrittenBack(t, old)
	require.Equal(t, pageSize, pageSizeOf(t, old), "what takes the place of a damaged one is new")
}

// Between two commits the log is not longer than what is written back together, and what
// one commit adds.
func TestTheLogStaysShortWhateverTheSizeOfPages(t *testing.T) {
	for name, path := range map[string]string{"small pages": newPath(t), "large pages": copyOf(t, "testdata/schema-1.db")} {
		t.Run(name, func(t *testing.T) {
			s := open(t, path)
			_, memory, err := s.Load(t.Context())
			require.NoError(t, err)
			var longest int64
			for n := range 40 {
				memory.Seq++
				entries := make([]Entry, 40_000)
				for i := range entries {
					entries[i].Probe, entries[i].Input.At = 1, t0
				}
				require.NoError(t, s.Commit(t.Context(), &Batch{Seq: memory.Seq, At: t0, Entries: entries}))
				if n > 0 {
					longest = max(longest, walSize(t, s))
				}
			}
			require.Less(t, longest, int64(walBack+walBack/2))
			require.Greater(t, longest, int64(walBack/2))
		})
	}
}
