package main

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"time"
)

// cost is what one process used while it was watched, and what it did for it.
type cost struct {
	name   string
	cpu    time.Duration
	rss    int64 // bytes, at the end
	peak   int64
	sight  sight
	length time.Duration
	over   []time.Duration
	first  time.Duration // from exec to the first request
	every  time.Duration // and until every probe was asked

	// The service's alone.
	told    *told
	scraped int64 // resident bytes after its metrics were read
	written int64 // by write calls, to files and pipes: what the target was sent is not in it
	flushed int64 // to the disk
	disk    int64 // size of the database
	past    *past // nil without days behind it
}

// comparison is a service and the bare loop after it.
type comparison struct{ sonde, bare cost }

func (c comparison) ratio() float64 { return c.sonde.perThousand() / c.bare.perThousand() }

func (c cost) perThousand() float64 {
	return c.cpu.Seconds() / float64(max(1, c.sight.hits)) * 1000
}

// compare runs the two in turn and prints what they cost.
func compare(ctx context.Context, l *lab, p plan) (all []comparison, err error) {
	t, err := l.startTarget(ctx, p)
	if err != nil {
		return nil, err
	}
	defer t.stop()
	fmt.Printf("%d probes every %s (%.0f/s), %s, target answers after %s, %s each\n\n%s\n", p.probes, p.interval,
		p.rate(), map[bool]string{false: "plain", true: "TLS"}[p.tls], p.delay, p.length, header)
	for range p.rounds {
		var c comparison
		if c.sonde, err = measureService(ctx, l, p, t); err != nil {
			return nil, err
		}
		if c.bare, err = measureBare(ctx, l, p, t); err != nil {
			return nil, err
		}
		c.sonde.print(c.bare)
		c.bare.print(c.bare)
		all = append(all, c)
	}
	return all, nil
}

func measureService(ctx context.Context, l *lab, p plan, t *target) (c cost, err error) {
	at, err := l.place(ctx, p, t)
	if err != nil {
		return c, err
	}
	if p.days == 0 {
		return c, c.measureService(ctx, l, p, t, at)
	}
	before, err := l.settle(ctx, t, at)
	if err != nil {
		return c, err
	}
	c.past = before
	if err := c.measureService(ctx, l, p, t, at); err != nil {
		return c, err
	}
	return c, before.restart(ctx, l, t, at)
}

// measureService measures a service at a place, and kills it.
func (c *cost) measureService(ctx context.Context, l *lab, p plan, t *target, at *place) error {
	if err := t.calm(ctx); err != nil {
		return err
	}
	child, err := l.serve(ctx, at)
	if err != nil {
		return err
	}
	defer child.end(syscall.SIGKILL)
	if err := c.warmUp(ctx, p, child, t); err != nil {
		return err
	}
	if c.past != nil {
		if err := c.past.compact(ctx, child); err != nil {
			return err
		}
	}
	if err := c.watch(ctx, p, child, t); err != nil {
		return err
	}
	now := time.Now()
	if c.told, err = askService(ctx, child); err != nil {
		return err
	}
	after, err := child.use()
	if err != nil {
		return err
	}
	c.name, c.disk, c.scraped = "sonde", at.size(), after.rss
	return c.compareClocks(ctx, c.told.total, p, t, now)
}

func measureBare(ctx context.Context, l *lab, p plan, t *target) (c cost, err error) {
	if err := t.calm(ctx); err != nil {
		return c, err
	}
	child, err := l.startBare(ctx, p, t)
	if err != nil {
		return c, err
	}
	defer child.stop()
	if err := c.warmUp(ctx, p, child, t); err != nil {
		return c, err
	}
	if err := c.watch(ctx, p, child, t); err != nil {
		return c, err
	}
	now, measured := time.Now(), map[int]time.Duration{}
	if err := fetchJSON(ctx, child.listen, &measured); err != nil {
		return c, err
	}
	c.name = "bare"
	return c, c.compareClocks(ctx, measured, p, t, now)
}

func (c *cost) compareClocks(ctx context.Context, measured map[int]time.Duration, p plan, t *target, now time.Time) error {
	hits, err := t.hits(ctx)
	c.over = over(measured, hits, p.interval, now)
	return err
}

// warmUp waits until every probe has been asked, and has had a slot: then first runs are
// over.
func (c *cost) warmUp(ctx context.Context, p plan, child *process, t *target) (err error) {
	if c.first, c.every, err = warm(ctx, p, child, t); err != nil {
		return err
	}
	return sleep(ctx, time.Until(child.began.Add(c.first+p.interval+2*time.Second)))
}

// watch measures a process for the plan's length.
func (c *cost) watch(ctx context.Context, p plan, child *process, t *target) error {
	if err := t.reset(ctx); err != nil {
		return err
	}
	from := time.Now()
	before, err := child.use()
	if err != nil {
		return err
	}
	if err := sleep(ctx, p.length); err != nil {
		return err
	}
	to := time.Now()
	after, err := child.use()
	if err != nil {
		return err
	}
	seen, err := t.progress(ctx)
	if err != nil {
		return err
	}
	hits, err := t.hits(ctx)
	c.cpu, c.rss, c.peak = after.cpu-before.cpu, after.rss, after.peak
	c.written, c.flushed = after.written-before.written-seen.Received, after.disk-before.disk
	c.sight, c.length = see(hits, p.probes, p.interval, from, to), p.length
	return err
}

// warm waits until every probe has been asked, and says how long that and the first took.
func warm(ctx context.Context, p plan, child *process, t *target) (first, every time.Duration, err error) {
	patience := time.Now().Add(2*p.interval + 20*time.Second)
	for {
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return 0, 0, err
		}
		seen, err := t.progress(ctx)
		switch {
		case err != nil:
			return 0, 0, err
		case seen.Probes >= p.probes:
			return seen.First.Sub(child.began), time.Since(child.began), nil
		case time.Now().After(patience):
			child.stop()
			return 0, 0, fmt.Errorf("only %d of %d probes were asked within %s\n%s", seen.Probes, p.probes, time.Since(child.began), child.stderr.String())
		}
	}
}

var header = strings.Join([]string{"what ", "asked/s", "   kept", "CPU-s/1k", " ratio", "RSS MB", "peak", "scraped", "late p50/p99/max ms", "over p50/p99 ms", "first ms", "every s",
	"missed", "  commit p50/p99", "files B/result", "to disk", "database B/result"}, "  ")

func (c cost) print(bare cost) {
	line := fmt.Sprintf("%-5s  %7.0f  %6.2f%%  %8.3f  %6.2f  %6.0f  %4.0f  %7.0f  %19s  %15s  %8.0f  %7.1f", c.name,
		float64(c.sight.hits)/c.length.Seconds(), 100*c.sight.kept(), c.perThousand(), c.perThousand()/bare.perThousand(),
		megabytes(c.rss), megabytes(c.peak), megabytes(c.scraped), c.late(), c.overs(), milliseconds(c.first), c.every.Seconds())
	if s := c.told; s != nil {
		line += fmt.Sprintf("  %6.0f  %16s  %14.0f  %7.0f  %17.0f", s.missedSlots(), s.commits.both(), c.perResult(c.written), c.perResult(c.flushed), float64(c.disk)/max(1, s.results))
	}
	fmt.Println(line)
}

func (c cost) late() string {
	return fmt.Sprintf("%.1f / %.1f / %.0f", milliseconds(quantile(c.sight.gaps, 0.5)), milliseconds(quantile(c.sight.gaps, 0.99)), milliseconds(quantile(c.sight.gaps, 1)))
}

func (c cost) overs() string {
	return fmt.Sprintf("%.2f / %.2f", milliseconds(quantile(c.over, 0.5)), milliseconds(quantile(c.over, 0.99)))
}

func (c cost) perResult(bytes int64) float64 { return float64(bytes) / float64(max(1, c.sight.hits)) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func megabytes(n int64) float64 { return float64(n) / (1 << 20) }
