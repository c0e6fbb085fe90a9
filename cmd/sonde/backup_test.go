package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/configs"
	"sonde/notify/slack/fakeslack"
	"sonde/report"
	"sonde/store"
)

// Serve, back up, stop, restore, serve again: history, incidents and probes are there,
// and the service goes on.
func TestABackupIsRestoredAndTheServiceGoesOn(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	p := s.serve(t)
	s.status.Store(http.StatusServiceUnavailable)
	s.eventually(t, "an incident is open", func() bool { status, _ := s.report(t); return status.Summary.Down == 1 })
	code, stdout, stderr := sonde(t, "backup", "--json", "-c", s.config)
	require.Equal(t, 0, code, stderr)
	var made copied
	require.NoError(t, json.Unmarshal([]byte(stdout), &made))
	require.Equal(t, s.folder, filepath.Dir(made.Path), "beside the database")
	before, _ := s.report(t)
	code, _, stderr = sonde(t, "restore", made.Path, "-c", s.config)
	require.Equal(t, 75, code)
	require.Contains(t, stderr, fmt.Sprintf("pid %d", p.cmd.Process.Pid))
	s.status.Store(http.StatusOK)
	s.eventually(t, "it recovered", func() bool { status, _ := s.report(t); return status.Summary.Up == 1 })
	require.Equal(t, 0, p.end(syscall.SIGTERM))

	code, stdout, stderr = sonde(t, "restore", made.Path, "--json", "-c", s.config)
	require.Equal(t, 0, code, stderr)
	var done restored
	require.NoError(t, json.Unmarshal([]byte(stdout), &done))
	require.FileExists(t, done.Aside)
	require.Equal(t, made.Path, done.From.Path)
	s.status.Store(http.StatusServiceUnavailable)
	back, _ := s.report(t)
	require.Equal(t, before.Probes[0].Incidents[0].ID, back.Probes[0].Incidents[0].ID)
	require.Equal(t, before.Summary.Classes24h["success"], back.Summary.Classes24h["success"])
	p = s.serve(t)
	asked := s.asked.Load()
	s.eventually(t, "probing goes on", func() bool { return s.asked.Load() > asked+2 })
	after, _ := s.report(t)
	require.Equal(t, before.Probes[0].Incidents[0].ID, after.Probes[0].Incidents[0].ID, "the incident is the same one")
	require.Empty(t, after.Service.Damaged)
	require.Equal(t, 0, p.end(syscall.SIGTERM))
}

// The whole way of a scheduled copy: the running service makes it, and says so; the copy
// is sound, and is what a service goes on with that has lost its database.
func TestARunningServiceMakesBackupsThatRestore(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	config, err := os.ReadFile(s.config)
	require.NoError(t, err)
	s.write(t, string(config)+"backup: {folder: copies, every: 1h, keep: 2}\n")
	s.status.Store(http.StatusServiceUnavailable)
	p := begin(t, []string{"SLACK_TOKEN=" + fakeslack.Token}, "serve", "-c", s.config)
	s.eventually(t, "an incident is told", func() bool { roots, _ := s.told(); return len(roots) == 1 })
	require.Equal(t, 0, p.end(syscall.SIGTERM))
	copies := func() []string {
		found, err := filepath.Glob(filepath.Join(s.folder, "copies", "sonde-*.db"))
		require.NoError(t, err)
		return found
	}
	require.Empty(t, copies(), "so soon none is made")

	p = begin(t, []string{"SLACK_TOKEN=" + fakeslack.Token, asSonde + "=" + hasty}, "serve", "-c", s.config)
	s.eventually(t, "a copy is made", func() bool { return len(copies()) == 1 })
	s.eventually(t, "the service says so", func() bool { status, _ := s.report(t); return status.Service.LastBackup != nil })
	_, metrics := s.read("/metrics")
	require.Regexp(t, `(?m)^sonde_backup_last_success_timestamp_seconds 1\.\d+e\+09$`, metrics)
	<-time.After(1500 * time.Millisecond)
	require.Len(t, copies(), 1, "no other is due")
	before, _ := s.report(t)
	require.Equal(t, 0, p.end(syscall.SIGTERM))
	require.Contains(t, p.output.String(), `"msg":"backup made"`)

	database := filepath.Join(s.folder, "sonde.db")
	require.NoError(t, os.Remove(database))
	code, stdout, stderr := sonde(t, "restore", copies()[0], "-c", s.config)
	require.Equal(t, 0, code, stderr)
	require.Contains(t, stdout, database+" is now a copy of "+copies()[0])
	after, _ := s.report(t)
	require.Equal(t, before.Probes[0].Incidents[0].ID, after.Probes[0].Incidents[0].ID)
	p = s.serve(t)
	s.status.Store(http.StatusOK)
	s.eventually(t, "it recovers in the same thread", func() bool { _, replies := s.told(); return len(replies) == 1 })
	require.Equal(t, 0, p.end(syscall.SIGTERM))
}

func TestADamagedDatabaseIsToldOnceAndTheServiceGoesOn(t *testing.T) {
	s := newScene(t)
	require.Equal(t, 0, s.serve(t).end(syscall.SIGTERM))
	database := filepath.Join(s.folder, "sonde.db")
	require.NoError(t, os.WriteFile(database, []byte(strings.Repeat("no database any more ", 1000)), 0o640))
	code, _, stderr := sonde(t, "status", "-c", s.config)
	require.Equal(t, 3, code)
	require.Contains(t, stderr, "is damaged")
	t.Setenv("SLACK_TOKEN", "x")
	code, _, stderr = sonde(t, "serve", "--on-corrupt=exit", "-c", s.config)
	require.Equal(t, 74, code)
	require.Contains(t, stderr, "is damaged")
	code, _, _ = sonde(t, "serve", "--on-corrupt=perhaps", "-c", s.config)
	require.Equal(t, 64, code)

	for range 2 {
		p := s.serve(t)
		s.eventually(t, "it is told", func() bool { roots, _ := s.told(); return len(roots) == 1 })
		require.Equal(t, 0, p.end(syscall.SIGTERM))
	}
	roots, _ := s.told()
	require.Len(t, roots, 1, "once")
	require.Contains(t, roots[0].Text, "lost history")
	status, _ := s.report(t)
	require.Len(t, status.Service.Damaged, 1)
	_, stdout, _ := sonde(t, "status", "-c", s.config)
	require.Contains(t, stdout, status.Service.Damaged[0])
	pieces, err := filepath.Glob(status.Service.Damaged[0] + "*")
	require.NoError(t, err)
	for _, piece := range pieces {
		require.NoError(t, os.Remove(piece))
	}
	status, _ = s.report(t)
	require.Empty(t, status.Service.Damaged, "for as long as a piece of it lies there")
}

func TestBackupSaysWhatItDid(t *testing.T) {
	folder := t.TempDir()
	database := filepath.Join(folder, "sonde.db")
	db, err := store.Open(t.Context(), database, "", "here")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	copies := filepath.Join(folder, "copies")
	require.NoError(t, os.Mkdir(copies, 0o755))
	old := filepath.Join(copies, "sonde-20200101T000000Z.db")
	require.NoError(t, os.WriteFile(old, nil, 0o600))

	file := filepath.Join(copies, "mine.db")
	code, stdout, stderr := sonde(t, "backup", file, "--db", database)
	require.Equal(t, 0, code, stderr)
	require.Regexp(t, `mine\.db: [0-9.]+ KiB, in \d+ms\n$`, stdout)
	code, _, stderr = sonde(t, "backup", file, "--db", database)
	require.Equal(t, 74, code)
	require.Contains(t, stderr, "name another file, this one is kept")
	code, _, stderr = sonde(t, "backup", filepath.Join(copies, "other.db"), "--keep", "1", "--db", database)
	require.Equal(t, 64, code)
	require.Contains(t, stderr, "--keep needs a folder")
	code, stdout, stderr = sonde(t, "backup", copies, "--keep", "1", "--db", database)
	require.Equal(t, 0, code, stderr)
	require.Contains(t, stdout, "removed "+old)
	require.FileExists(t, file, "a name of the user's own is no business of ours")

	code, stdout, stderr = sonde(t, "restore", file, "--db", database)
	require.Equal(t, 0, code, stderr)
	require.Contains(t, stdout, database+" is now a copy of "+file)
	require.Contains(t, stdout, "the database from before lies in "+database+".before-restore-")
	code, _, stderr = sonde(t, "restore", old, "--db", database)
	require.Equal(t, 74, code, stderr)
}

func TestTheServiceMakesCopiesWhenTheyAreDue(t *testing.T) {
	folder := t.TempDir()
	db, err := store.Open(t.Context(), filepath.Join(folder, "sonde.db"), "", "here")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	s := &service{log: newLogger(t.Output()), store: db}
	plan := &configs.Backup{Folder: filepath.Join(folder, "copies"), Every: 24 * time.Hour, Keep: 2}
	at := time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)
	copies := func() int {
		entries, err := os.ReadDir(plan.Folder)
		require.NoError(t, err)
		return len(entries)
	}
	for _, tc := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {time.Hour, 1}, {23*time.Hour + 59*time.Minute, 1}, {24 * time.Hour, 2}, {48 * time.Hour, 2}} {
		require.NoError(t, s.backUp(t.Context(), plan, at.Add(tc.after)))
		require.Equal(t, tc.want, copies(), tc.after)
	}
	status, err := statusOf(t.Context(), db.Path(), at)
	require.NoError(t, err)
	require.Equal(t, at.Add(48*time.Hour), *status.Service.LastBackup)
	bad := &configs.Backup{Folder: filepath.Join(folder, "no", "such", "folder"), Every: time.Hour, Keep: 1}
	require.ErrorIs(t, s.backUp(t.Context(), bad, at), os.ErrNotExist)
}

func TestDamageThatIsFoundWhileServingStopsTheService(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sonde.db")
	options := store.Options{Path: path, Fallback: "here", CheckAtOnce: 1}
	watch := func() error {
		db, err := store.OpenWith(t.Context(), options)
		require.NoError(t, err)
		s := &service{log: newLogger(t.Output()), store: db}
		ctx, settled := s.watchDatabase(t.Context())
		if db.Unchecked() {
			select {
			case <-ctx.Done():
			case <-time.After(500 * time.Millisecond): // it is sound
			}
		}
		damage := settled()
		require.NoError(t, db.Close())
		return damage
	}
	require.NoError(t, watch(), "a new one")
	require.NoError(t, watch(), "a sound one")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	var damage error
	size := int(binary.BigEndian.Uint16(content[16:]))                     // of a page
	for page := len(content)/size - 1; damage == nil && page > 1; page-- { // one that opening does not need
		damaged := append([]byte{}, content...)
		clear(damaged[page*size : (page+1)*size])
		_ = os.Remove(path + "-wal") // which may have the page once more
		require.NoError(t, os.WriteFile(path, damaged, 0o640))
		damage = watch()
	}
	require.ErrorAs(t, damage, new(*store.DamagedError))
	require.FileExists(t, path+".suspect", "the next start looks closer")
	require.NoError(t, watch())
	require.NoFileExists(t, path+".suspect")
}

func TestStatusIsAdditive(t *testing.T) {
	b, err := json.Marshal(report.Service{})
	require.NoError(t, err)
	require.NotContains(t, string(b), "damaged")
	require.NotContains(t, string(b), "last_backup_at")
}
