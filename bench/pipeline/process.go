package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a child of ours.
type process struct {
	cmd    *exec.Cmd
	began  time.Time
	listen string // where it answers; empty if it does not
	stdout *bufio.Reader
	stderr bytes.Buffer
}

// startSelf starts this program in another role.
func startSelf(ctx context.Context, env []string, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return start(ctx, env, self, args...)
}

func start(ctx context.Context, env []string, binary string, args ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, binary, args...)}
	p.cmd.Env = append(os.Environ(), env...)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stderr = &p.stderr
	p.stdout = bufio.NewReader(out)
	p.began = time.Now()
	return p, p.cmd.Start()
}

// line is the next line that the process prints.
func (p *process) line() (string, error) {
	s, err := p.stdout.ReadString('\n')
	return strings.TrimSpace(s), err
}

func (p *process) stop() { p.end(syscall.SIGTERM) }

// end sends a signal, waits for the end of the process, and returns all CPU time that it
// has used.
func (p *process) end(signal syscall.Signal) time.Duration {
	_ = p.cmd.Process.Signal(signal)
	_, _ = io.Copy(io.Discard, p.stdout)
	_ = p.cmd.Wait()
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// use is what the operating system says of a process (proc(5)).
type use struct {
	cpu     time.Duration
	rss     int64
	peak    int64
	written int64 // bytes given to write calls: files, pipes and sockets
	disk    int64 // bytes that the disk was given to write (none on a tmpfs)
}

// ticksPerSecond is USER_HZ, which is 100 on every Linux that Go runs on.
const ticksPerSecond = 100

// use adds the process's own words to the error, which is likely that it has ended.
func (p *process) use() (use, error) {
	u, err := readUse(fmt.Sprintf("/proc/%d/", p.cmd.Process.Pid))
	if err != nil {
		return u, fmt.Errorf("%w\n%s", err, p.stderr.String())
	}
	return u, nil
}

func readUse(folder string) (u use, err error) {
	stat, err := os.ReadFile(folder + "stat")
	if err != nil {
		return u, err
	}
	// The name, in parentheses, may hold anything; the fields follow it.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	const utime, stime = 11, 12
	if len(fields) <= stime {
		return u, fmt.Errorf("%sstat has %d fields", folder, len(fields))
	}
	u.cpu = time.Duration(number(fields[utime])+number(fields[stime])) * time.Second / ticksPerSecond
	for file, counts := range map[string]map[string]*int64{
		"io": {"wchar:": &u.written, "write_bytes:": &u.disk}, "status": {"VmRSS:": &u.rss, "VmHWM:": &u.peak},
	} {
		text, err := os.ReadFile(folder + file)
		if err != nil {
			return u, err
		}
		for line := range strings.Lines(string(text)) {
			words := strings.Fields(line)
			if into := counts[words[0]]; into != nil && len(words) > 1 {
				*into = number(words[1])
			}
		}
	}
	u.rss, u.peak = u.rss<<10, u.peak<<10 // they stand there in KiB
	return u, nil
}

// forgetPeak makes the peak of memory begin anew (proc(5), clear_refs).
func (p *process) forgetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0)
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}
