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
	finder      Finder // nil: nobody can look
	account     *account
	log         *slog.Logger
	wake        chan struct{}

	fallbacks []substitutes
	forwarder Forwarder
	settled   func() // after every settlement
	meter     *meter

	rest     time.Time // nothing is sent before
	trial    bool      // the next message finds out how the account is
	failures int       // Transient and Ambiguous ones since the last success
	wrong    int       // those since the last success that people must see to
	blind    int       // calls to the outbox in a row that did not succeed
	clock    clock

	mu     sync.Mutex
	health Health
}

func (l *lane) run(ctx context.Context) {
	for ctx.Err() == nil {
		until := l.closedUntil(ctx)
		again := l.detour(ctx, l.now())
		if !until.IsZero() {
			l.idle(ctx, sooner(until, again))
			continue
		}
		claim, next, err := l.outbox.Claim(ctx, l.destination, l.now())
		switch {
		case err != nil:
			l.tried(nil)
			l.outboxFailed(ctx, "claim", err)
			pause(ctx, backoff(l.blind))
		case claim == nil:
			l.sees()
			l.tried(nil)
			l.idle(ctx, sooner(next, again))
		default:
			l.sees()
			if wait := l.deliver(ctx, *claim); wait > 0 {
				l.rest = l.now().Add(wait)
			}
			l.tried(nil)
		}
	}
}

// closedUntil says until when nothing is sent; zero: something may be now. It asks how the
// service is when it is time to.
func (l *lane) closedUntil(ctx context.Context) time.Time {
	now := l.now()
	if l.rest.After(now) {
		return l.rest
	}
	until, find := l.account.closedUntil(posting, now, true)
	if !find {
		return until
	}
	if l.trial = l.account.find(ctx, l.now); l.trial {
		return time.Time{}
	}
	return l.now().Add(time.Millisecond) // the account says until when
}

// tried tells the account how a request went; if nothing was requested, that a message that was to
// find out did not.
func (l *lane) tried(f *Failure) {
	if l.trial {
		l.trial = false
		l.account.went(f, l.now())
	}
}

// deliver sends one message and settles it. It returns how long the whole lane has
// to wait.
func (l *lane) deliver(ctx context.Context, c Claim) time.Duration {
	if end, wait, ended := l.before(ctx, &c); ended {
		l.settle(ctx, c.Message, end)
		return wait
	}
	if err := l.account.turn(ctx, posting); err != nil {
		l.settle(ctx, c.Message, l.interrupted(&Failure{Trouble: Transient, Err: err}, c.Message, l.now()))
		return 0
	}
	thread, err := l.send(ctx, c)
	return l.concluded(ctx, c.Message, thread, err)
}

// concluded settles a message that was sent, or that was found to have been.
func (l *lane) concluded(ctx context.Context, m Message, thread Thread, err error) time.Duration {
	now := l.now()
	if err == nil {
		l.succeeded(now)
		l.settle(ctx, m, Settlement{State: StateSent, Thread: thread, At: now})
		return 0
	}
	failure := asFailure(err)
	if ctx.Err() != nil && failure.passing() {
		l.settle(ctx, m, l.interrupted(failure, m, now))
		return 0
	}
	s, wait := l.judge(failure, m, now)
	l.settle(ctx, m, s)
	return wait
}

// judge decides what becomes of a message that was not delivered, and how long the
// destination is left alone.
func (l *lane) judge(f *Failure, m Message, now time.Time) (Settlement, time.Duration) {
	l.failed(f, now)
	s := Settlement{State: StatePending, Repeat: m.Repeat, Doubt: m.Doubt, Counted: f.Trouble != Throttled, Given: f.Given, Err: f.Err.Error(), At: now}
	l.doubt(&s, f)
	if f.Trouble == Refused || now.Sub(m.CreatedAt) > maxAge {
		s.State = StateDead
		l.log.Error("message undeliverable", "message", m.Key, "trouble", f.Trouble.String(), "err", f.Err)
	}
	wait := l.wait(f)
	s.Next = now.Add(wait)
	if f.passing() {
		// What fails again and again by itself must not stand in the way of others:
		// it waits by its own count, the destination by its.
		s.Next = now.Add(max(wait, l.patience(m.Attempts+1)))
	}
	if f.Trouble == Throttled {
		l.account.throttled(posting, l.destination, now, s.Next)
	}
	if first := s.Doubt.Since.Add(lookFirst); !s.Doubt.IsZero() && s.Next.Before(first) {
		s.Next = first
	}
	return s, wait
}

// patience is how long to wait after so many failures in a row: longer each time, unless the account
// finds out when it is over.
func (l *lane) patience(failures int) time.Duration {
	own := backoff(failures)
	if _, broken, _ := l.account.trouble(); !broken.IsZero() {
		return min(own, askEvery)
	}
	return own
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
	case Unauthorized:
		if l.account.ask != nil {
			return f.After // the account says when it goes on
		}
		fallthrough
	case Unreachable:
		if l.wrong == 1 {
			return max(f.After, unreachableFirst)
		}
		return max(f.After, unreachableThen)
	default:
		return max(f.After, l.patience(l.failures))
	}
}

// interrupted settles a delivery that our own end cut short. It is no attempt, and
// due at once when we are back.
func (l *lane) interrupted(f *Failure, m Message, now time.Time) Settlement {
	s := Settlement{State: StatePending, Next: now, Repeat: m.Repeat, Doubt: m.Doubt, Given: f.Given, Err: f.Err.Error(), At: now}
	l.doubt(&s, f)
	return s
}

// send calls the sender.
func (l *lane) send(ctx context.Context, c Claim) (thread Thread, err error) {
	defer l.recovered(&err)
	defer func(begun time.Time) { l.meter.sent(time.Since(begun)) }(time.Now())
	return l.sender.Send(ctx, c.Message, c.Thread)
}

// recovered makes a failure of a panic, which may have come before or after the delivery.
func (l *lane) recovered(err *error) {
	r := recover()
	if r == nil {
		return
	}
	// The value of a panic may hold anything; only the runtime's own are known to be harmless.
	what := fmt.Sprintf("a %T", r)
	if e, ok := r.(runtime.Error); ok {
		what = e.Error()
	}
	l.log.Error("sender panicked", "panic", what, "stack", string(debug.Stack()))
	*err = &Failure{Trouble: Ambiguous, Err: errors.New("the sender panicked: " + what)}
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
			l.sees()
			l.settled()
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
		now := l.now()
		l.mu.Lock()
		defer l.mu.Unlock()
		l.health.BlindSince = now
	}
}

// sees notes that the outbox can be read and written.
func (l *lane) sees() {
	if l.blind == 0 {
		return
	}
	l.blind = 0
	l.mu.Lock()
	defer l.mu.Unlock()
	l.health.BlindSince = time.Time{}
}

func (l *lane) succeeded(now time.Time) {
	l.mu.Lock()
	since := l.health.FailingSince
	l.health.FailingSince, l.health.closed = time.Time{}, false
	l.mu.Unlock()
	l.trial = false
	l.account.went(nil, now)
	if l.failures, l.wrong = 0, 0; !since.IsZero() {
		l.log.Info("destination back", "after", now.Sub(since).Round(time.Second).String())
	}
}

func (l *lane) failed(f *Failure, now time.Time) {
	l.trial = false
	l.account.went(f, now)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.health.LastError, l.health.LastErrorAt, l.health.why = f.Error(), now, f.Err.Error()
	if f.Trouble == Throttled {
		l.meter.throttled()
	}
	switch {
	case f.Trouble == Refused:
		return
	case f.closed():
		l.wrong++
		l.health.closed = true
	case f.passing():
		l.failures++
	}
	if l.health.FailingSince.IsZero() {
		l.health.FailingSince = now
		l.log.Warn("destination failing", "trouble", f.Trouble.String(), "err", f.Err)
	}
}

// failing says since when deliveries fail, zero if they do not, and why the last one did.
func (l *lane) failing() (since time.Time, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.health.FailingSince.IsZero() {
		return time.Time{}, ""
	}
	return l.health.FailingSince, l.health.why
}

func (l *lane) healthNow() Health {
	refused, broken, _ := l.account.trouble()
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.health
	h.Destination, h.Paused, h.Deliveries = l.destination, h.closed || !refused.IsZero() || !broken.IsZero(), l.meter.deliveries(l.sender)
	return h
}

// now is the lane's clock.
func (l *lane) now() time.Time { return l.clock.now() }

// idle waits until something is due, or was committed.
func (l *lane) idle(ctx context.Context, next time.Time) { idle(ctx, l.wake, &l.clock, next) }
