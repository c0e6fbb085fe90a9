package record

import (
	"cmp"
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// hand is what was taken from the queue at once.
type hand struct {
	entries []Entry
	order   []int // in which they are taken

	// Of entries of probes that share something:
	places []int
	sorted []placed
	latest map[probe.ID]time.Time
}

// placed is an entry by its place in the hand, and by when it counts.
type placed struct {
	of    probe.ID
	at    time.Time
	place int
}

// takeWaiting takes what is in the queue, without waiting for more.
func (l *loop) takeWaiting() {
	for taken := 0; taken < queueSize; {
		l.fillHand()
		h := &l.hand
		if len(h.entries) == 0 {
			return
		}
		taken += len(h.entries)
		h.arrange(l.shared.circles)
		for _, i := range h.order {
			l.take(h.entries[i])
		}
		clear(h.entries) // what the attempts saw is large
		h.entries = h.entries[:0]
	}
}

// fillHand adds to the hand what waits, as far as a batch has room for it.
func (l *loop) fillHand() {
	for len(l.hand.entries) < batchSize {
		select {
		case e := <-l.queue:
			l.hand.entries = append(l.hand.entries, e)
		default:
			return
		}
	}
}

// arrange puts what probes that share something have in the order of its instants, and of the same
// instant in that of the probes. What came first only because its way was shorter decides nothing:
// not which incident gets which number, nor what several probes are told to share, nor what begins a
// storm. What one probe has stays in the order in which it came, and so does what shares nothing.
func (h *hand) arrange(circles *incident.Circles) {
	h.order, h.places, h.sorted = h.order[:0], h.places[:0], h.sorted[:0]
	for i := range h.entries {
		h.order = append(h.order, i)
	}
	if len(h.entries) < 2 { // as almost always
		return
	}
	if h.latest == nil {
		h.latest = map[probe.ID]time.Time{}
	}
	clear(h.latest)
	for i := range h.entries {
		e := &h.entries[i]
		if !circles.Shares(e.Probe) {
			continue
		}
		at := e.Input.Until()
		if before := h.latest[e.Probe]; before.After(at) {
			at = before
		}
		h.latest[e.Probe] = at
		h.places, h.sorted = append(h.places, i), append(h.sorted, placed{e.Probe, at, i})
	}
	slices.SortFunc(h.sorted, func(a, b placed) int {
		return cmp.Or(incident.InOrder(a.of, a.at, b.of, b.at), cmp.Compare(a.place, b.place))
	})
	for i, place := range h.places {
		h.order[place] = h.sorted[i].place
	}
}
