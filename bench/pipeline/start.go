package main

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// opening is how long a start took, of a service with some past.
type opening struct {
	past         string
	first, every time.Duration
	cpu          time.Duration // until the first request
	peak         int64         // of memory, until the end
}

const (
	monthDays   = 30
	uncompacted = 40 * time.Minute
	compacting  = 90 * time.Second // after its start a service has compacted what it found: it begins after 60 s
	monthPast   = "30 days of every 6h, then 40m at full rate not compacted"
)

// starts measures starts: with a new database, after a stop, and after a kill.
func starts(ctx context.Context, l *lab, p plan) ([]opening, error) {
	t, err := l.startTarget(ctx, p)
	if err != nil {
		return nil, err
	}
	defer t.stop()
	folder, listen, err := l.place(ctx, p, t)
	if err != nil {
		return nil, err
	}
	fmt.Printf("%d probes every %s\n\nstart         first ms  every s  CPU-s to first\n", p.probes, p.interval)
	var all []opening
	for _, s := range []struct {
		past string
		end  syscall.Signal
	}{{"new database", syscall.SIGTERM}, {"after a stop", syscall.SIGKILL}, {"after a kill", syscall.SIGTERM}} {
		o := opening{past: s.past}
		if err := o.measure(ctx, l, p, t, folder, listen, s.end); err != nil {
			return nil, err
		}
		fmt.Printf("%-12s  %8.0f  %7.1f  %14.2f\n", o.past, milliseconds(o.first), o.every.Seconds(), o.cpu.Seconds())
		all = append(all, o)
	}
	return all, nil
}

func (o *opening) measure(ctx context.Context, l *lab, p plan, t *target, folder, listen string, end syscall.Signal) error {
	if err := t.reset(ctx); err != nil {
		return err
	}
	child, err := l.serve(ctx, folder, listen)
	if err != nil {
		return err
	}
	defer child.end(end)
	for asked := 0; asked == 0; {
		if err := sleep(ctx, 2*time.Millisecond); err != nil {
			return err
		}
		used, err := child.use()
		if err != nil {
			return err
		}
		seen, err := t.progress(ctx)
		if err != nil {
			return err
		}
		asked, o.cpu = seen.Asked, used.cpu
	}
	if o.first, o.every, err = warm(ctx, p, child, t); err != nil {
		return err
	}
	if err := sleep(ctx, p.length); err != nil {
		return err
	}
	used, err := child.use()
	o.peak = used.peak
	return err
}

// startWithMonth measures the start of a service with a month behind it, and its memory
// while it compacts. It is started once before: what the configuration changes is settled
// then.
func startWithMonth(ctx context.Context, l *lab, p plan) (o opening, err error) {
	t, err := l.startTarget(ctx, p)
	if err != nil {
		return o, err
	}
	defer t.stop()
	folder, listen, err := l.place(ctx, p, t)
	if err != nil {
		return o, err
	}
	began := time.Now()
	if err := l.fill(ctx, p, folder); err != nil {
		return o, err
	}
	fmt.Printf("%s: %.0f MB, filled in %.0f s\n", monthPast, megabytes(database(folder)), time.Since(began).Seconds())
	p.length = time.Second
	if err := o.measure(ctx, l, p, t, folder, listen, syscall.SIGTERM); err != nil {
		return o, err
	}
	o, p.length = opening{past: monthPast}, compacting
	if err := o.measure(ctx, l, p, t, folder, listen, syscall.SIGTERM); err != nil {
		return o, err
	}
	fmt.Printf("start: first %.0f ms, every %.1f s, CPU-s to first %.2f, peak of memory %.0f MB\n", milliseconds(o.first), o.every.Seconds(), o.cpu.Seconds(), megabytes(o.peak))
	return o, nil
}

// bothStarts measures starts without and with a month of history.
func bothStarts(ctx context.Context, l *lab, p plan) error {
	if _, err := starts(ctx, l, p); err != nil {
		return err
	}
	_, err := startWithMonth(ctx, l, p)
	return err
}
