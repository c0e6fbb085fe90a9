package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"sonde/store"
)

// rounds is how often a question is asked, for the median.
const rounds = 5

// starting measures what a start reads, and what somebody who looks for the first time.
func (f *fleet) starting(ctx context.Context) (*table, error) {
	t := &table{about: fmt.Sprintf("Starting: %d probes with %d days of history, the last minute to be replayed at most", len(f.probes), f.month)}
	err := f.w.store.Close()
	f.w.store = nil
	if err != nil {
		return nil, err
	}
	progress("fleet: start")
	start, err := times(3, func() error { return f.open(ctx) })
	if err != nil {
		return nil, err
	}
	t.add("Open and Load", "%.0f ms", ms(start))
	first, err := times(rounds, func() error { _, err := firstLook(ctx, f.path, f.w.at); return err })
	if err != nil {
		return nil, err
	}
	t.add(fmt.Sprintf("reading %d states: first Snapshot of a fresh reader", len(f.probes)), "%.0f ms", ms(first))
	return t, nil
}

// open opens the database anew and goes on from its end.
func (f *fleet) open(ctx context.Context) error {
	if f.w.store != nil {
		if err := f.w.store.Close(); err != nil {
			return err
		}
		f.w.store = nil
	}
	s, err := store.Open(ctx, f.path, "bench", "")
	if err != nil {
		return err
	}
	f.w.store = s
	_, f.w.memory, err = s.Load(ctx)
	return err
}

func firstLook(ctx context.Context, path string, now time.Time) (*store.Snapshot, error) {
	r, err := store.OpenReader(ctx, path)
	if err != nil {
		return nil, err
	}
	snapshot, err := r.Snapshot(ctx, now)
	return snapshot, errors.Join(err, r.Close())
}

// crowded measures commits at the rate of real time while many read and a quarter of an
// hour is compacted.
func (f *fleet) crowded(ctx context.Context) (*table, error) {
	progress("fleet: %d readers for %s", f.readers, short(f.reading))
	w := f.w
	w.cost = cost{}
	start := t0.Add(time.Duration(f.month)*day + f.length)
	if err := w.commit(ctx, start.Add(time.Second)); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var crowd sync.WaitGroup
	errs := make(chan error, f.readers+2)
	var looks, wal atomic.Int64
	for range f.readers {
		crowd.Go(func() { errs <- readOn(ctx, f.path, start, &looks) })
	}
	crowd.Go(func() { errs <- watchSize(ctx, f.path+"-wal", &wal) })
	var compaction store.Compaction
	crowd.Go(func() {
		done, err := w.store.Compact(ctx, start)
		compaction = done
		if ctx.Err() != nil {
			err = nil // it had not ended, and what it did counts
		}
		errs <- err
	})
	began := time.Now()
	err := w.pace(ctx, start, f.reading)
	took := time.Since(began)
	cancel()
	crowd.Wait()
	close(errs)
	for each := range errs {
		err = errors.Join(err, each)
	}
	t := &table{about: fmt.Sprintf("%d parallel readers beside the writer at its real pace, and a compaction, for %s", f.readers, short(f.reading))}
	c := &w.cost
	t.add("commit p50; p99; longest", "%.2f; %.2f; %.2f ms (%d commits)", ms(quantile(c.commits, 0.5)), ms(quantile(c.commits, 0.99)), ms(quantile(c.commits, 1)), len(c.commits))
	t.add("committed", "%.0f results/s", float64(c.results)/took.Seconds())
	t.add("snapshots", "%.1f/s of %d probes each", float64(looks.Load())/took.Seconds(), len(f.probes))
	t.add("write-ahead log", "%.1f MB at most", megabytes(wal.Load()))
	t.add("compacted meanwhile", "%d results, writer held %.1f ms at most", compaction.Results, ms(compaction.Longest))
	return t, err
}

// pace commits in simulated time as real time passes.
func (w *writer) pace(ctx context.Context, start time.Time, length time.Duration) error {
	const step = 250 * time.Millisecond
	tick := time.NewTicker(step)
	defer tick.Stop()
	for passed := step; passed <= length; passed += step {
		if err := w.fill(ctx, start.Add(passed)); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// readOn looks at everything again and again until ctx ends.
func readOn(ctx context.Context, path string, now time.Time, looks *atomic.Int64) error {
	r, err := store.OpenReader(ctx, path)
	if err != nil {
		return err
	}
	for err == nil && ctx.Err() == nil {
		if _, err = r.Snapshot(ctx, now); err == nil {
			looks.Add(1)
		}
	}
	if ctx.Err() != nil {
		err = nil // a query that is cut short has errors of many kinds
	}
	return errors.Join(err, r.Close())
}

// watchSize notes the largest size that a file has until ctx ends.
func watchSize(ctx context.Context, path string, largest *atomic.Int64) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		largest.Store(max(largest.Load(), sizeOf(path)))
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
