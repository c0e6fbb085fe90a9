package notify

import (
	"sync"
	"time"
)

// sendBounds are the bounds between which deliveries are counted by how long they took. The last one
// is longer than any should.
var sendBounds = [...]time.Duration{50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second}

// Deliveries are what was seen of a destination since the start.
type Deliveries struct {
	Below     map[time.Duration]uint64 // attempts that took no longer, successful or not
	Sum       time.Duration
	Count     uint64
	Throttled uint64 // how often a pause was asked for

	Simplified uint64 // messages that were told in a simpler form than the full one
}

// Simplifier is a sender that tells a message in a simpler form if it has to.
type Simplifier interface {
	// Simplified is how many messages were told in a simpler form since the start.
	Simplified() uint64
}

// meter counts what is seen of a destination. It is safe for use by several goroutines.
type meter struct {
	mu        sync.Mutex
	counts    [len(sendBounds)]uint64 // by the first bound that is not exceeded
	sum       time.Duration
	count     uint64
	throttles uint64
}

// sent counts an attempt.
func (m *meter) sent(took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sum += took
	m.count++
	for i, bound := range sendBounds {
		if took <= bound {
			m.counts[i]++
			return
		}
	}
}

// throttled counts a pause that was asked for.
func (m *meter) throttled() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.throttles++
}

// deliveries is what was counted so far.
func (m *meter) deliveries(sender any) Deliveries {
	m.mu.Lock()
	d := Deliveries{Below: make(map[time.Duration]uint64, len(sendBounds)), Sum: m.sum, Count: m.count, Throttled: m.throttles}
	var below uint64
	for i, bound := range sendBounds {
		below += m.counts[i]
		d.Below[bound] = below
	}
	m.mu.Unlock()
	if s, ok := sender.(Simplifier); ok {
		d.Simplified = s.Simplified()
	}
	return d
}
