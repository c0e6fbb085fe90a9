package notify

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Dispatcher delivers what the outbox holds. Every destination has a goroutine of
// its own and gets one message at a time, so that a slow or broken destination
// delays no other.
type Dispatcher struct {
	lanes   map[string]*lane
	running atomic.Bool
}

// NewDispatcher prepares to deliver from an outbox, with a sender for every
// destination by name. Messages for other destinations stay where they are.
func NewDispatcher(outbox Outbox, senders map[string]Sender, log *slog.Logger) *Dispatcher {
	d := &Dispatcher{lanes: make(map[string]*lane, len(senders))}
	for name, sender := range senders {
		d.lanes[name] = &lane{
			destination: name,
			outbox:      outbox,
			sender:      sender,
			log:         log.With("destination", name),
			wake:        make(chan struct{}, 1),
		}
	}
	return d
}

// Run delivers until ctx ends, and returns when all deliveries have stopped. The
// only error is that it runs already.
func (d *Dispatcher) Run(ctx context.Context) error {
	if !d.running.CompareAndSwap(false, true) {
		return errors.New("deliver messages: already running")
	}
	defer d.running.Store(false)
	var lanes sync.WaitGroup
	for _, l := range d.lanes {
		lanes.Go(func() { l.run(ctx) })
	}
	lanes.Wait()
	return nil
}

// Wake tells that messages for a destination were committed. It never blocks.
func (d *Dispatcher) Wake(destination string) {
	l, known := d.lanes[destination]
	if !known {
		return
	}
	select {
	case l.wake <- struct{}{}:
	default: // one wake is as good as two
	}
}

// Health is how the deliveries to a destination are going.
type Health struct {
	Destination  string
	FailingSince time.Time // zero while they succeed
	LastError    string    // of the last delivery that did not succeed, even if others did since
	LastErrorAt  time.Time
}

// Health returns how every destination is doing, sorted by name.
func (d *Dispatcher) Health() []Health {
	var all []Health
	for _, name := range slices.Sorted(maps.Keys(d.lanes)) {
		all = append(all, d.lanes[name].healthNow())
	}
	return all
}
