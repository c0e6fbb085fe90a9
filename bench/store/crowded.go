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
const rounds = 15

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
	return t, f.looking(ctx, t)
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

// beside is what goes on while commits are measured.
type beside struct {
	what    string
	every   time.Duration // that each reader looks
	compact bool
}

// asFastAsTheyCan is how often readers look that do nothing else.
const asFastAsTheyCan = time.Nanosecond

// crowded measures commits at the rate of real time, without readers, with many who look
// as people do, and with many who do nothing else; and while a quarter of an hour is
// compacted.
func (f *fleet) crowded(ctx context.Context) (t *table, err error) {
	start := t0.Add(time.Duration(f.month)*day + f.length)
	f.w.cost = cost{}
	if err := f.w.commit(ctx, start.Add(time.Second)); err != nil {
		return nil, err
	}
	progress("fleet: %d readers", f.readers)
	crowd, err := startReaders(ctx, f.readers, f.path, start)
	defer func() { err = errors.Join(err, crowd.end()) }()
	if err != nil {
		return nil, err
	}
	t = &table{about: fmt.Sprintf("Reading beside the writer at its real pace, %s each: %d processes, each with a look at %d probes behind it", short(f.reading), f.readers, len(f.probes))}
	many := fmt.Sprintf("%d readers", f.readers)
	from := start.Add(time.Second)
	for _, b := range []beside{
		{"nobody reads", never, false},
		{"nobody reads, a quarter of an hour is compacted", never, true},
		{many + ", each looks once a second", time.Second, false},
		{many + ", each looks again and again", asFastAsTheyCan, false},
	} {
		if err := f.commitBeside(ctx, t, crowd, b, from); err != nil {
			return nil, err
		}
		from = from.Add(f.reading)
	}
	return t, nil
}

const never = 365 * day

func (f *fleet) commitBeside(ctx context.Context, t *table, crowd readers, b beside, from time.Time) error {
	progress("fleet: %s", b.what)
	w := f.w
	w.cost = cost{}
	if _, err := crowd.look(b.every); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var aside sync.WaitGroup
	var wal atomic.Int64
	errs := make(chan error, 2)
	var compaction store.Compaction
	aside.Go(func() { errs <- watchSize(ctx, f.path+"-wal", &wal) })
	if b.compact {
		aside.Go(func() {
			done, err := w.store.Compact(ctx, from)
			compaction = done
			if ctx.Err() != nil {
				err = nil // it had not ended, and what it did counts
			}
			errs <- err
		})
	}
	began := time.Now()
	err := w.pace(ctx, from, f.reading)
	took := time.Since(began)
	cancel()
	aside.Wait()
	close(errs)
	for each := range errs {
		err = errors.Join(err, each)
	}
	if err != nil {
		return err
	}
	looks, err := crowd.look(never)
	if err != nil {
		return err
	}
	c := &w.cost
	what := fmt.Sprintf("commit p50 %.2f, p99 %.2f, longest %.2f ms (%d at %.0f results/s)", ms(quantile(c.commits, 0.5)), ms(quantile(c.commits, 0.99)), ms(quantile(c.commits, 1)),
		len(c.commits), float64(c.results)/took.Seconds())
	if looks > 0 {
		what += fmt.Sprintf(", %.0f looks/s", float64(looks)/took.Seconds())
	}
	if b.compact {
		what += fmt.Sprintf(", %d results compacted, writer held %.1f ms at most", compaction.Results, ms(compaction.Longest))
	}
	t.add(b.what, "%s, write-ahead log %.1f MB at most", what, megabytes(wal.Load()))
	return nil
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
