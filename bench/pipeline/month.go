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

	// compacting is how long after its start a service has compacted what it found. It
	// begins after a minute.
	compacting = 80 * time.Second
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
	changed    time.Duration // to the first request after the configuration changed
	killed     time.Duration // and after a kill
	compacting int64         // peak of memory meanwhile, in bytes
	left       string        // what was not compacted by then
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
	if err := t.reset(ctx); err != nil {
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

// compact waits until a service has compacted what it found, and notes what memory that
// took.
func (o *past) compact(ctx context.Context, child *process) error {
	if err := child.forgetPeak(); err != nil {
		return err
	}
	if err := sleep(ctx, time.Until(child.began.Add(compacting))); err != nil {
		return err
	}
	used, err := child.use()
	o.compacting = used.peak
	return err
}

// restart looks what the service after one that was killed makes of that.
func (o *past) restart(ctx context.Context, l *lab, t *target, at *place) (err error) {
	if o.killed, err = l.startOnce(ctx, t, at); err != nil {
		return err
	}
	if o.left, err = l.store(ctx, "-left", at.database()); err != nil {
		return err
	}
	fmt.Printf("first request after the configuration changed %.0f ms, after a kill %.0f ms; peak while compacting %.0f MB; not compacted: %s\n",
		milliseconds(o.changed), milliseconds(o.killed), megabytes(o.compacting), o.left)
	return nil
}
