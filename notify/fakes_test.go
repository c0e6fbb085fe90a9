package notify_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"sonde/incident"
	"sonde/notify"
)

// row is a message in the outbox of these tests.
type row struct {
	message notify.Message
	state   notify.State
	next    time.Time
	err     string
	settled []notify.Settlement
}

// memory is an outbox that keeps the promises of notify.Outbox in memory.
type memory struct {
	mu      sync.Mutex
	rows    []*row
	threads map[string]notify.Thread // by destination and incident
	broken  error                    // what every call answers with, if set
	claims  int
}

func newMemory() *memory { return &memory{threads: map[string]notify.Thread{}} }

// add commits a message and returns it as it is stored.
func (o *memory) add(destination string, about incident.ID, change incident.Change) notify.Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	id := notify.MessageID(len(o.rows) + 1)
	now := time.Now()
	m := notify.Message{
		ID: id, Key: fmt.Sprintf("%s:%s:%s:%d", about, destination, change, id), Destination: destination,
		Incident: about, Change: change, CreatedAt: now,
	}
	o.rows = append(o.rows, &row{message: m, next: now})
	return m
}

func (o *memory) Claim(_ context.Context, destination string, now time.Time) (*notify.Claim, time.Time, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.claims++
	if o.broken != nil {
		return nil, time.Time{}, o.broken
	}
	var next time.Time
	blocked := map[incident.ID]bool{}
	for _, r := range o.rows {
		m := r.message
		if m.Destination != destination || r.state > notify.StateSending || blocked[m.Incident] {
			continue
		}
		blocked[m.Incident] = true
		if r.state == notify.StateSending {
			continue
		}
		if !r.next.After(now) {
			r.state = notify.StateSending
			return &notify.Claim{Message: m, Thread: o.threads[destination+m.Incident.String()]}, time.Time{}, nil
		}
		if next.IsZero() || r.next.Before(next) {
			next = r.next
		}
	}
	return nil, next, nil
}

func (o *memory) Settle(ctx context.Context, id notify.MessageID, s notify.Settlement) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if o.broken != nil {
		return o.broken
	}
	r := o.rows[id-1]
	r.state, r.next, r.err = s.State, s.Next, s.Err
	r.settled = append(r.settled, s)
	r.message.Repeat, r.message.Doubt = r.message.Repeat || s.Repeat, s.Doubt
	if s.Counted {
		r.message.Attempts++
	}
	if !s.Thread.IsZero() {
		o.threads[r.message.Destination+r.message.Incident.String()] = s.Thread
	}
	return nil
}

func (o *memory) breakWith(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.broken = err
}

// in returns how many messages are in a state.
func (o *memory) in(state notify.State) (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range o.rows {
		if r.state == state {
			n++
		}
	}
	return n
}

func (o *memory) row(id notify.MessageID) row {
	o.mu.Lock()
	defer o.mu.Unlock()
	return *o.rows[id-1]
}

func (o *memory) claimed() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.claims
}

// delivery is a call of a sender that it answered.
type delivery struct {
	message notify.Message
	thread  notify.Thread
	at      time.Time
	err     error
}

// scripted is a sender that answers as its script says.
type scripted struct {
	mu     sync.Mutex
	calls  []delivery
	answer func(ctx context.Context, m notify.Message, call int) error
}

func (s *scripted) Send(ctx context.Context, m notify.Message, thread notify.Thread) (notify.Thread, error) {
	s.mu.Lock()
	call := len(s.calls) + 1
	s.calls = append(s.calls, delivery{})
	s.mu.Unlock()
	var err error
	if s.answer != nil {
		err = s.answer(ctx, m, call)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[call-1] = delivery{m, thread, time.Now(), err}
	if err != nil {
		return notify.Thread{}, err
	}
	if thread.IsZero() {
		thread = notify.Thread{Channel: "C1", Root: m.Key}
	}
	return thread, nil
}

func (s *scripted) all() []delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]delivery(nil), s.calls...)
}

// sent returns the deliveries that succeeded.
func (s *scripted) sent() []delivery {
	var ok []delivery
	for _, d := range s.all() {
		if d.err == nil {
			ok = append(ok, d)
		}
	}
	return ok
}
