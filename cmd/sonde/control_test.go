package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"sonde/report"
)

// answered runs the program with the configuration of a scene.
func (s *scene) answered(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return sonde(t, append(args, "-c", s.config)...)
}

// down lets the target fail until that is an incident, and returns its id.
func (s *scene) down(t *testing.T) (id string) {
	t.Helper()
	s.status.Store(503)
	s.eventually(t, "an incident is open", func() bool {
		status, _ := s.report(t)
		if len(status.Probes) == 1 && len(status.Probes[0].Incidents) == 1 {
			id = status.Probes[0].Incidents[0].ID
		}
		return id != ""
	})
	return id
}

func TestCommandsReachTheServiceThroughItsSocket(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	p := s.serve(t)
	id := s.down(t)
	info, err := os.Lstat(filepath.Join(s.folder, "sonde.db.sock"))
	require.NoError(t, err)
	require.Equal(t, os.ModeSocket|0o600, info.Mode(), "it is for the service's own user")

	code, stdout, stderr := s.answered(t, "ack", id, "--by", "kim", "--note", "on it", "--json")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, `"acknowledged_by": "kim"`)
	code, stdout, _ = s.answered(t, "ack", id, "--by", "lee")
	require.Zero(t, code)
	require.Contains(t, stdout, "incident "+id+": acknowledged by kim at ", "who comes second changes nothing")
	_, text, _ := s.answered(t, "incidents", id)
	require.Contains(t, text, "by kim: on it\n")
	require.Contains(t, text, "  acknowledged  server_error")

	code, stdout, stderr = s.answered(t, "silence", "checkout", "--for", "2h", "--reason", "known")
	require.Zero(t, code, stderr)
	require.Regexp(t, `^silence \d+; checkout; until .* UTC; .*known\n$`, stdout)
	code, stdout, stderr = s.answered(t, "maintenance", "add", "move", "--probes", "checkout", "--for", "1h", "--from", "2026-01-01")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "move; checkout; 2026-01-01T00:00:00Z/2026-01-01T01:00:00Z", "also afterwards")
	code, stdout, stderr = s.answered(t, "maintenance", "add", "now", "--probes", "checkout", "--for", "1h", "--json")
	require.Zero(t, code, stderr)
	var planned report.InForce
	require.NoError(t, json.Unmarshal([]byte(stdout), &planned))
	status, code := s.report(t)
	require.Equal(t, report.ExitOK, code)
	require.Equal(t, report.Maintenance, status.Probes[0].State)
	require.Equal(t, "kim", status.Probes[0].Incidents[0].AcknowledgedBy)

	code, stdout, stderr = s.answered(t, "maintenance", "list")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "maintenance "+jsonOf(t, planned.ID)+"; now; checkout; ")
	code, _, stderr = s.answered(t, "maintenance", "remove", jsonOf(t, planned.ID))
	require.Zero(t, code, stderr)
	status, _ = s.report(t)
	require.Equal(t, report.Down, status.Probes[0].State)

	code, stdout, stderr = s.answered(t, "maintenance", "add", "always", "--probes", "checkout", "--every", "day 00:00-24:00", "--zone", "Asia/Seoul", "--from", "2026-01-01", "--json")
	require.Zero(t, code, stderr)
	require.NoError(t, json.Unmarshal([]byte(stdout), &planned))
	require.Equal(t, "day 00:00-24:00 Asia/Seoul", planned.Schedule)
	require.Nil(t, planned.Until)
	status, code = s.report(t)
	require.Equal(t, report.ExitOK, code)
	require.Equal(t, report.Maintenance, status.Probes[0].State)
	require.Zero(t, status.Probes[0].Objectives[0].SpentMS, "it is excluded from before it was planned on")
	code, stdout, stderr = s.answered(t, "maintenance", "list")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "; always; checkout; day 00:00-24:00 Asia/Seoul; from 2025-12-31 15:00:00 UTC on; ")
	code, _, stderr = s.answered(t, "maintenance", "remove", jsonOf(t, planned.ID), "--entirely")
	require.Zero(t, code, stderr)
	status, _ = s.report(t)
	require.Equal(t, report.Down, status.Probes[0].State)
	require.NotZero(t, status.Probes[0].Objectives[0].SpentMS, "as if it never had been")

	asked := s.asked.Load()
	code, stdout, stderr = s.answered(t, "run", "checkout")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "verdict  bad: 503 Service Unavailable")
	require.Greater(t, s.asked.Load(), asked)
	s.eventually(t, "the result is kept", func() bool {
		_, stdout, _ := s.answered(t, "history", "checkout", "--format", "json")
		return strings.Contains(stdout, `"manual"`)
	})
	for _, wrong := range [][]string{{"ack", "ZZZZ"}, {"silence", "nobody", "--for", "1h"}, {"maintenance", "remove", "99"}, {"run", "nobody"}} {
		code, _, stderr := s.answered(t, wrong...)
		require.Equal(t, exitUsage, code, "%v: %s", wrong, stderr)
	}
	require.Zero(t, p.end(syscall.SIGTERM))
	require.NoFileExists(t, filepath.Join(s.folder, "sonde.db.sock"))
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	written, err := json.Marshal(v)
	require.NoError(t, err)
	return string(written)
}

func TestWithoutAServiceCommandsAreStoredForTheNextStart(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	p := s.serve(t)
	id := s.down(t)
	p.kill() // and its socket is left behind
	code, stdout, stderr := s.answered(t, "ack", id, "--by", "kim")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "acknowledged by kim")
	code, _, stderr = s.answered(t, "silence", "checkout", "--for", "2h")
	require.Zero(t, code, stderr)
	code, stdout, stderr = s.answered(t, "maintenance", "add", "now", "--probes", "checkout", "--every", "day 00:00-24:00", "--until", "2099-01-01", "--reason", "moving")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "; until 2099-01-01 00:00:00 UTC; ")
	code, _, stderr = s.answered(t, "ack", "ZZZZ")
	require.Equal(t, exitUsage, code, stderr)
	code, _, stderr = s.answered(t, "run", "checkout")
	require.Equal(t, exitStorage, code)
	require.Contains(t, stderr, "no service writes")

	s.serve(t)
	status, _ := s.report(t)
	require.Equal(t, report.Maintenance, status.Probes[0].State)
	require.Equal(t, "kim", status.Probes[0].Incidents[0].AcknowledgedBy)
	code, _, stderr = s.answered(t, "ack", id)
	require.Zero(t, code, stderr, "the socket that was left behind is another's now")
}

// A program that has the lock and answers nobody, such as an older one, is not passed over.
func TestACommandDoesNotPassOverAServiceThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.serve(t)
	require.NoError(t, os.Remove(filepath.Join(s.folder, "sonde.db.sock")))
	code, _, stderr := s.answered(t, "silence", "checkout", "--for", "1h")
	require.Equal(t, exitRunning, code)
	require.Contains(t, stderr, "is in use by another sonde (pid ")
}

func TestASocketWhoseNameIsTooLongIsFoundByItsFolder(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	deep := filepath.Join(s.folder, strings.Repeat("deep/", 30))
	require.NoError(t, os.MkdirAll(deep, 0o700))
	written, err := os.ReadFile(s.config)
	require.NoError(t, err)
	s.write(t, string(written)+"database: "+filepath.Join(deep, "sonde.db")+"\n")
	s.serve(t)
	code, _, stderr := s.answered(t, "silence", "checkout", "--for", "1h")
	require.Zero(t, code, stderr)
}

func TestAnotherUserIsNotObeyed(t *testing.T) {
	if os.Geteuid() != 0 { // then there is no other user to be, and the socket's mode is all there is
		require.Equal(t, exitStorage, orderCode(os.ErrPermission))
		return
	}
	s := newScene(t)
	s.serve(t)
	require.NoError(t, os.Chmod(filepath.Join(s.folder, "sonde.db.sock"), 0o666), "even if its mode lets everybody in")
	for folder := s.folder; folder != "/" && folder != os.TempDir(); folder = filepath.Dir(folder) {
		require.NoError(t, os.Chmod(folder, 0o755))
	}
	cmd := exec.Command(os.Args[0], "silence", "checkout", "--for", "1h", "--db", filepath.Join(s.folder, "sonde.db"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	cmd.Env = append(os.Environ(), asSonde+"=yes")
	said, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		require.ErrorIs(t, err, unix.EACCES, "the program itself lies where others may not look")
		return
	}
	require.Equal(t, exitStorage, cmd.ProcessState.ExitCode())
	require.Contains(t, string(said), "the service obeys its own user and root only")
}

// FuzzControl gives the socket's handler whatever may come: it answers, changes nothing, and
// does not fall over.
func FuzzControl(f *testing.F) {
	for _, body := range []string{"", "{}", `{"run":"x"}`, `{"command":null}`, `{"run":"a","command":{"Kind":"ack"}}`, `{"command":{"Kind":"nonsense"}}`, `[]`, `{"run":`} {
		f.Add("POST", body)
	}
	f.Add("GET", "")
	f.Add("POST", `{"command":{"Kind":"ack"}}{}`)
	c := &control{answers: &answers{running: make(chan struct{}, 1)}}
	f.Fuzz(func(t *testing.T, method, body string) {
		if in := (request{}); json.Unmarshal([]byte(body), &in) == nil && (in.Command != nil || in.Outbox != nil) {
			return // it would go on to the recorder, which has tests of its own
		}
		r, err := http.NewRequest(method, "http://sonde/", strings.NewReader(body))
		if err != nil {
			return
		}
		status, out := c.serve(r)
		require.GreaterOrEqual(t, status, 200)
		require.NotEmpty(t, out.Error)
		w := httptest.NewRecorder()
		c.answer(w, r)
		require.Equal(t, http.StatusForbidden, w.Code, "nobody knows who asks")
	})
}
