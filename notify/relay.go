package notify

import (
	"context"
	"slices"
	"sync"
	"time"

	"sonde/incident"
)

// Stored is as much of the store as a relay needs.
type Stored interface {
	Outbox

	// Look reads what is not delivered yet to a destination, oldest first, and where it
	// keeps the conversations about these and some more incidents. It writes nothing.
	Look(ctx context.Context, destination string, about []incident.ID) (View, error)
}

// View is what a store holds for a destination.
type View struct {
	Waiting []Waiting
	Threads map[incident.ID]Thread
}

// Waiting is a message that is neither sent nor dead.
type Waiting struct {
	Message Message
	Next    time.Time
}

// Delivery is how far a message has got that was delivered before it was stored.
type Delivery struct {
	Settlement
	Attempts int
}

// Relay is the outbox of a store whose disk may be full or failing: messages that
// cannot be stored are delivered from memory, and so are those whose claim cannot be
// written. What became of them is written as soon as that is possible. While the disk is
// well it only passes on.
type Relay struct {
	stored Stored

	mu      sync.Mutex
	last    MessageID             // given to a stranded message; these are negative
	strands []*strand             // oldest first
	held    map[MessageID]*holder // stored messages that were claimed or settled in memory
}

// strand is a message that is not stored yet, or whose delivery began before it was.
type strand struct {
	Message
	at       Delivery
	touched  bool // its delivery has begun
	underWay bool
	stored   bool
	notice   bool // is never to be stored

	forwarded bool // it is told elsewhere, too
}

// holder is a stored message whose settlements wait to be written.
type holder struct {
	destination string
	incident    incident.ID
	settled     []Settlement
	thread      Thread
}

// NewRelay makes a relay before a store.
func NewRelay(stored Stored) *Relay {
	return &Relay{stored: stored, held: map[MessageID]*holder{}}
}

// Strand takes messages that cannot be stored now, to deliver them from memory as
// possible repeats: what is not stored is forgotten by a crash and told again.
func (r *Relay) Strand(messages []Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range messages {
		if i := slices.IndexFunc(r.strands, func(s *strand) bool { return s.Key == m.Key }); i >= 0 {
			if s := r.strands[i]; m.Amends && !s.touched {
				s.Body = m.Body
			}
			continue
		}
		if m.Amends || m.Body.Chart != 0 {
			continue // it is shown once it is stored
		}
		r.last--
		m.ID, m.Repeat = r.last, true
		r.strands = append(r.strands, &strand{Message: m, at: Delivery{Settlement: Settlement{Next: m.After}}})
	}
}

// Unstored reports whether there are messages that were taken and are not stored.
func (r *Relay) Unstored() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.strands, func(s *strand) bool { return !s.notice && !s.stored })
}

// Tell takes notices, which are delivered from memory and never stored.
func (r *Relay) Tell(notices []Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range notices {
		r.last--
		m.ID = r.last
		r.strands = append(r.strands, &strand{Message: m, notice: true})
	}
}

// Delivered says how far each of the stranded among some messages has got, by key.
func (r *Relay) Delivered(messages []Message) map[string]Delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all map[string]Delivery
	for _, s := range r.strands {
		if !slices.ContainsFunc(messages, func(m Message) bool { return m.Key == s.Key }) {
			continue
		}
		if all == nil {
			all = map[string]Delivery{}
		}
		d := s.at
		d.Attempts = s.Attempts
		d.Repeat = d.Repeat || s.touched
		if s.underWay {
			d.State = StateSending // after a crash it is a possible repeat
		}
		all[s.Key] = d
	}
	return all
}

// Committed tells that messages are stored, as [Relay.Delivered] said at some time before.
func (r *Relay) Committed(messages []Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.strands = slices.DeleteFunc(r.strands, func(s *strand) bool {
		if !slices.ContainsFunc(messages, func(m Message) bool { return m.Key == s.Key }) {
			return false
		}
		s.stored = true
		return !s.touched
	})
}

// Claim takes the oldest due message, see [Outbox].
func (r *Relay) Claim(ctx context.Context, destination string, now time.Time) (*Claim, time.Time, error) {
	if r.reconcile(ctx, destination) {
		c, next, err := r.stored.Claim(ctx, destination, now)
		if c != nil {
			r.hold(c.Message)
		}
		if err == nil || ctx.Err() != nil {
			return c, next, err
		}
	}
	view, err := r.look(ctx, destination)
	if err != nil && len(r.about(destination)) == 0 {
		return nil, time.Time{}, err
	}
	// Even when nothing can be read, what is in memory is told.
	c, next := r.pick(destination, view, now)
	if retry := now.Add(backoffLast / 12); c == nil && (next.IsZero() || next.After(retry)) {
		next = retry // nobody wakes a lane when the disk is back
	}
	return c, next, nil
}

// about lists the incidents that stranded messages for a destination are about.
func (r *Relay) about(destination string) []incident.ID {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ids []incident.ID
	for _, s := range r.strands {
		if s.Destination == destination {
			ids = append(ids, s.Incident)
		}
	}
	return ids
}

func (r *Relay) look(ctx context.Context, destination string) (View, error) {
	return r.stored.Look(ctx, destination, r.about(destination))
}

// pick takes the oldest due message in memory. What is stored comes before what is
// stranded; within an incident nothing overtakes.
func (r *Relay) pick(destination string, view View, now time.Time) (c *Claim, next time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	blocked := map[incident.ID]bool{}
	due := func(about incident.ID, at time.Time) bool {
		if blocked[about] {
			return false
		}
		blocked[about] = true
		if !at.After(now) {
			return true
		}
		if next.IsZero() || at.Before(next) {
			next = at
		}
		return false
	}
	for _, w := range view.Waiting {
		if r.stranded(w.Message.Key) || w.Message.Body.Chart != 0 {
			continue
		}
		m, at := w.Message, w.Next
		if h := r.held[m.ID]; h != nil {
			for _, s := range h.settled {
				m.Repeat, m.Doubt = m.Repeat || s.Repeat, s.Doubt
				if at = s.Next; s.Counted {
					m.Attempts++
				}
			}
			if n := len(h.settled); n > 0 && h.settled[n-1].State != StatePending {
				continue
			}
		}
		if due(m.Incident, at) {
			if r.held[m.ID] == nil {
				r.held[m.ID] = &holder{destination: destination, incident: m.Incident}
			}
			m.Repeat = true // after a crash it is told again
			return &Claim{Message: m, Thread: r.thread(destination, m.Incident, view)}, time.Time{}
		}
	}
	for _, s := range r.strands {
		if s.Destination != destination || s.at.State.ended() {
			continue
		}
		if due(s.Incident, s.at.Next) {
			s.touched, s.underWay = true, true
			return &Claim{Message: s.Message, Thread: r.thread(destination, s.Incident, view)}, time.Time{}
		}
	}
	return nil, next
}

func (r *Relay) stranded(key string) bool {
	return slices.ContainsFunc(r.strands, func(s *strand) bool { return s.Key == key })
}

// thread is where the conversation goes on: the latest that is known.
func (r *Relay) thread(destination string, about incident.ID, view View) Thread {
	if about == 0 {
		return Thread{} // notices are no conversation
	}
	thread := view.Threads[about]
	for _, h := range r.held {
		if h.destination == destination && h.incident == about && !h.thread.IsZero() {
			thread = h.thread
		}
	}
	for _, s := range r.strands {
		if s.Destination == destination && s.Incident == about && !s.at.Thread.IsZero() {
			thread = s.at.Thread
		}
	}
	return thread
}

// Settle notes how a delivery ended. It does not wait for the disk: what cannot be
// written now is written before the next claim.
func (r *Relay) Settle(ctx context.Context, id MessageID, s Settlement) error {
	if destination, ok := r.settleStrand(id, s); ok {
		r.reconcile(ctx, destination)
		return nil
	}
	r.mu.Lock()
	h := r.held[id]
	if h == nil {
		r.mu.Unlock()
		return r.stored.Settle(ctx, id, s)
	}
	h.settled = append(h.settled, s)
	if !s.Thread.IsZero() {
		h.thread = s.Thread
	}
	r.mu.Unlock()
	if !r.flush(ctx, id, h) && ctx.Err() != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		h.settled = h.settled[:len(h.settled)-1] // the lane has one more chance
		return ctx.Err()
	}
	return nil
}

// hold notes that a stored message is being delivered.
func (r *Relay) hold(m Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held[m.ID] == nil {
		r.held[m.ID] = &holder{destination: m.Destination, incident: m.Incident}
	}
}

func (r *Relay) settleStrand(id MessageID, end Settlement) (destination string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.strands {
		if s.ID == id {
			s.at.Settlement, s.underWay, s.Message.Doubt = end, false, end.Doubt
			if end.Counted {
				s.Attempts++
			}
			if len(end.Given) > 0 {
				s.Message.Body.Given = end.Given
			}
			return s.Destination, true
		}
	}
	return "", false
}

// flush writes the settlements of a stored message, and reports whether all are written.
func (r *Relay) flush(ctx context.Context, id MessageID, h *holder) bool {
	for len(h.settled) > 0 {
		if err := r.stored.Settle(ctx, id, h.settled[0]); err != nil {
			return false
		}
		r.mu.Lock()
		h.settled = h.settled[1:]
		r.mu.Unlock()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.held, id)
	return true
}

// reconcile writes down what was settled in memory, and reports whether the store alone
// knows everything again about a destination.
func (r *Relay) reconcile(ctx context.Context, destination string) bool {
	r.mu.Lock()
	held := map[MessageID]*holder{}
	for id, h := range r.held {
		if h.destination == destination {
			held[id] = h
		}
	}
	var ended, others []*strand
	for _, s := range r.strands {
		switch {
		case s.Destination != destination:
		case s.stored && !s.underWay, s.notice && s.at.State.ended():
			ended = append(ended, s)
		default:
			others = append(others, s)
		}
	}
	r.mu.Unlock()
	for id, h := range held {
		if !r.flush(ctx, id, h) {
			return false
		}
	}
	return (len(ended) == 0 || r.write(ctx, destination, ended)) && len(others) == 0
}

// write settles messages that have been stored since their delivery began.
func (r *Relay) write(ctx context.Context, destination string, ended []*strand) bool {
	var view View
	if slices.ContainsFunc(ended, func(s *strand) bool { return !s.notice }) {
		var err error
		if view, err = r.look(ctx, destination); err != nil {
			return false
		}
	}
	for _, s := range ended {
		for _, w := range view.Waiting {
			if w.Message.Key != s.Key {
				continue
			}
			end := s.at.Settlement
			end.Counted = s.Attempts > w.Message.Attempts
			if err := r.stored.Settle(ctx, w.Message.ID, end); err != nil {
				return false
			}
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.strands = slices.DeleteFunc(r.strands, func(s *strand) bool { return slices.Contains(ended, s) })
	return true
}
