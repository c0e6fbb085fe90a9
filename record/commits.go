package record

import (
	"sync"
	"time"
)

// commitBounds are the upper bounds by which commits are counted.
var commitBounds = [...]time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second,
}

// Commits says how long the commits took that succeeded.
type Commits struct {
	Below map[time.Duration]uint64 // cumulative, by upper bound
	Count uint64
	Sum   time.Duration
}

type commits struct {
	mu     sync.Mutex
	counts [len(commitBounds)]uint64
	count  uint64
	sum    time.Duration
}

func (c *commits) add(took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	c.sum += took
	for i, bound := range commitBounds {
		if took <= bound {
			c.counts[i]++
			return
		}
	}
}

func (c *commits) read() Commits {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := Commits{Below: make(map[time.Duration]uint64, len(commitBounds)), Count: c.count, Sum: c.sum}
	var below uint64
	for i, bound := range commitBounds {
		below += c.counts[i]
		all.Below[bound] = below
	}
	return all
}
