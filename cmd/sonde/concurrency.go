package main

import "golang.org/x/sys/unix"

const (
	spareFiles  = 128 // for everything but probes: database, page, Slack, log
	filesPerRun = 2   // a connection, and a resolver's socket before it
	fewestRuns  = 16
)

// concurrency is how many runs may be under way at once: all probes, for they may all
// hang at the same time, as far as file descriptors last.
func concurrency(probes int) int {
	limit := unix.Rlimit{Cur: 1024}
	_ = unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) // Go has raised it as far as it may
	room := (int(min(limit.Cur, 1<<20)) - spareFiles) / filesPerRun
	return max(fewestRuns, min(probes, room))
}
