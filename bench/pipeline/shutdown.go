package main

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// slowly is how long answers take while the service is stopped.
const slowly = 3 * time.Second

// closing is what a stop cost.
type closing struct{ cpu, took time.Duration }

// shutdown stops a service while a probe is in flight.
func shutdown(ctx context.Context, l *lab, p plan) (closing, error) {
	p.delay, p.probes, p.interval = slowly, 1, 10*time.Second
	t, err := l.startTarget(ctx, p)
	if err != nil {
		return closing{}, err
	}
	defer t.stop()
	at, err := l.place(ctx, p, t)
	if err != nil {
		return closing{}, err
	}
	child, err := l.serve(ctx, at)
	if err != nil {
		return closing{}, err
	}
	if _, _, err := warm(ctx, p, child, t); err != nil {
		return closing{}, err
	}
	before, err := child.use()
	if err != nil {
		return closing{}, err
	}
	began := time.Now()
	c := closing{cpu: child.end(syscall.SIGTERM) - before.cpu, took: time.Since(began)}
	fmt.Printf("a stop with a probe in flight whose answer takes %s: %.2f CPU-s, %.1f s\n", slowly, c.cpu.Seconds(), c.took.Seconds())
	return c, nil
}
