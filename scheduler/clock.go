package scheduler

import (
	"sync/atomic"
	"time"

	"github.com/jonboulle/clockwork"
)

// jumpAt is how far the wall clock must be ahead before engine time follows it.
const jumpAt = 2 * time.Second

// Clock tells engine time, on which all slots lie: it passes as the machine's
// monotonic clock does and never goes back. When the wall clock is more than two
// seconds ahead of it (it was set, or the machine slept), the scheduler makes it
// jump ahead; a wall clock that is set back changes nothing. Times are UTC and
// whole milliseconds. It is the clock that gocron gets.
type Clock struct {
	clockwork.Clock // timers and tickers: the machine's own

	base   time.Time    // carries the monotonic reading that engine time counts from
	engine atomic.Int64 // engine time at base, in ns since 1970; only ever raised
	wall   func(reading time.Time) time.Time
}

// NewClock starts engine time at the wall clock, or at the last slot that is
// known, whichever is later. A zero last slot is none.
func NewClock(lastSlot time.Time) *Clock {
	return newClock(lastSlot, func(reading time.Time) time.Time { return reading })
}

// newClock takes the wall clock's part of a reading from a function.
func newClock(lastSlot time.Time, wall func(time.Time) time.Time) *Clock {
	c := &Clock{Clock: clockwork.NewRealClock(), base: time.Now(), wall: wall}
	c.engine.Store(wall(c.base).UnixNano())
	if !lastSlot.IsZero() {
		c.atLeast(lastSlot)
	}
	return c
}

// Now is the engine time.
func (c *Clock) Now() time.Time { return instant(c.millis()) }

// Since is the engine time that has passed since an engine time.
func (c *Clock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// Until is the engine time that will pass until an engine time.
func (c *Clock) Until(t time.Time) time.Duration { return t.Sub(c.Now()) }

// Wall is what the wall clock shows, as it is set now, at an engine time. It is
// for people, calendars and maintenance windows; never compute with it.
func (c *Clock) Wall(engine time.Time) time.Time {
	return engine.Add(c.ahead()).Round(time.Millisecond).UTC()
}

func (c *Clock) millis() int64 { return floorDiv(c.nanos(time.Now()), int64(time.Millisecond)) }

func (c *Clock) nanos(reading time.Time) int64 { return c.engine.Load() + int64(reading.Sub(c.base)) }

// untilExactly is the time until an engine time, to the nanosecond.
func (c *Clock) untilExactly(ms int64) time.Duration {
	return time.Duration(ms*int64(time.Millisecond) - c.nanos(time.Now()))
}

// ahead is how far the wall clock is ahead of engine time. Both come from one
// reading: two could be an hour apart if the process is stopped between them.
func (c *Clock) ahead() time.Duration {
	reading := time.Now()
	return time.Duration(c.wall(reading).UnixNano() - c.nanos(reading))
}

// jump brings engine time to the wall clock if that is far ahead. Only the
// scheduler's follow may call it once jobs run: gocron walks through a jump one
// interval at a time, from 1970 for ever.
func (c *Clock) jump() {
	if ahead := c.ahead(); ahead > jumpAt {
		c.engine.Add(int64(ahead))
	}
}

// atLeast raises engine time to t if it is earlier.
func (c *Clock) atLeast(t time.Time) {
	if short := t.UnixNano() - c.nanos(time.Now()); short > 0 {
		c.engine.Add(short)
	}
}
