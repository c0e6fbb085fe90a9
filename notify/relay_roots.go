package notify

import (
	"context"
	"slices"
	"time"
)

// Stale passes on what the store knows of first messages, see [Roots]. Those that are not
// stored yet show what they showed at first.
func (r *Relay) Stale(ctx context.Context, destination string, now time.Time) (*Root, time.Time, error) {
	if roots, ok := r.stored.(Roots); ok {
		return roots.Stale(ctx, destination, now)
	}
	return nil, time.Time{}, nil
}

// Renew passes on what became of a first message, see [Roots].
func (r *Relay) Renew(ctx context.Context, root *Root, end Renewal) error {
	if roots, ok := r.stored.(Roots); ok {
		return roots.Renew(ctx, root, end)
	}
	return nil
}

// Forward has told elsewhere what waits in the store and what waits in memory, see [Forwarder].
// What is in memory is told from there, so that a full disk keeps nothing back.
func (r *Relay) Forward(ctx context.Context, f Forwarding) (n int, err error) {
	n = r.forwardStrands(&f)
	if stored, ok := r.stored.(Forwarder); ok {
		more, err := stored.Forward(ctx, f)
		return n + more, err
	}
	return n, nil
}

func (r *Relay) forwardStrands(f *Forwarding) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range slices.Clone(r.strands) {
		if s.Destination != f.From || s.forwarded || s.at.State.ended() || s.underWay || f.Critical && !s.Message.Critical() {
			continue
		}
		s.forwarded = true
		if m, ok := f.Take(s.Message, false); ok {
			r.last--
			m.ID, m.Repeat = r.last, true
			r.strands = append(r.strands, &strand{Message: m, notice: true})
			n++
		}
	}
	return n
}
