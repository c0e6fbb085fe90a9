package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"sonde/store"
)

const (
	seldom    = 6 * time.Hour                                   // interval during the month
	failing   = 0.002                                           // of slots at full rate
	often     = streakLength * float64(seldom) / float64(5*day) // of slots during the month: a streak in five days
	rateBatch = 250
)

// fleet is the database of many probes.
type fleet struct {
	*order
	path   string
	w      *writer
	probes []store.Probe
}

func (o *order) measureFleet(ctx context.Context, path string) (tables []*table, err error) {
	f := &fleet{order: o, path: path}
	for _, name := range names(o.probes) {
		f.probes = append(f.probes, watched(name, seldom, 30*day))
	}
	c := newCrowd()
	if f.w, err = history(ctx, path, t0, c, f.probes); err != nil {
		return nil, err
	}
	defer func() {
		if f.w.store != nil {
			err = errors.Join(err, f.w.store.Close())
		}
	}()
	c.add(f.probes, t0, often)
	progress("fleet: %d probes, %d days", o.probes, o.month)
	start := t0.Add(time.Duration(o.month) * day)
	if err := f.w.run(ctx, start); err != nil {
		return nil, err
	}
	for _, measure := range []func(context.Context) (*table, error){f.fullRate, f.starting, f.crowded} {
		t, err := measure(ctx)
		if err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	return tables, nil
}

func progress(format string, args ...any) {
	_, _ = fmt.Fprintf(os.Stderr, time.Now().UTC().Format("15:04:05 ")+format+"\n", args...)
}

// fullRate has every probe ask at its interval from now on, and measures what that costs.
func (f *fleet) fullRate(ctx context.Context) (*table, error) {
	start := t0.Add(time.Duration(f.month) * day)
	w := f.w
	if err := w.hasten(ctx, f.probes, start, f.interval); err != nil {
		return nil, err
	}
	w.compact, w.upkeep = 15*time.Minute, 15*time.Minute
	made := f.makingUp(start)
	progress("fleet: %d probes every %s for %s", len(f.probes), short(f.interval), short(f.length))
	before, err := written()
	if err != nil {
		return nil, err
	}
	if err := w.run(ctx, start.Add(f.length)); err != nil {
		return nil, err
	}
	after, err := written()
	if err != nil {
		return nil, err
	}
	return f.costs(made, after-before), nil
}

// makingUp is the processor time that it takes to make up a result.
func (f *fleet) makingUp(start time.Time) time.Duration {
	const n = 100_000
	c := newCrowd()
	c.add(f.probes, start, failing)
	before := cpu()
	for range n {
		c.next(start.Add(365 * day))
	}
	return (cpu() - before) / n
}

func (f *fleet) costs(made time.Duration, bytes int64) *table {
	c := &f.w.cost
	t := &table{about: fmt.Sprintf("Writing: %d probes every %s for %s of simulated time, at full speed, behind %d days of every %s with a streak of failures in five days", len(f.probes), short(f.interval), short(f.length), f.month, short(seldom))}
	n := float64(c.results)
	net := max(0, c.took-time.Duration(c.results)*made)
	t.add("results", "%d in %d commits", c.results, len(c.commits))
	t.add("committed", "%.0f results/s", n/net.Seconds())
	t.add("CPU per result", "%.2f us (and %.2f us to make it up, not counted)", float64((c.cpu-time.Duration(c.results)*made).Nanoseconds())/n/1000, float64(made.Nanoseconds())/1000)
	t.add("commit p50; p99; longest", "%.2f; %.2f; %.2f ms", ms(quantile(c.commits, 0.5)), ms(quantile(c.commits, 0.99)), ms(quantile(c.commits, 1)))
	by := c.written
	t.add("written per result", "%.1f bytes (%.1f by commits, %.1f by those with a checkpoint of the states, %.1f by compaction, %.1f by forgetting and tidying)",
		float64(bytes)/n, float64(by.commits)/n, float64(by.checkpoints)/n, float64(by.compaction)/n, float64(by.forgetting)/n)
	t.add("compaction", "%.0f results/s (%d in %.1f s), writer held %.1f ms at most, %d segments damaged", rate(c.compacted, c.compacting), c.compacted, c.compacting.Seconds(), ms(c.longest), c.damaged)
	t.add("forgetting and tidying", "%.1f s", c.forgetting.Seconds())
	if each, ok := c.perResult(); ok {
		t.add("on disk per result, with phases", "%.2f bytes", each)
	} else {
		t.add("on disk per result, with phases", "not measured: less than two compactions")
	}
	t.add("database", "%.0f MB", megabytes(sizeOf(f.path)))
	return t
}

func rate(n int64, took time.Duration) float64 {
	if took == 0 {
		return 0
	}
	return float64(n) / took.Seconds()
}
