package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThereIsOneWriter(t *testing.T) {
	path := newPath(t)
	require.False(t, Running(path))
	s := open(t, path)

	_, err := Open(t.Context(), path, "", "here")
	var locked *LockedError
	require.ErrorAs(t, err, &locked)
	require.Equal(t, LockedError{path, os.Getpid()}, *locked)

	said, _, end := process(t, "hold", path, nil)
	end()
	require.Equal(t, locked.Error(), said, "another process is told who writes")
	require.NoError(t, s.Revise(t.Context(), &Revision{At: t0, Probes: []Probe{watched("a", 60e9)}, Memory: &Memory{}}), "the one writer goes on")
}

func TestAnotherProcessIsTheWriter(t *testing.T) {
	path := newPath(t)
	said, pid, end := process(t, "hold", path, nil)
	require.Equal(t, "open", said)
	for range 3 {
		require.True(t, Running(path), "asking does not disturb it")
	}
	_, err := Open(t.Context(), path, "", "here")
	var locked *LockedError
	require.ErrorAs(t, err, &locked)
	require.Equal(t, pid, locked.PID)
	end()

	require.False(t, Running(path), "the lock went with the process; its file stays")
	require.FileExists(t, lockPath(path))
	open(t, path)
	require.True(t, Running(path))
}

// Another user, who is in the group of the database's file but may not write, reads it
// beside the service and after it. As root this is done by a process of that user;
// otherwise the modes say it.
func TestAnotherUserReads(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	require.NoError(t, s.Revise(t.Context(), &Revision{At: t0, Probes: []Probe{watched("a", 60e9)}, Memory: &Memory{}}))
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o640), info.Mode().Perm()|0o040, name)
	}
	if os.Getuid() != 0 {
		return
	}
	admit(t, path)
	nobody := &syscall.Credential{Uid: 65534, Gid: uint32(os.Getgid()), NoSetGroups: true}
	said, _, end := process(t, "look", path, nobody)
	end()
	require.Equal(t, "uid 65534: 1 probes, running true", said)

	require.NoError(t, s.Close())
	said, _, end = process(t, "look", path, nobody)
	end()
	require.Equal(t, "uid 65534: 1 probes, running false", said)

	said, _, end = process(t, "look", path, &syscall.Credential{Uid: 65534, Gid: 65534})
	end()
	require.Contains(t, said, "cannot be opened", "who is not in the group reads nothing")
	require.Contains(t, said, "check that the file")
	s.db, s.lock = nil, nil // is closed
}

// admit lets others walk to a file.
func admit(t *testing.T, path string) {
	for folder := filepath.Dir(path); strings.HasPrefix(folder, os.TempDir()) && folder != os.TempDir(); folder = filepath.Dir(folder) {
		require.NoError(t, os.Chmod(folder, 0o755))
	}
}

func TestWhoLooksIsToldHowStoringGoes(t *testing.T) {
	path := newPath(t)
	s, err := Open(t.Context(), path, "", "here")
	require.NoError(t, err)
	told := func() *Storing {
		snapshot, err := look(t, path).Snapshot(t.Context(), t0)
		require.NoError(t, err)
		return snapshot.Service.Storing
	}
	require.Nil(t, told(), "nothing has been said")
	for _, now := range []Storing{{State: "full", Since: t0, Waiting: 1 << 60, Lost: 1 << 60}, {State: "ok", Heartbeat: &Heartbeat{State: "withheld", Since: t0, Why: strings.Repeat("w", 200)}}, {State: "ok"}} {
		require.NoError(t, s.Say(now))
		require.Equal(t, &now, told())
		info, err := os.Stat(lockPath(path))
		require.NoError(t, err)
		require.EqualValues(t, noteAt+noteSize, info.Size(), "it is written in place")
	}
	require.NoError(t, s.Say(Storing{State: "ok", Heartbeat: &Heartbeat{State: "failing", Since: t0, Why: strings.Repeat("<", 200)}}))
	require.Equal(t, &Heartbeat{State: "failing", Since: t0}, told().Heartbeat, "what does not fit is left out")
	_, err = Open(t.Context(), path, "", "here")
	var locked *LockedError
	require.ErrorAs(t, err, &locked)
	require.Equal(t, os.Getpid(), locked.PID)
	for name, content := range map[string]string{
		"an older sonde": "12\n", "noise": strings.Repeat("{", 300), "nothing": "", "another's": fmt.Sprintf("%31d\n[1]\n", 7),
	} {
		require.NoError(t, os.WriteFile(lockPath(path), []byte(content), 0o600))
		require.Nil(t, told(), name)
	}
	require.NoError(t, s.Say(Storing{State: "ok"}))
	require.NoError(t, s.Close())
	require.Nil(t, told(), "nobody says it any more")
}
