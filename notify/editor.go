package notify

import (
	"context"
	"log/slog"
	"time"
)

// rootRest is how long the first message of a conversation is left as it is after a change,
// unless its incident is over meanwhile.
const rootRest = 5 * time.Second

// editor has the first messages of the conversations at a destination show how things are.
// However many changes there were, it is one edit, to the latest. It waits for nothing that waits
// to be told: an edit is silent, and what is to be noticed is told by the lane.
type editor struct {
	destination string
	roots       Roots
	sender      Editor
	account     *account
	log         *slog.Logger
	wake        chan struct{}
	wakeLane    func()
	meter       *meter

	clock    clock
	rest     time.Time // nothing is edited before
	failures int       // in a row
	blind    int       // calls to the store in a row that did not succeed
}

func (e *editor) run(ctx context.Context) {
	for ctx.Err() == nil {
		now := e.clock.now()
		until, _ := e.account.closedUntil(editing, now, false)
		if until = later(until, e.rest); until.After(now) {
			e.idle(ctx, until)
			continue
		}
		r, next, err := e.roots.Stale(ctx, e.destination, now)
		switch {
		case err != nil:
			e.storeFailed(ctx, err)
		case r == nil:
			e.blind = 0
			e.idle(ctx, next)
		default:
			e.blind = 0
			e.write(ctx, r, e.renew(ctx, r))
		}
	}
}

// renew changes a first message, or asks for a link to it.
func (e *editor) renew(ctx context.Context, r *Root) Renewal {
	end := Renewal{At: e.clock.now()}
	end.Next = end.At.Add(rootRest)
	if r.Stale && r.Shows.ID == 0 {
		end.Shown = true // what it should show is forgotten
		return end
	}
	if err := e.account.turn(ctx, editing); err != nil {
		return end // ctx has ended
	}
	if r.Stale {
		m := r.Shows
		m.Key, m.Repeat, m.Doubt, m.CreatedAt = r.Key, false, Doubt{}, e.clock.now()
		e.judge(ctx, e.sender.Edit(ctx, m, r.Thread), &end)
		return end
	}
	link, err := e.sender.Link(ctx, r.Thread)
	e.judge(ctx, err, &end)
	end.Link, end.Asked = link, end.Shown || end.Gone
	end.Shown, end.Gone = false, false
	return end
}

// judge decides what becomes of a first message, and how long all are left alone.
func (e *editor) judge(ctx context.Context, err error, end *Renewal) {
	now := e.clock.now()
	end.At, end.Next = now, now.Add(rootRest)
	if err == nil {
		e.failures, end.Shown = 0, true
		e.account.went(nil, now)
		return
	}
	f := asFailure(err)
	if ctx.Err() != nil && f.passing() {
		return // to do it again does no harm
	}
	e.account.went(f, now)
	switch f.Trouble {
	case Gone:
		e.failures, end.Gone = 0, true
	case Refused, Blind:
		e.failures, end.Shown = 0, true
		e.log.Error("a first message cannot be changed", "trouble", f.Trouble.String(), "err", f.Err)
	case Throttled:
		e.meter.throttled()
		wait := f.After
		if wait <= 0 {
			wait = throttledUnsaid
		}
		e.rest = now.Add(wait)
		end.Next = e.rest
		e.account.throttled(editing, e.destination, now, e.rest)
	case Unreachable, Unauthorized:
		e.rest = now.Add(unreachableFirst)
		end.Next = now.Add(unreachableThen)
	default:
		e.failures++
		e.rest = now.Add(backoff(e.failures))
		end.Next = e.rest
	}
}

// write writes down what became of a first message, and does not let go before that is done:
// it would be changed again and again.
func (e *editor) write(ctx context.Context, r *Root, end Renewal) {
	for ctx.Err() == nil {
		err := e.roots.Renew(ctx, r, end)
		if err == nil {
			if e.blind = 0; end.Gone {
				e.wakeLane() // another takes its place
			}
			return
		}
		e.storeFailed(ctx, err)
	}
}

func (e *editor) storeFailed(ctx context.Context, err error) {
	if e.blind++; e.blind == 1 && ctx.Err() == nil {
		e.log.Error("first messages not kept up to date", "err", err)
	}
	pause(ctx, backoff(e.blind))
}

func (e *editor) idle(ctx context.Context, next time.Time) { idle(ctx, e.wake, &e.clock, next) }
