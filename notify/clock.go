package notify

import (
	"context"
	"time"
)

// clock is the wall clock, but never goes back: a message that is due in a second
// must not wait for an hour because the clock was set back by one.
type clock struct {
	readAt time.Time // when now was last asked
	shown  time.Time // what it said
}

func (c *clock) now() time.Time {
	read := time.Now()
	now := read.UTC().Round(0)
	if !c.readAt.IsZero() {
		if passed := c.shown.Add(read.Sub(c.readAt)); passed.After(now) {
			now = passed
		}
	}
	c.readAt, c.shown = read, now
	return now
}

// sooner is the earlier one of two instants, of which a zero one is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// idle waits until something is due, or somebody is woken.
func idle(ctx context.Context, wake <-chan struct{}, c *clock, next time.Time) {
	var due <-chan time.Time
	if !next.IsZero() {
		timer := time.NewTimer(max(next.Sub(c.now()), time.Millisecond))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
	case <-wake:
	case <-due:
	}
}

// pause waits for d, whatever is committed meanwhile.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
