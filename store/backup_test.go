package store

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
)

// A copy that is made while the service writes is what the service had at one moment.
func TestABackupUnderLoadIsOneMoment(t *testing.T) {
	w := newWorld(t, 11, 3)
	w.happen(500)
	w.commit(true)
	file := filepath.Join(t.TempDir(), "copy.db")
	before := w.memory.Seq
	moments := map[int64][]byte{}
	note := func() {
		b, err := json.Marshal(w.memory)
		require.NoError(t, err)
		moments[w.memory.Seq] = b
	}
	note()
	type end struct {
		made *Copy
		err  error
	}
	ended := make(chan end, 1)
	go func() {
		made, err := Backup(context.WithoutCancel(t.Context()), w.s.Path(), file)
		ended <- end{made, err}
	}()
	var got end
	for running := true; running; {
		select {
		case got = <-ended:
			running = false
		default:
			w.step(w.entry(&w.probes[w.rnd.IntN(len(w.probes))]))
			w.commit(w.rnd.IntN(5) == 0)
			note()
		}
	}
	require.NoError(t, got.err)
	require.Equal(t, file, got.made.Path)
	require.Positive(t, got.made.Bytes)
	copied := open(t, file)
	_, memory, err := copied.Load(t.Context())
	require.NoError(t, err)
	require.GreaterOrEqual(t, memory.Seq, before)
	require.LessOrEqual(t, memory.Seq, w.memory.Seq)
	b, err := json.Marshal(memory)
	require.NoError(t, err)
	require.JSONEq(t, string(moments[memory.Seq]), string(b))
	require.NoError(t, check(t.Context(), copied.db, file, "integrity_check"))
	require.Zero(t, count(t, copied, "SELECT count(*) FROM pragma_foreign_key_check"))
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o007, "others read nothing")
}

func TestABackupThatCannotBeMadeLeavesNothingBehind(t *testing.T) {
	path, _ := history(t)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	folder := t.TempDir()
	taken := filepath.Join(folder, "taken.db")
	require.NoError(t, os.WriteFile(taken, []byte("precious"), 0o600))
	damaged := newPath(t)
	require.NoError(t, os.WriteFile(damaged, zeroed(content, 5, 10), 0o640))
	foreign := newPath(t)
	require.NoError(t, os.WriteFile(foreign, []byte("a text"), 0o640))
	for name, tc := range map[string]struct{ from, to, says string }{
		"a file that is there is kept":   {path, taken, "name another file, this one is kept"},
		"a folder that is not there":     {path, filepath.Join(folder, "none", "x.db"), "no such file or directory"},
		"a file in place of a folder":    {path, filepath.Join(taken, "x.db"), "not a directory"},
		"a damaged database":             {damaged, filepath.Join(folder, "x.db"), "damaged"},
		"a file that is no database":     {foreign, filepath.Join(folder, "x.db"), "is not a database of sonde's"},
		"a database that is not there":   {newPath(t), filepath.Join(folder, "x.db"), "no such file"},
		"a context that ended before it": {path, filepath.Join(folder, "x.db"), "context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if tc.says == context.Canceled.Error() {
				cancel()
			}
			_, err := Backup(ctx, tc.from, tc.to)
			require.ErrorContains(t, err, tc.says)
			entries, err := os.ReadDir(folder)
			require.NoError(t, err)
			require.Len(t, entries, 1)
			kept, err := os.ReadFile(taken)
			require.NoError(t, err)
			require.Equal(t, "precious", string(kept))
		})
	}
}

func TestOnlyOldBackupsOfOurNamesAreRemoved(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"sonde-20261101T000000Z.db", "sonde-20261102T000000Z.db", "sonde-20261103T000000Z.db", "sonde-before-the-move.db", "sonde.db", "sonde-20261104T000000Z.db.gz"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), nil, 0o600))
	}
	stale, fresh := filepath.Join(folder, "sonde-20261101T000000Z.db.17.tmp"), filepath.Join(folder, "sonde-20261102T000000Z.db.18.tmp")
	require.NoError(t, os.WriteFile(stale, nil, 0o600))
	require.NoError(t, os.Chtimes(stale, t0, time.Now().Add(-25*time.Hour)))
	require.NoError(t, os.WriteFile(fresh, nil, 0o600))
	latest, err := LatestBackup(folder)
	require.NoError(t, err)
	require.Equal(t, time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC), latest)
	require.Equal(t, "sonde-20261103T000000Z.db", BackupName(latest))
	removed, err := PruneBackups(folder, 2)
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(folder, "sonde-20261101T000000Z.db")}, removed)
	removed, err = PruneBackups(folder, 0)
	require.NoError(t, err)
	require.Len(t, removed, 1, "the newest always stays")
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, entries, 5)
	require.NoFileExists(t, stale, "whoever began it is gone")
	require.FileExists(t, fresh, "somebody may be at it")
	latest, err = LatestBackup(t.TempDir())
	require.NoError(t, err)
	require.Zero(t, latest)
}

func TestARestoreBringsBackWhatWasAndSetsAsideWhatIs(t *testing.T) {
	path, memory := history(t)
	s, err := Open(t.Context(), path, "", "here")
	require.NoError(t, err)
	post(t, s, about("ops", 1, incident.Opened), about("ops", 2, incident.Opened))
	waiting := count(t, s, "SELECT count(*) FROM outbox WHERE state = 'pending'")
	require.GreaterOrEqual(t, waiting, 2)
	file := filepath.Join(t.TempDir(), "copy.db")
	_, err = Backup(t.Context(), path, file)
	require.NoError(t, err)
	_, err = Restore(t.Context(), path, file, t0)
	require.ErrorAs(t, err, new(*LockedError), "not while it is written")
	configure(t, s, t0, watched("later", time.Minute))
	require.NoError(t, s.Close())

	done, err := Restore(t.Context(), path, file, t0)
	require.NoError(t, err)
	require.EqualValues(t, waiting, done.Repeats)
	require.Equal(t, path+".before-restore-20261123T050000Z", done.Aside)
	require.FileExists(t, done.Aside)
	require.NoFileExists(t, path+"-wal", "nothing of the database before lies beside it")
	s = open(t, path)
	known, got, err := s.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, memory, got)
	require.Equal(t, []string{"a", "b", "c"}, names(known))
	c, _ := claim(t, s, "ops", 0)
	require.NotNil(t, c)
	require.True(t, c.Message.Repeat)
	lost, err := s.Lost(t.Context())
	require.NoError(t, err)
	require.Nil(t, lost)
	settle(t, s, c, notify.Settlement{State: notify.StateSent})

	before := open(t, done.Aside)
	known, _, err = before.Load(t.Context())
	require.NoError(t, err)
	require.Contains(t, names(known), "later", "what was set aside is whole")
	require.FileExists(t, file, "the backup stays")
}

// The service runs as a user of its own, and whoever restores is root.
func TestWhatIsRestoredBelongsToWhoOwnedItBefore(t *testing.T) {
	path, _ := history(t)
	file := filepath.Join(t.TempDir(), "copy.db")
	_, err := Backup(t.Context(), path, file)
	require.NoError(t, err)
	uid := os.Getuid()
	if uid == 0 {
		uid = 65534
		require.NoError(t, os.Chown(filepath.Dir(path), uid, uid))
	}
	require.NoError(t, removeTrio(path))
	require.NoError(t, os.Remove(lockPath(path)))
	_, err = Restore(t.Context(), path, file, t0)
	require.NoError(t, err)
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 3, "the database, its lock and its stamp")
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		require.EqualValues(t, uid, info.Sys().(*syscall.Stat_t).Uid, e.Name())
	}
}

func TestWhatCannotBeRestoredChangesNothing(t *testing.T) {
	path, _ := history(t)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	folder := t.TempDir()
	write := func(name string, b []byte) string {
		file := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(file, b, 0o640))
		return file
	}
	newer := append([]byte{}, content...)
	newer[63] = 99 // the version of the schema (sqlite.org/fileformat.html)
	for name, tc := range map[string]struct{ file, says string }{
		"a damaged backup":          {write("damaged.db", zeroed(append([]byte{}, content...), 5, 10)), "damaged"},
		"a backup of a newer sonde": {write("newer.db", newer), "run the newer sonde"},
		"a text":                    {write("text.db", []byte("a text")), "is not a database of sonde's"},
		"nothing":                   {write("empty.db", nil), "it is empty"},
		"a file that is not there":  {filepath.Join(folder, "none.db"), "no such file"},
		"the database itself":       {path, "it is the database itself"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Restore(t.Context(), path, tc.file, t0)
			require.ErrorContains(t, err, tc.says)
			now, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, content, now)
			entries, err := os.ReadDir(filepath.Dir(path))
			require.NoError(t, err)
			for _, e := range entries {
				require.NotContains(t, e.Name(), "fresh")
				require.NotContains(t, e.Name(), "before-restore")
			}
		})
	}
}
