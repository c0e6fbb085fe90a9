//go:build faults

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/notify/slack/fakeslack"
	"sonde/report"
)

// beginOnSmallDisk starts the service with its database on a tmpfs of 16 MiB, in a mount
// namespace that needs no root. It needs unshare(1), mount(8) and user namespaces.
func (s *scene) beginOnSmallDisk(t *testing.T, disk string) *process {
	t.Helper()
	out, err := exec.Command("unshare", "-Urm", "true").CombinedOutput()
	require.NoErrorf(t, err, "this test needs unshare -Urm, and so user namespaces: %s", out)
	config, err := os.ReadFile(s.config)
	require.NoError(t, err)
	s.write(t, string(config)+fmt.Sprintf("database: %q\n", filepath.Join(disk, "sonde.db")))
	p := &process{output: nil, ended: make(chan struct{})}
	log, err := os.Create(filepath.Join(s.folder, "log"))
	require.NoError(t, err)
	p.cmd = exec.Command("unshare", "-Urm", "sh", "-c", `mount -t tmpfs -o size=16m none "$1" && exec "$2" serve -c "$3"`, "sh", disk, os.Args[0], s.config)
	p.cmd.Env = append(os.Environ(), asSonde+"=yes", "SLACK_TOKEN="+fakeslack.Token)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		p.kill()
		require.NoError(t, log.Close())
		if said, err := os.ReadFile(log.Name()); t.Failed() && err == nil {
			t.Logf("output:\n%s", said)
		}
	})
	s.eventually(t, "the service is ready", func() bool { code, _ := s.read("/readyz"); return code == http.StatusOK })
	return p
}

// within runs the program where it sees the disk of a service.
func (s *scene) within(t *testing.T, p *process) func(args ...string) string {
	return func(args ...string) string {
		enter := []string{"-t", strconv.Itoa(p.cmd.Process.Pid), "-U", "-m", "--preserve-credentials", os.Args[0]}
		cmd := exec.Command("nsenter", append(append(enter, args...), "-c", s.config)...)
		cmd.Env = append(os.Environ(), asSonde+"=yes")
		stdout, err := cmd.Output()
		if _, ended := errors.AsType[*exec.ExitError](err); !ended {
			require.NoError(t, err)
		}
		return string(stdout)
	}
}

func (s *scene) saying(what string) (n int) {
	for _, m := range s.slack.Messages() {
		if strings.Contains(m.Text, what) {
			n++
		}
	}
	return n
}

// changes counts the messages about a change of an incident, whatever they say by now: the first
// message of a conversation is edited.
func (s *scene) changes(t *testing.T, change string) (n int) {
	t.Helper()
	for _, m := range s.slack.Messages() {
		if strings.Contains(keyOf(t, m), ":"+change+":") {
			n++
		}
	}
	return n
}

func TestAnOutageIsToldWhileTheDiskIsFullAndNothingIsLost(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	disk := t.TempDir()
	p := s.beginOnSmallDisk(t, disk)
	s.eventually(t, "the probe is up", func() bool { _, body := s.read("/api/v1/status"); return strings.Contains(body, `"up": 1`) })
	filler := filepath.Join("/proc", fmt.Sprint(p.cmd.Process.Pid), "root", disk, "filler")
	f, err := os.Create(filler)
	require.NoError(t, err)
	written, err := io.Copy(f, io.LimitReader(zeros{}, 64<<20))
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NotZero(t, written)
	require.NoError(t, f.Close())

	s.status.Store(http.StatusServiceUnavailable)
	s.eventually(t, "the outage is told", func() bool { return s.changes(t, "opened") == 1 })
	s.eventually(t, "the full disk is told", func() bool { return s.saying("storage full") == 1 })
	code, health := s.read("/healthz")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, health, "degraded: storage is full")
	s.requireStorage(t, s.within(t, p), report.StorageFull)
	time.Sleep(5 * time.Second)

	require.NoError(t, os.Remove(filler))
	s.eventually(t, "the disk's recovery is told", func() bool { return s.saying("storage works again") == 1 })
	s.eventually(t, "the incident is stored", func() bool { _, body := s.read("/api/v1/status"); return strings.Contains(body, `"down": 1`) })
	s.requireStorage(t, s.within(t, p), report.StorageLow) // which so small a disk always is
	s.status.Store(http.StatusOK)
	s.eventually(t, "the recovery is told", func() bool { return s.changes(t, "resolved") == 1 })
	time.Sleep(3 * time.Second)
	require.Equal(t, 1, s.changes(t, "opened"), "once")
	require.Equal(t, 1, s.saying("storage full"), "once")
	_, replies := s.told()
	require.Len(t, replies, 1, "in the thread of what was told from memory")
	code, _ = s.read("/readyz")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, 0, p.end(syscall.SIGTERM))
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// hold makes a disk of 16 MiB that outlives the services on it.
func hold(t *testing.T, disk string) (pid int) {
	t.Helper()
	cmd := exec.Command("unshare", "-Urm", "sh", "-c", `mount -t tmpfs -o size=16m none "$1" && echo ready && exec sleep 1000`, "sh", disk)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err, "this test needs unshare -Urm, and so user namespaces")
	require.Equal(t, "ready\n", line)
	return cmd.Process.Pid
}

// What was told while the disk was full, and is not stored, is told again after the end of
// the service: as a possible repeat, and under a number that no other incident has had.
func TestWhatWasToldWhileTheDiskWasFullIsAPossibleRepeatAfterTheEnd(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		signal syscall.Signal
		code   int
	}{
		"killed":  {syscall.SIGKILL, -1},
		"stopped": {syscall.SIGTERM, exitStorage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, disk := newScene(t), t.TempDir()
			config, err := os.ReadFile(s.config)
			require.NoError(t, err)
			s.write(t, string(config)+fmt.Sprintf("database: %q\n", filepath.Join(disk, "sonde.db")))
			holder := strconv.Itoa(hold(t, disk))
			serve := func() *process {
				enter := []string{"-t", holder, "-U", "-m", "--preserve-credentials", os.Args[0], "serve", "-c", s.config}
				return beginCommand(t, []string{"SLACK_TOKEN=" + fakeslack.Token}, exec.Command("nsenter", enter...))
			}
			p := serve()
			s.eventually(t, "the probe is up", func() bool { _, body := s.read("/api/v1/status"); return strings.Contains(body, `"up": 1`) })
			filler := filepath.Join("/proc", holder, "root", disk, "filler")
			f, err := os.Create(filler)
			require.NoError(t, err)
			_, err = io.Copy(f, io.LimitReader(zeros{}, 64<<20))
			require.ErrorIs(t, err, syscall.ENOSPC)
			require.NoError(t, f.Close())
			s.status.Store(http.StatusServiceUnavailable)
			s.eventually(t, "the outage is told", func() bool { return s.changes(t, "opened") == 1 })
			require.Equal(t, tc.code, p.end(tc.signal))

			if tc.signal == syscall.SIGKILL { // a stop gives the log's room back, and with that it could start
				p = serve()
				<-p.ended
				require.Equal(t, exitStorage, p.cmd.ProcessState.ExitCode(), "it cannot start without any room")
			}
			require.NoError(t, os.Remove(filler))
			p = serve()
			s.eventually(t, "the outage is told again", func() bool { return s.changes(t, "opened") == 2 })
			about := map[string]bool{}
			for _, m := range s.slack.Messages() {
				if strings.Contains(m.Text, "checkout") {
					require.Contains(t, m.Text, "possible repeat")
					number, _, _ := strings.Cut(keyOf(t, m), ":")
					about[number] = true
				}
			}
			require.Len(t, about, 2, "two incidents, of which the first was forgotten")
			s.status.Store(http.StatusOK)
			s.eventually(t, "the recovery is told", func() bool { return s.changes(t, "resolved") == 1 })
			require.Equal(t, 0, p.end(syscall.SIGTERM))
			for _, m := range s.slack.Messages() {
				require.True(t, !strings.Contains(keyOf(t, m), ":resolved:") || !strings.Contains(m.Text, "possible repeat"), m.Text)
			}
		})
	}
}
