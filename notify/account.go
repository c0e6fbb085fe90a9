package notify

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	breakAfter  = 5                // failures in a row that are the service's
	askEvery    = 15 * time.Second // whether it is back
	askRefused  = 10 * time.Minute // whether it takes the credential again
	askWithin   = 15 * time.Second
	alikeWithin = 30 * time.Second // two places that are asked for a pause are meant together
)

// What the destinations of a credential may do together.
const (
	postsPerSecond, postsBurst = 3, 10
	editsPerMinute, editsBurst = 40, 10
)

// act is what is done at a destination; each has limits of its own.
type act uint8

const (
	posting act = iota
	editing
	acts
)

// account is what destinations have in common that are reached with the same credential.
// When the service does not answer, a single request finds out from time to time whether it
// is back, and a single message whether it takes any.
type account struct {
	log   *slog.Logger
	ask   func(context.Context) error // nil: nobody can be asked
	limit [acts]*rate.Limiter         // nil: none

	mu       sync.Mutex
	wakes    []func()
	failures int       // in a row
	broken   time.Time // since when nothing is sent, because nothing gets through; zero: it is
	refused  time.Time // since when nothing is sent, because the credential is refused; zero: it is
	why      string
	next     time.Time // when it is asked again
	trying   bool      // somebody asks, or tries with a message
	pauses   [acts]pausing
}

// pausing is what is known of requests for a pause.
type pausing struct {
	place string // who was asked for the latest
	at    time.Time
	until time.Time // of the latest
	all   time.Time // nobody does it before
}

func newAccount(sender Sender, log *slog.Logger) *account {
	a := &account{log: log}
	if t, ok := sender.(Tenant); ok {
		a.ask = t.Ask
		a.limit[posting] = rate.NewLimiter(postsPerSecond, postsBurst)
		a.limit[editing] = rate.NewLimiter(rate.Limit(editsPerMinute)/60, editsBurst)
	}
	return a
}

// turn waits until one more may be done.
func (a *account) turn(ctx context.Context, what act) error {
	if a.limit[what] == nil {
		return nil
	}
	return a.limit[what].Wait(ctx)
}

// closedUntil says until when nothing is to be done; the zero time if it may be now. With ask it
// may say instead that the caller is to find out, see [account.find].
func (a *account) closedUntil(what act, now time.Time, ask bool) (until time.Time, find bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.broken.IsZero() && a.refused.IsZero():
		if all := a.pauses[what].all; all.After(now) {
			return all, false
		}
		return time.Time{}, false
	case a.trying:
		return now.Add(askEvery), false // whoever tries wakes all others
	case a.next.After(now) || !ask:
		return later(a.next, now.Add(time.Second)), false
	}
	a.trying = true
	return time.Time{}, true
}

// find asks how things are, and reports whether a message may be tried. Whoever does tells by
// [account.went] how it went.
func (a *account) find(ctx context.Context, now func() time.Time) bool {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	err := a.ask(ctx)
	if err == nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.refused, a.why = time.Time{}, "" // a message says whether that holds
		return true
	}
	a.went(asFailure(err), now())
	return false
}

// went hears how a request went; nil: well.
func (a *account) went(f *Failure, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	tried := a.trying
	a.trying = false
	switch {
	case f != nil && f.passing():
		a.failures++
		if a.ask == nil || a.failures < breakAfter && a.broken.IsZero() {
			return
		}
		a.next, a.why = now.Add(askEvery), f.Err.Error()
		if a.broken.IsZero() {
			a.broken = now
			a.log.Warn("service does not answer: deliveries wait until it does", "err", f.Err)
		}
	case f != nil && f.Trouble == Unauthorized:
		a.failures = 0
		if a.ask == nil {
			return
		}
		a.next, a.why = now.Add(askRefused), f.Err.Error()
		if a.refused.IsZero() {
			a.refused = now
			a.log.Error("credential refused: deliveries wait until it is taken", "err", f.Err)
		}
	default: // there was an answer
		a.failures = 0
		if a.broken.IsZero() && !tried {
			return
		}
		if !a.broken.IsZero() {
			a.log.Info("service answers again", "after", now.Sub(a.broken).Round(time.Second).String())
		}
		a.broken, a.why = time.Time{}, ""
	}
	for _, wake := range a.wakes {
		wake()
	}
}

// throttled hears that a place was asked for a pause. If another was asked just before, both
// mean what is done, not where.
func (a *account) throttled(what act, place string, now, until time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := &a.pauses[what]
	if p.place != "" && p.place != place && now.Sub(p.at) <= alikeWithin {
		p.all = later(until, p.until)
	}
	p.place, p.at, p.until = place, now, until
}

// trouble says since when the credential is refused, since when nothing gets through, and why.
func (a *account) trouble() (refused, broken time.Time, why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.refused, a.broken, a.why
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
