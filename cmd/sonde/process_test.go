package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/notify/slack/fakeslack"
	"sonde/report"
)

// process is the real program, in a process of its own.
type process struct {
	cmd    *exec.Cmd
	output *transcript
	ended  chan struct{}
	once   sync.Once
}

// transcript is what a program printed so far. It may be read while the program prints.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// begin starts the program. What it prints is shown when the test fails.
func begin(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	return beginCommand(t, env, exec.Command(os.Args[0], args...))
}

// beginCommand starts a command that becomes the program.
func beginCommand(t *testing.T, env []string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, output: &transcript{}, ended: make(chan struct{})}
	p.cmd.Env = append(append(os.Environ(), asSonde+"=yes"), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("output of %v:\n%s", cmd.Args, p.output)
		}
	})
	return p
}

// kill ends the program without a warning.
func (p *process) kill() { p.end(syscall.SIGKILL) }

// end sends a signal and waits for the program's end.
func (p *process) end(signal syscall.Signal) int {
	p.once.Do(func() { _ = p.cmd.Process.Signal(signal) })
	<-p.ended
	return p.cmd.ProcessState.ExitCode()
}

// scene is a target whose answers a test chooses, a Slack, and a configuration.
type scene struct {
	slack  *fakeslack.Server
	status atomic.Int64 // that the target answers with
	asked  atomic.Int64 // requests to the target
	config string
	folder string
	listen string
}

func newScene(t *testing.T) *scene {
	s := &scene{folder: t.TempDir()}
	s.status.Store(http.StatusOK)
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.asked.Add(1)
		w.WriteHeader(int(s.status.Load()))
	}))
	t.Cleanup(target.Close)
	var err error
	s.slack, err = fakeslack.Start()
	require.NoError(t, err)
	t.Cleanup(s.slack.Close)
	s.listen = freeAddress(t)
	s.config = filepath.Join(s.folder, "sonde.yaml")
	s.write(t, fmt.Sprintf(`
listen: %s
destinations:
  ops: {slack: {token: "${env:SLACK_TOKEN}", channel: C0OPS, api_url: %q}}
defaults:
  interval: 1s
  notify: [ops]
  alert: {down_after: 2s, auth_after: 2s, recheck_every: 1s, resolve_after: 1s}
probes:
  - {name: checkout, url: %q}
`, s.listen, s.slack.URL(), target.URL))
	return s
}

func (s *scene) write(t *testing.T, config string) {
	t.Helper()
	require.NoError(t, os.WriteFile(s.config, []byte(config), 0o600))
}

// serve starts the service of the scene, with more in its environment, and waits until it is ready.
func (s *scene) serve(t *testing.T, env ...string) *process {
	t.Helper()
	p := begin(t, append(env, "SLACK_TOKEN="+fakeslack.Token), "serve", "-c", s.config)
	s.eventually(t, "the service is ready", func() bool {
		response, err := http.Get("http://" + s.listen + "/readyz")
		if err != nil {
			return false
		}
		defer func() { _ = response.Body.Close() }()
		return response.StatusCode == http.StatusOK
	})
	return p
}

func (s *scene) eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	require.Eventually(t, is, 30*time.Second, 50*time.Millisecond, what)
}

// report reads the status as a script would.
func (s *scene) report(t *testing.T) (report.Status, int) {
	t.Helper()
	code, stdout, stderr := sonde(t, "status", "--json", "-c", s.config)
	var status report.Status
	require.NoError(t, json.Unmarshal([]byte(stdout), &status), stderr)
	return status, code
}

// read asks the running service.
func (s *scene) read(path string) (int, string) {
	response, err := http.Get("http://" + s.listen + path)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(body)
}

// told returns the messages of Slack's channel: those of their own, and replies.
func (s *scene) told() (roots, replies []fakeslack.Message) {
	for _, m := range s.slack.Messages() {
		if m.ThreadTS == "" {
			roots = append(roots, m)
		} else {
			replies = append(replies, m)
		}
	}
	return roots, replies
}

// lastPort is the port that freeAddress looked at last.
var lastPort atomic.Uint32

func init() { lastPort.Store(10_000 + rand.Uint32N(12_000)) }

// freeAddress is an address of the loopback at which nobody listens. Its port is none that the
// system gives away to who asks for any: between this and the start of the program, or while it is
// started anew, a test beside this one could get it.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", lastPort.Add(1))
		if listener, err := net.Listen("tcp", address); err == nil {
			require.NoError(t, listener.Close())
			return address
		}
	}
	require.Fail(t, "no port is free")
	return ""
}
