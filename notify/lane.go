package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// lane delivers to one destination. While the destination fails, the lane as a
// whole waits between attempts, so that a single message at a time finds out
// whether it is back.
type lane struct {
	destination string
	outbox      Outbox
	sender      Sender
	log         *slog.Logger
	wake        chan struct{}

	failures int       // Transient and Ambiguous ones since the last success
	wrong    int       // Unreachable ones since the last success
	blind    int       // calls to the outbox in a row that did not succeed
	readAt   time.Time // when now was last asked
	shown    time.Time // what it said

	mu     sync.Mutex
	health Health
}

func (l *lane) run(ctx context.Context) {
	for ctx.Err() == nil {
		claim, next, err := l.outbox.Claim(ctx, l.destination, l.now())
		switch {
		case err != nil:
			l.outboxFailed(ctx, "claim", err)
			pause(ctx, backoff(l.blind))
		case claim == nil:
			l.blind = 0
			l.idle(ctx, next)
		default:
			l.blind = 0
			pause(ctx, l.deliver(ctx, *claim))
		}
	}
}

// deliver sends one message and settles it. It returns how long the whole lane has
// to wait.
func (l *lane) deliver(ctx context.Context, c Claim) time.Duration {
	c.Message.Repeat = c.Message.Repeat || !c.Message.Doubt.IsZero()
	thread, err := l.send(ctx, c)
	now := l.now()
	if err == nil {
		l.succeeded(now)
		l.settle(ctx, c.Message, Settlement{State: StateSent, Thread: thread, At: now})
		return 0
	}
	failure := asFailure(err)
	if ctx.Err() != nil && failure.passing() {
		l.settle(ctx, c.Message, interrupted(failure, c.Message, now))
		return 0
	}
	s, wait := l.judge(failure, c.Message, now)
	l.settle(ctx, c.Message, s)
	return wait
}

// judge decides what becomes of a message that was not delivered, and how long the
// destination is left alone.
func (l *lane) judge(f *Failure, m Message, now time.Time) (Settlement, time.Duration) {
	l.failed(f, now)
	s := Settlement{
		State: StatePending, Repeat: m.Repeat || f.Trouble == Ambiguous,
		Counted: f.Trouble != Throttled, Err: f.Err.Error(), At: now,
	}
	if f.Trouble == Refused || now.Sub(m.CreatedAt) > maxAge {
		s.State = StateDead
		l.log.Error("message undeliverable", "message", m.Key, "trouble", f.Trouble.String(), "err", f.Err)
	}
	wait := l.wait(f)
	s.Next = now.Add(wait)
	if f.passing() {
		// What fails again and again by itself must not stand in the way of others:
		// it waits by its own count, the destination by its.
		s.Next = now.Add(max(wait, backoff(m.Attempts+1)))
	}
	return s, wait
}

// wait is how long a destination is left alone after a failure.
func (l *lane) wait(f *Failure) time.Duration {
	switch f.Trouble {
	case Refused:
		return 0 // it was the message; the destination is well
	case Throttled:
		after := f.After
		if after <= 0 {
			after = throttledUnsaid
		}
		return after + rand.N(throttledJitter)
	case Unreachable:
		if l.wrong == 1 {
			return max(f.After, unreachableFirst)
		}
		return max(f.After, unreachableThen)
	default:
		return max(f.After, backoff(l.failures))
	}
}

// interrupted settles a delivery that our own end cut short. It is no attempt, and
// due at once when we are back.
func interrupted(f *Failure, m Message, now time.Time) Settlement {
	return Settlement{
		State: StatePending, Next: now, Repeat: m.Repeat || f.Trouble == Ambiguous, Err: f.Err.Error(), At: now,
	}
}

// send calls the sender. A panic may have come before or after the delivery.
func (l *lane) send(ctx context.Context, c Claim) (thread Thread, err error) {
	defer func() {
		if r := recover(); r != nil {
			// The value of a panic may hold anything; only the runtime's own are known to be harmless.
			what := fmt.Sprintf("a %T", r)
			if e, ok := r.(runtime.Error); ok {
				what = e.Error()
			}
			l.log.Error("sender panicked", "panic", what, "stack", string(debug.Stack()))
			err = &Failure{Trouble: Ambiguous, Err: errors.New("the sender panicked: " + what)}
		}
	}()
	return l.sender.Send(ctx, c.Message, c.Thread)
}

// asFailure reads what a sender returned. What it does not classify may have got
// through.
func asFailure(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	return &Failure{Trouble: Ambiguous, Err: err}
}

// settle writes the end of a delivery down, and does not let go before that is
// done: an unsettled message would be sent again after a restart. When ctx has
// ended it has one more, short, chance.
func (l *lane) settle(ctx context.Context, m Message, s Settlement) {
	for ctx.Err() == nil {
		err := l.outbox.Settle(ctx, m.ID, s)
		if err == nil {
			l.blind = 0
			return
		}
		l.outboxFailed(ctx, "settle", err)
		pause(ctx, backoff(l.blind))
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if err := l.outbox.Settle(last, m.ID, s); err != nil {
		l.log.Error("delivery not written down; the message may be repeated", "message", m.Key, "err", err)
	}
}

func (l *lane) outboxFailed(ctx context.Context, what string, err error) {
	if l.blind++; l.blind == 1 && ctx.Err() == nil {
		l.log.Error("outbox failing", "step", what, "err", err)
	}
}

func (l *lane) succeeded(now time.Time) {
	l.mu.Lock()
	since := l.health.FailingSince
	l.health.FailingSince = time.Time{}
	l.mu.Unlock()
	if l.failures, l.wrong = 0, 0; !since.IsZero() {
		l.log.Info("destination back", "after", now.Sub(since).Round(time.Second).String())
	}
}

func (l *lane) failed(f *Failure, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.health.LastError, l.health.LastErrorAt = f.Error(), now
	switch {
	case f.Trouble == Refused:
		return
	case f.Trouble == Unreachable:
		l.wrong++
	case f.passing():
		l.failures++
	}
	if l.health.FailingSince.IsZero() {
		l.health.FailingSince = now
		l.log.Warn("destination failing", "trouble", f.Trouble.String(), "err", f.Err)
	}
}

func (l *lane) healthNow() Health {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.health
	h.Destination = l.destination
	return h
}

// now is the wall clock, but never goes back: a message that is due in a second
// must not wait for an hour because the clock was set back by one.
func (l *lane) now() time.Time {
	read := time.Now()
	now := read.UTC().Round(0)
	if !l.readAt.IsZero() {
		if passed := l.shown.Add(read.Sub(l.readAt)); passed.After(now) {
			now = passed
		}
	}
	l.readAt, l.shown = read, now
	return now
}

// idle waits until something is due, or was committed.
func (l *lane) idle(ctx context.Context, next time.Time) {
	var due <-chan time.Time
	if !next.IsZero() {
		timer := time.NewTimer(max(next.Sub(l.now()), time.Millisecond))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
	case <-l.wake:
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
