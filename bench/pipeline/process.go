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
	stdout *bufio.Reader
	stderr bytes.Buffer
}

// startSelf starts this program in another role.
func startSelf(ctx context.Context, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return start(ctx, self, args...)
}

func start(ctx context.Context, binary string, args ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, binary, args...)}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stderr = &p.stderr
	p.stdout = bufio.NewReader(out)
	return p, p.cmd.Start()
}

// line is the next line that the process prints.
func (p *process) line() (string, error) {
	s, err := p.stdout.ReadString('\n')
	return strings.TrimSpace(s), err
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_, _ = io.Copy(io.Discard, p.stdout)
	_ = p.cmd.Wait()
}

// usage is what the operating system says of a process (proc(5)).
type usage struct {
	cpu     time.Duration
	rss     int64
	written int64 // bytes given to write calls
}

// ticksPerSecond is USER_HZ, which is 100 on every Linux that Go runs on.
const ticksPerSecond = 100

func (p *process) usage() (u usage, err error) {
	folder := fmt.Sprintf("/proc/%d/", p.cmd.Process.Pid)
	stat, err := os.ReadFile(folder + "stat")
	if err != nil {
		return u, err
	}
	// The name, in parentheses, may hold anything; the fields follow it.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	const utime, stime, rss = 11, 12, 21
	if len(fields) <= rss {
		return u, fmt.Errorf("%sstat has %d fields", folder, len(fields))
	}
	u.cpu = time.Duration(number(fields[utime])+number(fields[stime])) * time.Second / ticksPerSecond
	u.rss = number(fields[rss]) * int64(os.Getpagesize())
	counts, err := os.ReadFile(folder + "io")
	if err != nil {
		return u, err
	}
	for line := range strings.Lines(string(counts)) {
		if value, ok := strings.CutPrefix(line, "wchar:"); ok {
			u.written = number(strings.TrimSpace(value))
		}
	}
	return u, nil
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}
