package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	// uncompacted is what a service may find at the most that was stopped just before a
	// quarter of an hour was over, and was not started again for another.
	uncompacted = 31 * time.Minute

	// A service begins to compact a minute after its start.
	beforeCompaction = 58 * time.Second
	amidCompaction   = 64 * time.Second
	patience         = 2 * time.Minute // with it
)

// about says what fill has put into the database.
func about(days int) string {
	return fmt.Sprintf("%d days of a result every 6 h, and %s at the full rate that are not compacted", days, short(uncompacted))
}

func short(d time.Duration) string { return strings.TrimSuffix(d.String(), "0s") }

// fill makes the database of a service with days behind it, see bench/store.
func (l *lab) fill(ctx context.Context, p plan, at *place) error {
	began := time.Now()
	_, err := l.store(ctx, "-make", at.database(),
		"-probes", fmt.Sprint(p.probes), "-interval", p.interval.String(), "-month", fmt.Sprint(p.days), "-for", uncompacted.String())
	if err != nil {
		return fmt.Errorf("fill the database: %w", err)
	}
	fmt.Printf("filled a database in %.0f s: %s, %.0f MB\n", time.Since(began).Seconds(), about(p.days), megabytes(at.size()))
	return nil
}

// store runs bench/store.
func (l *lab) store(ctx context.Context, args ...string) (string, error) {
	binary := filepath.Join(l.folder, "store")
	if err := build(ctx, binary, "sonde/bench/store"); err != nil {
		return "", err
	}
	var stderr strings.Builder
	command := exec.CommandContext(ctx, binary, args...)
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
}

// past is what a service with days behind it shows beside what all show.
type past struct {
	changed  time.Duration // to the first request after the configuration changed
	killed   time.Duration // and after a kill
	starting int64         // peak of memory until it begins to compact, in bytes
	peak     int64         // and while it compacts
	left     string        // what was not compacted by then
}

// settle starts and stops a service once, so that what the configuration changes is
// settled.
func (l *lab) settle(ctx context.Context, t *target, at *place) (*past, error) {
	first, err := l.startOnce(ctx, t, at)
	return &past{changed: first}, err
}

// startOnce starts a service, waits for its first request and a second more, and stops
// it.
func (l *lab) startOnce(ctx context.Context, t *target, at *place) (first time.Duration, err error) {
	if err := t.calm(ctx); err != nil {
		return 0, err
	}
	child, err := l.serve(ctx, at)
	if err != nil {
		return 0, err
	}
	defer child.stop()
	if first, _, err = warm(ctx, plan{probes: 1, interval: 10 * time.Second}, child, t); err != nil {
		return 0, err
	}
	return first, sleep(ctx, time.Second)
}

// compact waits until a service has compacted what it found, which is when it is as calm
// as before, and notes what memory that took.
func (o *past) compact(ctx context.Context, child *process) error {
	if err := sleep(ctx, time.Until(child.began.Add(beforeCompaction-calmFor))); err != nil {
		return err
	}
	usual, err := busyFor(ctx, child)
	if err != nil {
		return err
	}
	before, err := child.use()
	if err != nil {
		return err
	}
	o.starting = before.peak
	if err := child.forgetPeak(); err != nil {
		return err
	}
	if err := sleep(ctx, time.Until(child.began.Add(amidCompaction))); err != nil {
		return err
	}
	for busy := 2 * usual; busy > usual+usual/3 && time.Since(child.began) < patience; {
		if busy, err = busyFor(ctx, child); err != nil {
			return err
		}
	}
	after, err := child.use()
	if err != nil {
		return err
	}
	o.peak = after.peak
	return child.forgetPeak()
}

// calmFor is how long it takes to say how busy a process is.
const calmFor = 3 * time.Second

// busyFor is the processor time that a process uses within calmFor.
func busyFor(ctx context.Context, child *process) (time.Duration, error) {
	before, err := child.use()
	if err != nil {
		return 0, err
	}
	if err := sleep(ctx, calmFor); err != nil {
		return 0, err
	}
	after, err := child.use()
	return after.cpu - before.cpu, err
}

// restart looks what the service after one that was killed makes of that.
func (o *past) restart(ctx context.Context, l *lab, t *target, at *place) (err error) {
	if o.killed, err = l.startOnce(ctx, t, at); err != nil {
		return err
	}
	if o.left, err = l.store(ctx, "-left", at.database()); err != nil {
		return err
	}
	fmt.Printf("first request after the configuration changed %.0f ms, after a kill %.0f ms; peak of memory until the log is compacted %.0f MB, meanwhile %.0f MB; not compacted: %s\n",
		milliseconds(o.changed), milliseconds(o.killed), megabytes(o.starting), megabytes(o.peak), o.left)
	return nil
}
