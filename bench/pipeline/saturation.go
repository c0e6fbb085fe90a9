package main

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// load is what a rate of requests led to.
type load struct {
	rate       float64 // wanted
	unread     error   // why the service's metrics could not be read; without them no slots count as kept
	kept       float64
	asked      float64 // a second
	overload   float64 // slots that were missed for it
	bad        float64 // results that blame the target
	goroutines [2]float64
	busy       float64 // cores
}

// holds reports whether all slots were kept.
func (l load) holds() bool { return l.unread == nil && l.kept >= 0.999 && l.overload == 0 }

func (l load) print() {
	line := fmt.Sprintf("%8.0f  %7.0f  %6.2f%%  %8.0f  %11.0f  %4.0f -> %4.0f  %6.2f", l.rate, l.asked, 100*l.kept, l.overload, l.bad, l.goroutines[0], l.goroutines[1], l.busy)
	if l.unread != nil {
		line = fmt.Sprintf("%8.0f  %7.0f  %6.2f%%  /metrics not read: %v", l.rate, l.asked, 100*l.kept, l.unread)
	}
	fmt.Println(line)
}

// saturate raises the number of probes until slots are missed, and then doubles it.
func saturate(ctx context.Context, l *lab, p plan) (best, double load, err error) {
	fmt.Printf("%s each, interval %s, target answers after %s\n\nwanted/s  asked/s     kept  overload  bad results  goroutines     cores\n", p.length, p.interval, p.delay)
	for rate := firstRate; rate <= lastRate; rate += rateStep {
		at, err := press(ctx, l, p, rate)
		if err == nil && !at.holds() { // once more: something else may have had the machine
			at, err = press(ctx, l, p, rate)
		}
		if err != nil {
			return best, double, err
		}
		if !at.holds() {
			break
		}
		best = at
	}
	double, err = press(ctx, l, p, 2*max(best.rate, firstRate))
	return best, double, err
}

const (
	firstRate = 2200.0
	rateStep  = 800.0
	lastRate  = 7000.0
)

// press measures the service at a rate.
func press(ctx context.Context, l *lab, p plan, rate float64) (at load, err error) {
	p.probes = int(rate * p.interval.Seconds())
	t, err := l.startTarget(ctx, p)
	if err != nil {
		return at, err
	}
	defer t.stop()
	place, err := l.place(ctx, p, t)
	if err != nil {
		return at, err
	}
	child, err := l.serve(ctx, place)
	if err != nil {
		return at, err
	}
	defer child.stop()
	if err := sleep(ctx, p.interval+2*time.Second); err != nil {
		return at, err
	}
	earlier, unread := askService(ctx, child)
	if err := sleep(ctx, p.interval); err != nil { // the scrape has cost much
		return at, err
	}
	if err := t.reset(ctx); err != nil {
		return at, err
	}
	from := time.Now()
	began, err := child.use()
	if err != nil {
		return at, err
	}
	if err := sleep(ctx, p.length); err != nil {
		return at, err
	}
	ended, err := child.use()
	if err != nil {
		return at, err
	}
	to := time.Now()
	hits, err := t.hits(ctx)
	if err != nil {
		return at, err
	}
	later, stillUnread := askService(ctx, child)
	s := see(hits, p.probes, p.interval, from, to)
	at = load{
		rate: rate, unread: cmp.Or(unread, stillUnread), kept: s.kept(),
		asked: float64(s.hits) / to.Sub(from).Seconds(), busy: (ended.cpu - began.cpu).Seconds() / to.Sub(from).Seconds(),
	}
	if at.unread == nil {
		at.overload, at.bad = later.missed["prober_overload"]-earlier.missed["prober_overload"], later.bad-earlier.bad
		at.goroutines = [2]float64{earlier.goroutines, later.goroutines}
	}
	at.print()
	return at, ctx.Err()
}
