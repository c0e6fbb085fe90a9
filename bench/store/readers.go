package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime/debug"
	"time"

	"sonde/store"
)

// Readers are processes of their own, as people's are: this program again, which finds in
// its environment what to look at, as of when, and whether only once.
const (
	readPath = "SONDE_BENCH_READ"
	readNow  = "SONDE_BENCH_NOW"
	readOnce = "SONDE_BENCH_ONCE"
)

// readIfAsked is what a reader does instead of all else. It looks once, and then as often
// as each line says that it is sent, until the next. It answers the first look, and each
// line, with how often it has looked.
func readIfAsked(ctx context.Context) (asked bool, err error) {
	path := os.Getenv(readPath)
	if path == "" {
		return false, nil
	}
	now, err := time.Parse(time.RFC3339Nano, os.Getenv(readNow))
	if err != nil {
		return true, err
	}
	if err := store.GiveWay(); err != nil { // as the commands do that read
		return true, err
	}
	if os.Getenv(readOnce) != "" {
		debug.SetGCPercent(1200) // as they do, too
		before, start := cpu(), time.Now()
		_, err := firstLook(ctx, path, now)
		fmt.Println(time.Since(start).Microseconds(), (cpu() - before).Microseconds())
		return true, err
	}
	r, err := store.OpenReader(ctx, path)
	if err != nil {
		return true, err
	}
	return true, errors.Join(readOn(ctx, r, now), r.Close())
}

func readOn(ctx context.Context, r *store.Reader, now time.Time) error {
	if _, err := r.Snapshot(ctx, now); err != nil {
		return err
	}
	fmt.Println(1)
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			lines <- in.Text()
		}
	}()
	tick := time.NewTicker(365 * day)
	defer tick.Stop()
	for looks := 0; ; {
		select {
		case line, more := <-lines:
			if !more {
				return nil
			}
			fmt.Println(looks)
			every, err := time.ParseDuration(line)
			if err != nil {
				return err
			}
			time.Sleep(rand.N(min(every, time.Second))) // people do not look in step
			tick.Reset(every)
			looks = 0
		case <-tick.C:
			if _, err := r.Snapshot(ctx, now); err != nil {
				return err
			}
			looks++
		}
	}
}

// lookAlone has a process look once, as a command does, and then another: how long that takes, and
// the processor time.
func lookAlone(ctx context.Context, path string, now time.Time) (took, spent []time.Duration, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	for range rounds {
		cmd := exec.CommandContext(ctx, self)
		cmd.Env = append(os.Environ(), readPath+"="+path, readNow+"="+now.Format(time.RFC3339Nano), readOnce+"=1")
		cmd.Stderr = os.Stderr
		said, err := cmd.Output()
		if err != nil {
			return nil, nil, fmt.Errorf("a reader: %w", err)
		}
		var us, cpus int64
		if _, err := fmt.Sscan(string(said), &us, &cpus); err != nil {
			return nil, nil, fmt.Errorf("a reader says %q: %w", said, err)
		}
		took, spent = append(took, time.Duration(us)*time.Microsecond), append(spent, time.Duration(cpus)*time.Microsecond)
	}
	return took, spent, nil
}

// reader is such a process.
type reader struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

type readers []*reader

// startReaders starts so many, and returns when each has looked once.
func startReaders(ctx context.Context, n int, path string, now time.Time) (all readers, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	for range n {
		r := &reader{cmd: exec.CommandContext(ctx, self)}
		r.cmd.Env = append(os.Environ(), readPath+"="+path, readNow+"="+now.Format(time.RFC3339Nano))
		r.cmd.Stderr = os.Stderr
		if r.in, err = r.cmd.StdinPipe(); err != nil {
			return all, err
		}
		out, err := r.cmd.StdoutPipe()
		if err != nil {
			return all, err
		}
		r.out = bufio.NewReader(out)
		if err := r.cmd.Start(); err != nil {
			return all, err
		}
		all = append(all, r)
	}
	_, err = all.looks()
	return all, err
}

// look has all readers look as often as that from now on, and returns how often they have
// looked since the last time.
func (all readers) look(every time.Duration) (looks int, err error) {
	for _, r := range all {
		if _, err := fmt.Fprintln(r.in, every); err != nil {
			return 0, fmt.Errorf("a reader has ended: %w", err)
		}
	}
	return all.looks()
}

func (all readers) looks() (sum int, err error) {
	for _, r := range all {
		var looks int
		if _, err := fmt.Fscanln(r.out, &looks); err != nil {
			return 0, fmt.Errorf("a reader has ended: %w", err)
		}
		sum += looks
	}
	return sum, nil
}

func (all readers) end() error {
	var errs []error
	for _, r := range all {
		errs = append(errs, r.in.Close(), r.cmd.Wait())
	}
	return errors.Join(errs...)
}
