//go:build faults

package main

import (
	"bytes"
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

// Every tenth call of a kind on the database's files fails. The verdicts stay right, no
// outage is lost, and the service goes on or ends with 74, for systemd to start it again.
// Afterwards the database is sound and holds all that anybody had seen.
func TestADiskThatFailsNowAndThenLosesNothing(t *testing.T) {
	t.Parallel()
	// strace counts by thread. Where calls are many, those of the start are let through. A
	// commit of many results is dozens of writes: were every tenth refused, none would ever end.
	for name, inject := range map[string]string{
		"a sync that fails":             "fsync,fdatasync:error=EIO:when=10+10",
		"a write that fails":            "pwrite64:error=EIO:when=100+47",
		"a write for which no space is": "pwrite64:error=ENOSPC:when=100+61",
		"a truncation that fails":       "ftruncate:error=EIO:when=1+1",
		"no descriptors left to open":   "open,openat:error=EMFILE:when=5+2",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLoad(t, 100)
			l.begin(t)
			l.injure(t, inject)
		})
	}
}

// A disk that never works again is no matter of opening the database again and again: the
// third time the service ends, for systemd to start it afresh.
func TestADiskThatFailsForGoodEndsTheServiceWithItsCode(t *testing.T) {
	t.Parallel()
	l := newLoad(t, 20)
	l.begin(t)
	p := l.serve(t)
	l.injureRunning(t, p, "fsync,fdatasync:error=EIO")
	l.eventually(t, "storing fails", func() bool {
		_, health := l.read("/healthz")
		return strings.HasPrefix(health, "degraded: storage is failing")
	})
	l.requireStorage(t, func(args ...string) string {
		_, stdout, _ := sonde(t, append(args, "-c", l.config)...)
		return stdout
	}, report.StorageFailing)
	select {
	case <-p.ended:
	case <-time.After(2 * time.Minute):
		require.Fail(t, "the service goes on")
	}
	require.Equal(t, exitStorage, p.cmd.ProcessState.ExitCode(), p.output.String())
	require.Contains(t, p.output.String(), "cannot be used any more: it had to be opened again 3 times within 10m0s")
	require.Positive(t, l.injected(t))
	p = l.serve(t)
	l.recover(t)
	require.Equal(t, 0, p.end(syscall.SIGTERM))
	l.judge(t)
	l.sound(t)
}

// begin makes the database, on a disk that is well.
func (l *load) begin(t *testing.T) {
	p := l.serve(t)
	l.eventually(t, "every probe has been asked", func() bool { status, _ := l.report(t); return status.Summary.Up == l.probes })
	l.see(t)
	require.Equal(t, 0, p.end(syscall.SIGTERM))
}

// injure runs the service with faults, through an outage, starts it again when it ends with 74 or
// when no call has failed, and in the end without faults.
func (l *load) injure(t *testing.T, inject string) {
	t.Helper()
	restarts, down, injected := 0, false, 0
	p, started := l.serveInjured(t, inject), time.Now()
	again := func() {
		restarts++
		injected += l.injected(t)
		p, started = l.serveInjured(t, inject), time.Now()
		l.ready(p, 20*time.Second) // or it has ended: before that, a signal may come too early for it
	}
	// Which thread makes a call, and so when its turn comes to fail, is left to chance.
	undecided := func() bool { return !down || injected+l.injected(t) == 0 }
	for began := time.Now(); time.Since(began) < 12*time.Second || undecided() && time.Since(began) < time.Minute; <-time.After(400 * time.Millisecond) {
		select {
		case <-p.ended:
			require.Equal(t, exitStorage, p.cmd.ProcessState.ExitCode(), p.output.String())
			again()
		default:
			l.see(t)
		}
		if l.up.Load() && time.Since(began) > 3*time.Second && !down {
			l.up.Store(false)
		}
		if status, _ := l.report(t); status.Summary.Down == shakyProbes {
			down = true
			l.up.Store(true)
		}
		// Some calls are made at the start or at the end only. The next one shares them out anew.
		if down && undecided() && time.Since(began) > 12*time.Second && time.Since(started) > 4*time.Second {
			require.Contains(t, []int{0, exitStorage}, p.end(syscall.SIGTERM), p.output.String())
			again()
		}
	}
	code := p.end(syscall.SIGTERM)
	require.Contains(t, []int{0, exitStorage}, code, p.output.String())
	injected += l.injected(t)
	require.Positive(t, injected, "no call has failed")
	require.True(t, down, "the outage was not seen")
	t.Logf("%s: %d calls failed; %d restarts, ended with %d", inject, injected, restarts, code)

	p = l.serve(t)
	l.recover(t)
	l.see(t)
	require.Equal(t, 0, p.end(syscall.SIGTERM))
	l.judge(t)
	l.judgeAlerts(t)
	l.sound(t)
}

// injected is how many calls of the service that has ended were made to fail.
func (l *load) injected(t *testing.T) int {
	trace, err := os.ReadFile(filepath.Join(l.folder, "trace"))
	require.NoError(t, err)
	return strings.Count(string(trace), "(INJECTED)")
}

// serveInjured starts the service with faults injected into its calls on the files of the
// database.
func (l *load) serveInjured(t *testing.T, inject string) *process {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	// -D: the program itself is the child, so that signals and exit codes are its own.
	strace := l.strace(t, inject, "-D", binary, "serve", "-c", l.config)
	return beginCommand(t, []string{"SLACK_TOKEN=" + fakeslack.Token}, strace)
}

// injureRunning makes every call of a running service on the files of the database fail,
// from now on: a count would be kept by thread, and a thread that is new would have luck.
func (l *load) injureRunning(t *testing.T, p *process, inject string) {
	t.Helper()
	strace := l.strace(t, inject, "-p", strconv.Itoa(p.cmd.Process.Pid))
	var said bytes.Buffer
	strace.Stderr = &said
	require.NoError(t, strace.Start())
	t.Cleanup(func() { // it ends with the service
		p.kill()
		_ = strace.Wait()
		if t.Failed() {
			t.Log("strace (who is not root needs kernel.yama.ptrace_scope=0):", said.String())
		}
	})
}

// strace is the command that makes calls on the files of the database fail.
func (l *load) strace(t *testing.T, inject string, of ...string) *exec.Cmd {
	t.Helper()
	strace, err := exec.LookPath("strace")
	require.NoError(t, err, "this test needs strace: apt-get install strace")
	calls, _, _ := strings.Cut(inject, ":")
	args := []string{"-f", "-qq", "-o", filepath.Join(l.folder, "trace"), "-e", "trace=" + calls, "-e", "signal=none", "-e", "inject=" + inject}
	for _, suffix := range []string{"", "-wal", "-journal"} {
		args = append(args, "-P", l.database()+suffix)
	}
	return exec.Command(strace, append(args, of...)...)
}
