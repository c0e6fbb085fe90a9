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
	Why      string // it cannot be told where it was to be
	Critical bool   // only what is
	At       time.Time
}

// Take makes the message that is told elsewhere; false if it is not worth telling any more.
// known says whether anything of the incident was told there before.
func (f *Forwarding) Take(m Message, known bool) (Message, bool) {
	if m.stale(f.At) {
		return Message{}, false
	}
	m.Key = fmt.Sprintf("fallback:%s:%s", f.To, m.Key)
	m.ID, m.Destination, m.Attempts, m.Doubt, m.Repeat = 0, f.To, 0, Doubt{}, false
	m.Body.Instead = Instead{Of: f.From, Why: f.Why}
	m.Body.Late = m.Body.Late && !known
	return m, true
}

// detour has told elsewhere what must not wait until it can be told here: everything if people
// must act before it can be, and what is critical if nothing has got through for a while. It says
// when it is to be called again; zero: when there is news.
func (l *lane) detour(ctx context.Context, now time.Time) (again time.Time) {
	if l.fallback == "" || l.forwarder == nil {
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
	f := Forwarding{From: l.destination, To: l.fallback, Why: why, At: now}
	switch {
	case !refused.IsZero(), l.wrong > 0:
	case broken.IsZero():
		return time.Time{}
	case now.Sub(broken) < fallbackAfter:
		return broken.Add(fallbackAfter)
	default:
		f.Critical = true
	}
	n, err := l.forwarder.Forward(ctx, f)
	if err != nil {
		l.outboxFailed(ctx, "forward", err)
		return now.Add(backoffLast / 12)
	}
	if n > 0 {
		l.log.Warn("messages passed on to the fallback", "messages", n, "fallback", l.fallback, "why", why)
		l.wakeFallback()
	}
	return time.Time{}
}
