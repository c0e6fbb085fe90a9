//go:build faults

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/report"
)

// Fifty people, each with a reader of their own, ask for the status again and again beside
// a service under load; so do processes. Each gets an answer with the right exit code, and
// the write-ahead log, which a reader can keep from being emptied, stays small.
// audience reads the status again and again, and notes how long that takes.
type audience struct {
	probes int
	pause  time.Duration
	end    time.Time

	mu    sync.Mutex
	reads []time.Duration
}

// read asks until the end. Where the processor does not suffice for all of this, the target may
// answer too late; then a probe is degraded, and so is the code.
func (a *audience) read(t *testing.T, ask func() (code int, stdout []byte)) {
	for time.Now().Before(a.end) {
		began := time.Now()
		code, stdout := ask()
		took := time.Since(began)
		var status report.Status
		if err := json.Unmarshal(stdout, &status); err != nil || code != status.ExitCode() || code > 1 || len(status.Probes) != a.probes {
			t.Errorf("status exits with %d: %v, %.200s", code, err, stdout)
			return
		}
		a.mu.Lock()
		a.reads = append(a.reads, took)
		a.mu.Unlock()
		<-time.After(a.pause)
	}
}

func TestFiftyReadersBesideTheService(t *testing.T) {
	const (
		readers   = 50
		processes = 4
		pause     = 500 * time.Millisecond
		howLong   = 12 * time.Second
		mostWAL   = 64 << 20
	)
	l := newLoad(t, steadyProbes)
	p := l.serve(t)
	l.eventually(t, "every probe has been asked", func() bool { _, code := l.report(t); return code == exitOK })

	var wal int64
	end := time.Now().Add(howLong)
	var busy sync.WaitGroup
	seen := audience{probes: l.probes, pause: pause, end: end}
	read := func(ask func() (code int, stdout []byte)) { seen.read(t, ask) }
	for range readers {
		busy.Go(func() {
			read(func() (int, []byte) {
				code, stdout, _ := sonde(t, "status", "--json", "--db", l.database())
				return code, []byte(stdout)
			})
		})
	}
	for range processes {
		busy.Go(func() {
			read(func() (int, []byte) {
				cmd := exec.Command(os.Args[0], "status", "--json", "--db", l.database())
				cmd.Env = append(os.Environ(), asSonde+"=yes")
				stdout, _ := cmd.Output()
				return cmd.ProcessState.ExitCode(), stdout
			})
		})
	}
	for time.Now().Before(end) {
		if info, err := os.Stat(l.database() + "-wal"); err == nil {
			wal = max(wal, info.Size())
		}
		<-time.After(20 * time.Millisecond)
	}
	busy.Wait()
	require.Less(t, wal, int64(mostWAL))
	l.recover(t)
	require.Equal(t, 0, p.end(syscall.SIGTERM))
	l.sound(t)

	reads := seen.reads
	slices.Sort(reads)
	t.Logf("%d reads in %s: %s in the middle, %s at the 99th percentile; write-ahead log %d KiB at most",
		len(reads), howLong, reads[len(reads)/2], reads[len(reads)*99/100], wal>>10)
}
