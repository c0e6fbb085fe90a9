package notify

import (
	"context"
	"time"
)

const (
	lookFirst = 5 * time.Second  // the request that nobody answered may still be under way
	lookAgain = 30 * time.Second // it may take a while until what was posted can be seen
	lookApart = 10 * time.Second
	looks     = 2 // in vain, until a message is sent again
)

// before looks at a message before it is sent, and settles it if it is not to be sent now.
func (l *lane) before(ctx context.Context, c *Claim) (end Settlement, wait time.Duration, ended bool) {
	m, now := &c.Message, l.now()
	end = Settlement{State: StatePending, Repeat: m.Repeat, Doubt: m.Doubt, At: now}
	switch {
	case m.stale(now):
		end.State = StateExpired
		return end, 0, true
	case m.Body.Continued && !c.Thread.IsZero():
		end.State = StateSuperseded // a later message has taken that place
		return end, 0, true
	case m.Body.Chart != 0 && c.Thread.IsZero():
		end.Next = now.Add(chartLook)
		return end, 0, true
	case m.Doubt.IsZero():
		return end, 0, false
	case l.finder == nil:
		m.Repeat, m.Doubt = true, Doubt{}
		return end, 0, false
	case m.Doubt.Looked == 0 && now.Sub(m.Doubt.Since) < lookFirst:
		end.Next = m.Doubt.Since.Add(lookFirst)
		return end, 0, true
	}
	return l.lookFor(ctx, c, end)
}

// lookFor looks whether a message in doubt got through, and settles it unless it is to be sent
// again.
func (l *lane) lookFor(ctx context.Context, c *Claim, end Settlement) (Settlement, time.Duration, bool) {
	m := &c.Message
	thread, found, err := l.find(ctx, c)
	end.At = l.now()
	if err == nil {
		l.trial = false
		l.account.went(nil, end.At) // it answers, which does not say that it takes messages
		switch m.Doubt.Looked++; {
		case found:
			l.succeeded(end.At)
			end.State, end.Thread, end.Doubt = StateSent, thread, Doubt{}
			return end, 0, true
		case m.Doubt.Looked < looks:
			end.Doubt, end.Next = m.Doubt, later(m.Doubt.Since.Add(lookAgain), end.At.Add(lookApart))
			return end, 0, true
		}
		end.Doubt, end.Next = Doubt{}, end.At // claimed again, unless a later message says it all
		return end, 0, true
	}
	failure := asFailure(err)
	if failure.Trouble == Refused || failure.Trouble == Gone {
		failure = &Failure{Trouble: Blind, Err: failure.Err} // it is the look that is refused, not the message
	}
	switch {
	case failure.Trouble == Blind && m.spare():
		end.State, end.Doubt, end.Err = StateExpired, Doubt{}, "it may have got through, and is not worth telling twice: "+failure.Err.Error()
		return end, 0, true
	case failure.Trouble == Blind:
		m.Repeat, m.Doubt = true, Doubt{}
		return end, 0, false
	case failure.Trouble == Throttled:
		wait := failure.After // of looks alone: others may be told meanwhile
		if wait <= 0 {
			wait = throttledUnsaid
		}
		end.Next, end.Err = end.At.Add(wait), failure.Err.Error()
		return end, 0, true
	case failure.Trouble == Ambiguous:
		failure = &Failure{Trouble: Transient, After: failure.After, Err: failure.Err} // to look twice does no harm
	}
	if ctx.Err() != nil {
		end.Next, end.Err = end.At, failure.Err.Error()
		return end, 0, true
	}
	s, wait := l.judge(failure, *m, end.At)
	return s, wait, true
}

// find calls the finder, which may have looked a moment ago for another message.
func (l *lane) find(ctx context.Context, c *Claim) (thread Thread, found bool, err error) {
	defer l.recovered(&err)
	return l.finder.Find(ctx, c.Message, c.Thread, later(c.Message.Doubt.Since, l.now().Add(-lookFirst)))
}

// doubt notes that a message may have got through.
func (l *lane) doubt(s *Settlement, f *Failure) {
	switch {
	case f.Trouble != Ambiguous:
	case l.finder == nil:
		s.Repeat = true
	default:
		s.Doubt = Doubt{Since: s.At}
	}
}
