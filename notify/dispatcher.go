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
// delays no other; another has the first messages of its conversations show how things
// are.
type Dispatcher struct {
	lanes   map[string]*lane
	editors map[string]*editor
	running atomic.Bool
}

// NewDispatcher prepares to deliver from an outbox, with a sender for every
// destination by name. Messages for other destinations stay where they are. What else
// the outbox and the senders can do is used: [Roots] and [Forwarder], [Finder], [Editor]
// and [Tenant].
func NewDispatcher(outbox Outbox, senders map[string]Sender, log *slog.Logger) *Dispatcher {
	d := &Dispatcher{lanes: make(map[string]*lane, len(senders)), editors: map[string]*editor{}}
	accounts := map[string]*account{}
	roots, _ := outbox.(Roots)
	forwarder, _ := outbox.(Forwarder)
	for _, name := range slices.Sorted(maps.Keys(senders)) {
		sender, log := senders[name], log.With("destination", name)
		var a *account
		if t, ok := sender.(Tenant); ok {
			a = accounts[t.Account()]
			if a == nil {
				a = newAccount(sender, log)
				accounts[t.Account()] = a
			}
		} else {
			a = newAccount(sender, log)
		}
		l := &lane{
			destination: name, outbox: outbox, sender: sender, account: a, log: log,
			wake: make(chan struct{}, 1), forwarder: forwarder, settled: func() {}, meter: &meter{},
		}
		l.finder, _ = sender.(Finder)
		d.lanes[name] = l
		a.wakes = append(a.wakes, func() { wake(l.wake) })
		if does, ok := sender.(Editor); ok && roots != nil {
			e := &editor{destination: name, roots: roots, sender: does, account: a, log: log, wake: make(chan struct{}, 1), wakeLane: func() { wake(l.wake) }, meter: l.meter}
			d.editors[name] = e
			a.wakes = append(a.wakes, func() { wake(e.wake) })
			l.settled = func() { wake(e.wake) }
		}
	}
	return d
}

// FallBack has what cannot be told at a destination be told at the first of others that works. What
// was passed on to one of them that does not work after all goes on to those behind it, unless that
// has a fallback of its own. It is called before [Dispatcher.Run], once per destination.
func (d *Dispatcher) FallBack(from string, to ...string) {
	l := d.lanes[from]
	var all []*lane
	for _, name := range to {
		if other := d.lanes[name]; other != nil && other != l && !slices.Contains(all, other) {
			all = append(all, other)
		}
	}
	if l == nil || len(all) == 0 {
		return
	}
	// Its own come first: they take everything, so that nothing is left for the others.
	l.fallbacks = append([]substitutes{{all: all}}, l.fallbacks...)
	for i := range all[:len(all)-1] {
		all[i].fallbacks = append(all[i].fallbacks, substitutes{of: from, all: all[i+1:]})
	}
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
	for _, e := range d.editors {
		lanes.Go(func() { e.run(ctx) })
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
	wake(l.wake)
	if e := d.editors[destination]; e != nil {
		wake(e.wake)
	}
}

func wake(sleeper chan struct{}) {
	select {
	case sleeper <- struct{}{}:
	default: // one wake is as good as two
	}
}

// Health is how the deliveries to a destination are going.
type Health struct {
	Destination  string
	FailingSince time.Time // zero while they succeed
	LastError    string    // of the last delivery that did not succeed, even if others did since
	LastErrorAt  time.Time
	BlindSince   time.Time // while the outbox cannot be read or written; else zero

	Paused     bool // nothing is sent there: people must act first, or nothing has got through
	Deliveries Deliveries

	why    string // the same as LastError, without the kind of trouble
	closed bool   // people must act, at this destination
}

// Health returns how every destination is doing, sorted by name.
func (d *Dispatcher) Health() []Health {
	var all []Health
	for _, name := range slices.Sorted(maps.Keys(d.lanes)) {
		all = append(all, d.lanes[name].healthNow())
	}
	return all
}
