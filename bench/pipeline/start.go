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
}

// starts measures starts: with a new database, after a stop, and after a kill.
func starts(ctx context.Context, l *lab, p plan) ([]opening, error) {
	t, err := l.startTarget(ctx, p)
	if err != nil {
		return nil, err
	}
	defer t.stop()
	at, err := l.place(ctx, p, t)
	if err != nil {
		return nil, err
	}
	fmt.Printf("%d probes every %s\n\nstart         first ms  every s  CPU-s to first\n", p.probes, p.interval)
	var all []opening
	begin := "new database"
	if p.days > 0 {
		begin = "changed" // the configuration, since the database was filled
	}
	for _, s := range []struct {
		past string
		end  syscall.Signal
	}{{begin, syscall.SIGTERM}, {"after a stop", syscall.SIGKILL}, {"after a kill", syscall.SIGTERM}} {
		o := opening{past: s.past}
		if err := o.measure(ctx, l, p, t, at, s.end); err != nil {
			return nil, err
		}
		fmt.Printf("%-12s  %8.0f  %7.1f  %14.2f\n", o.past, milliseconds(o.first), o.every.Seconds(), o.cpu.Seconds())
		all = append(all, o)
	}
	return all, nil
}

func (o *opening) measure(ctx context.Context, l *lab, p plan, t *target, at *place, end syscall.Signal) error {
	if err := t.calm(ctx); err != nil {
		return err
	}
	child, err := l.serve(ctx, at)
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
	return sleep(ctx, p.length)
}
