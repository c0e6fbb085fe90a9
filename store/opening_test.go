package store

import (
	"database/sql"
	"math/rand/v2"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestASuspectDatabaseIsCheckedInFull(t *testing.T) {
	path, memory := history(t)
	require.NoError(t, Suspect(path))
	s, err := OpenWith(t.Context(), Options{Path: path, Fallback: "here", CheckAtOnce: 1})
	require.NoError(t, err)
	require.NoFileExists(t, suspectPath(path), "it is sound")
	require.False(t, s.Unchecked())
	_, got, err := s.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, memory, got)
	require.NoError(t, s.Close())

	// An index that does not agree with its table is what only the full check sees.
	db, err := sql.Open("sqlite", dsn(path, url.Values{}))
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "PRAGMA writable_schema = on; UPDATE sqlite_schema SET sql = replace(sql, 'ledger(last, first', 'ledger(first, last') WHERE name = 'ledger_last'")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	s, err = Open(t.Context(), path, "", "here")
	require.NoError(t, err, "the quick check sees nothing")
	lost, err := s.Lost(t.Context())
	require.NoError(t, err)
	require.Nil(t, lost)
	require.NoError(t, s.Close())
	require.NoError(t, Suspect(path))
	s = open(t, path)
	lost, err = s.Lost(t.Context())
	require.NoError(t, err)
	require.NotNil(t, lost)
	require.Contains(t, lost.Why, "integrity_check")
	require.NoFileExists(t, suspectPath(path))
}

func TestALargeDatabaseOfWhichNothingCanBeMissingIsCheckedWhileInUse(t *testing.T) {
	path, _ := history(t)
	large := Options{Path: path, Fallback: "here", CheckAtOnce: 1}
	s, err := OpenWith(t.Context(), large)
	require.NoError(t, err)
	require.True(t, s.Unchecked())
	require.NoError(t, s.Check(t.Context()))
	page := count(t, s, "SELECT rootpage FROM sqlite_schema WHERE name = 'classes'")
	for boot, later := range map[string]bool{bootID(): true, "another": false, "": false} {
		require.NoError(t, s.closeDB(), "as after a kill: not closed well")
		require.NoError(t, s.lock.release())
		marked, err := readStamp(path)
		require.NoError(t, err)
		require.Equal(t, bootID(), marked.boot)
		marked.boot = boot
		require.NoError(t, writeStamp(path, marked))
		s, err = OpenWith(t.Context(), large)
		require.NoError(t, err)
		require.Equal(t, later, s.Unchecked(), "what the machine took with it is looked for at once")
	}
	require.NoError(t, s.Close())

	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, zeroed(content, page-1, 1), 0o640))
	s, err = OpenWith(t.Context(), large)
	require.NoError(t, err, "nothing that is needed to begin is damaged")
	require.ErrorAs(t, s.Check(t.Context()), new(*DamagedError))
	require.FileExists(t, suspectPath(path))
	require.NoError(t, s.Close())
	s = open(t, path)
	lost, err := s.Lost(t.Context())
	require.NoError(t, err)
	require.NotNil(t, lost)
	require.NoFileExists(t, suspectPath(path))
}

func TestASwapThatWasCutShortIsEnded(t *testing.T) {
	path, memory := history(t)
	require.NoError(t, os.Rename(path, freshPath(path)))
	require.NoError(t, removeTrio(path))
	before := path + ".before-restore-20261123T050000Z"
	require.NoError(t, os.WriteFile(before, []byte("the database before"), 0o640))
	require.NoError(t, os.WriteFile(path+"-wal", []byte("its log, which is not ours"), 0o640))
	s := open(t, path)
	kept, err := os.ReadFile(before + "-wal")
	require.NoError(t, err)
	require.Equal(t, "its log, which is not ours", string(kept))
	_, got, err := s.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, memory, got)
	lost, err := s.Lost(t.Context())
	require.NoError(t, err)
	require.Nil(t, lost)
}

// Whatever moment the service is killed at while it replaces a damaged database, the next
// start finds all of it.
func TestAReplacementThatIsKilledIsEndedByTheNextStart(t *testing.T) {
	t.Parallel()
	original, memory := history(t)
	content, err := os.ReadFile(original)
	require.NoError(t, err)
	s := open(t, original)
	page := count(t, s, "SELECT rootpage FROM sqlite_schema WHERE name = 'classes'")
	zeroed(content, page-1, 1)
	rnd := rand.New(rand.NewPCG(5, 5))
	kills := times(20, 5)
	replaced := 0
	for range kills {
		path := newPath(t)
		require.NoError(t, os.WriteFile(path, content, 0o640))
		require.NoError(t, writeStamp(path, stamp{clean: true, mark: mark{}}))
		cmd := command("hold", path)
		require.NoError(t, cmd.Start())
		<-time.After(time.Duration(rnd.IntN(120)) * time.Millisecond)
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
		if len(stillAside(path)) > 0 {
			replaced++
		}
		s, err := Open(t.Context(), path, "", "here")
		require.NoError(t, err)
		_, got, err := s.Load(t.Context())
		require.NoError(t, err)
		require.Equal(t, memory, got)
		lost, err := s.Lost(t.Context())
		require.NoError(t, err)
		require.NotNil(t, lost, "people are still to be told")
		require.Len(t, stillAside(path), 1, "the damaged one is there once")
		require.NoError(t, s.Close())
	}
	t.Logf("%d of %d were killed after the replacement", replaced, kills)
}
