package store

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// The test binary is also the other process of the tests that need one.
const (
	childTask = "SONDE_STORE_TEST_TASK"
	childPath = "SONDE_STORE_TEST_PATH"
)

func TestMain(m *testing.M) {
	if task := os.Getenv(childTask); task != "" {
		child(task, os.Getenv(childPath))
		return
	}
	goleak.VerifyTestMain(m)
}

// times is how often something is tried: few times where the race detector makes each of
// them slow. What it looks for, it finds in the first.
func times(all, few int) int {
	if testing.Short() {
		return few
	}
	return all
}

// child does what another process is to do with a database, and says how it went.
func child(task, path string) {
	ctx := context.Background()
	var length int
	if _, err := fmt.Sscanf(task, "story %d", &length); err == nil {
		if err := live(ctx, path, length, strings.HasSuffix(task, "careless")); err != nil {
			fmt.Println(err)
		}
		return
	}
	switch task {
	case "hold":
		s, err := Open(ctx, path, "", "there")
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("open")
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = s.Close()
	case "migrate":
		fmt.Println(migrateAll(ctx, path))
	case "look":
		r, err := OpenReader(ctx, path)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer func() { _ = r.Close() }()
		s, err := r.Snapshot(ctx, time.Now())
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("uid %d: %d probes, running %t\n", os.Getuid(), len(s.Probes), s.Service.Running)
	case "look once":
		lookOnce(ctx, path)
	case "look on":
		lookOn(ctx, path)
	default:
		faultTasks[task](ctx, path)
	}
}

// lookOnce looks as a command does, and says how long that took and how much processor time,
// in microseconds.
func lookOnce(ctx context.Context, path string) {
	_ = GiveWay()
	began := time.Now()
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	r, err := OpenReader(ctx, path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = r.Close() }()
	if _, err := r.Snapshot(ctx, t0); err != nil {
		fmt.Println(err)
		return
	}
	took := time.Since(began)
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	spent := func(u *syscall.Rusage) int64 { return (u.Utime.Nano() + u.Stime.Nano()) / 1000 }
	fmt.Println(took.Microseconds(), spent(&after)-spent(&before))
}

// lookOn looks once, says so, and looks once a second from then on until its input ends.
func lookOn(ctx context.Context, path string) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	if err := GiveWay(); err != nil {
		fmt.Println(err)
		return
	}
	r, err := OpenReader(ctx, path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = r.Close() }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for looks := 0; ; looks++ {
		if _, err := r.Snapshot(ctx, t0); err != nil {
			return // it is to end, or whoever waits for the first look sees that it has
		}
		if looks == 0 {
			fmt.Println("looked")
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// faultTasks are those that need rights over the file system, see faults_test.go.
var faultTasks = map[string]func(ctx context.Context, path string){}

// process starts another process, as a user if one is given. It is told to end, and
// waited for, by calling end; the first line that it says is returned.
func process(t testing.TB, task, path string, as *syscall.Credential) (line string, pid int, end func()) {
	t.Helper()
	cmd := command(task, path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	hung := whereItHangs(cmd)
	line, err = readLine(t, out, bufio.NewReader(out))
	hung.Stop()
	require.NoError(t, err, "%s says nothing", task)
	return strings.TrimSpace(line), cmd.Process.Pid, func() {
		hung := whereItHangs(cmd)
		defer hung.Stop()
		require.NoError(t, in.Close())
		require.NoError(t, ended(t, cmd), "%s does not end well", task)
	}
}

// patience is how long another process may take for one thing.
const patience = 3 * time.Minute

// whereItHangs has a process that takes too long end and show where it hangs.
func whereItHangs(cmd *exec.Cmd) *time.Timer {
	return time.AfterFunc(patience, func() {
		fmt.Fprintf(os.Stderr, "process %d has not done within %s what it was to do; where it hangs:\n", cmd.Process.Pid, patience)
		_ = cmd.Process.Signal(syscall.SIGQUIT)
	})
}

// readLine reads the next line that a process says. A little after it should have shown
// where it hangs, nobody waits any more.
func readLine(t testing.TB, out io.Reader, lines *bufio.Reader) (string, error) {
	t.Helper()
	waitUntil(t, out, time.Now().Add(patience+30*time.Second))
	return lines.ReadString('\n')
}

// waitUntil bounds how long a pipe is read from.
func waitUntil(t testing.TB, out io.Reader, deadline time.Time) {
	t.Helper()
	pipe, ok := out.(*os.File)
	require.True(t, ok, "a pipe is a %T", out)
	require.NoError(t, pipe.SetReadDeadline(deadline))
}

// ended waits for the end of a process, but not for ever, and returns how it ended.
func ended(t testing.TB, cmd *exec.Cmd) (err error) {
	t.Helper()
	end := make(chan error, 1)
	go func() { end <- cmd.Wait() }()
	select {
	case err = <-end:
	case <-time.After(patience + 30*time.Second):
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		require.FailNow(t, "a process does not end", "process %d:\n%s", cmd.Process.Pid, status)
	}
	return err
}

// command is another process that does something with a database.
func command(task, path string) *exec.Cmd {
	// Not the path of the binary: another user may not be allowed to walk to it.
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), childTask+"="+task, childPath+"="+path)
	return cmd
}
