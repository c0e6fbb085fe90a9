package scheduler

import (
	"math/bits"
	"time"

	"sonde/probe"
)

// golden is 2^64 divided by the golden ratio. Its multiples, taken as fractions
// of 2^64, lie as evenly as any sequence can: whatever the number of probes, two
// neighbours are never closer than half of what a perfect spread would give.
const golden = 0x9E3779B97F4A7C15

// Phase is where in its interval a probe has its slots: at least 0, less than the
// interval, in whole milliseconds. It depends on nothing but its arguments, and
// will never change: budgets of the past are counted on this grid. Probes with
// consecutive ids are spread evenly. An interval below 1 ms counts as 1 ms.
func Phase(id probe.ID, interval time.Duration) time.Duration {
	return fromMillis(phase(id, millis(interval)))
}

// NextSlot is the first slot of a probe that is later than an instant, in engine
// time.
func NextSlot(id probe.ID, interval time.Duration, after time.Time) time.Time {
	every := millis(interval)
	p := phase(id, every)
	return instant((floorDiv(after.UnixMilli()-p, every)+1)*every + p)
}

func phase(id probe.ID, every int64) int64 {
	high, _ := bits.Mul64(uint64(id)*golden, uint64(every))
	return int64(high)
}

// millis is a duration in whole milliseconds, at least 1.
func millis(d time.Duration) int64 { return max(d.Milliseconds(), 1) }

func fromMillis(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

// instant is an engine time as others get it.
func instant(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// floorDiv divides and rounds down, for instants before 1970 too. d is positive.
func floorDiv(n, d int64) int64 {
	q := n / d
	if n%d < 0 {
		q--
	}
	return q
}
