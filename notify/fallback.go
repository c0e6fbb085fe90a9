package notify

import (
	"context"
	"fmt"
	"time"
)

// fallbackAfter is how long nothing may get through before what is critical is told elsewhere.
const fallbackAfter = 2 * time.Minute

// Forwarder is as much of the store as is needed to tell elsewhere what cannot be told where it
// was to be.
type Forwarder interface {
	// Forward queues for another destination what waits for one and was not passed on
	// before, unless it is told there anyway, and returns how many messages.
	Forward(ctx context.Context, f Forwarding) (int, error)
}

// Forwarding says what is told elsewhere.
type Forwarding struct {
	From, To string
	Of       string // only what came to From in the place of this destination; empty: everything
	Why      string // it cannot be told where it was to be
	Critical bool   // only what is
	At       time.Time
}

// Take makes the message that is told elsewhere; false if it is not worth telling any more.
// known says whether anything of the incident was told there before.
func (f *Forwarding) Take(m Message, known bool) (Message, bool) {
	if m.stale(f.At) || m.Body.Chart != 0 {
		return Message{}, false
	}
	m.Key = fmt.Sprintf("fallback:%s:%s", f.To, m.Key)
	m.ID, m.Destination, m.Attempts, m.Doubt, m.Repeat = 0, f.To, 0, Doubt{}, false
	if f.Of == "" {
		m.Body.Instead = Instead{Of: f.From, Why: f.Why}
	}
	m.Body.Late = m.Body.Late && !known
	m.Body.Given = nil
	return m, true
}

// substitutes are who may be told instead of a lane, in the order in which they are asked.
type substitutes struct {
	of  string // only of what came in the place of this destination; empty: of everything
	all []*lane
}

// first is the first of those that work; else the first of all.
func (s *substitutes) first(now time.Time) *lane {
	for _, l := range s.all {
		if l.works(now) {
			return l
		}
	}
	return s.all[0]
}

// works reports whether it makes sense to send anything to a destination.
func (l *lane) works(now time.Time) bool {
	h := l.healthNow()
	return !h.Paused && (h.FailingSince.IsZero() || now.Sub(h.FailingSince) < fallbackAfter)
}

// Concerns reports whether the forwarding is about a message.
func (f *Forwarding) Concerns(m *Message) bool {
	return (!f.Critical || m.Critical()) && (f.Of == "" || m.Body.Instead.Of == f.Of)
}

// detour has told elsewhere what must not wait until it can be told here: everything if people
// must act before it can be, and what is critical if nothing has got through for a while. It says
// when it is to be called again; zero: when there is news.
func (l *lane) detour(ctx context.Context, now time.Time) (again time.Time) {
	if len(l.fallbacks) == 0 || l.forwarder == nil {
		return time.Time{}
	}
	refused, broken, why := l.account.trouble()
	since, said := l.failing()
	if broken.IsZero() {
		broken = since
	}
	if why == "" {
		why = said
	}
	f := Forwarding{From: l.destination, Why: why, At: now}
	switch {
	case !refused.IsZero(), l.wrong > 0:
	case broken.IsZero():
		return time.Time{}
	case now.Sub(broken) < fallbackAfter:
		return broken.Add(fallbackAfter)
	default:
		f.Critical = true
	}
	for i := range l.fallbacks {
		again = sooner(again, l.passOn(ctx, &l.fallbacks[i], f))
	}
	return again
}

// passOn tells others what waits here. It says when that is to be tried again, see detour.
func (l *lane) passOn(ctx context.Context, to *substitutes, f Forwarding) time.Time {
	other := to.first(f.At)
	f.To, f.Of = other.destination, to.of
	n, err := l.forwarder.Forward(ctx, f)
	if err != nil {
		l.outboxFailed(ctx, "forward", err)
		return f.At.Add(backoffLast / 12)
	}
	if n > 0 {
		l.log.Warn("messages passed on to the fallback", "messages", n, "fallback", f.To, "why", f.Why)
		wake(other.wake)
	}
	return time.Time{}
}
