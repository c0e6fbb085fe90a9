package scheduler

import (
	"time"

	"sonde/probe"
)

const (
	minSlack = 50   // ms
	maxSlack = 1000 // ms: later than that is no longer on time
	none     = -1 << 63
)

// standing is what a probe is doing.
type standing uint8

const (
	idle    standing = iota
	waiting          // for a place in the pool
	flying
)

// member is one probe and where it stands; guarded by the scheduler's lock.
type member struct {
	id      probe.ID
	target  *probe.Target
	every   int64 // ms
	phase   int64 // ms
	at      int64 // the slot of the run that waits or flies; none if it has none
	pending int64 // the slot that came during a run; none if none did
	held    int64 // slots before this are not asked
	why     probe.Reason
	kind    probe.RunKind // of the run that waits or flies
	is      standing
	ran     bool // a run was made since Start, or since the clock jumped over a slot
	gone    bool // removed by Reload
}

// patience is how late, in ms, a slot may still be kept that one of the probe's own runs
// delayed: as long as its run would end before the next slot.
func (m *member) patience() int64 {
	return max(minSlack, m.every-m.target.Timeout.Milliseconds())
}

// slack is how late, in ms, a slot may still be kept that had to wait for a place.
func (m *member) slack() int64 { return min(maxSlack, m.patience()) }

// missed says that the slots from..to were not kept; those on hold for the
// hold's own reason.
func (m *member) missed(from, to int64, why probe.Reason) []Miss {
	if from >= m.held {
		return []Miss{m.miss(from, to, why)}
	}
	if from == to {
		return []Miss{m.miss(from, to, m.why)}
	}
	lastHeld := floorDiv(m.held-1-m.phase, m.every)*m.every + m.phase
	if to <= lastHeld {
		return []Miss{m.miss(from, to, m.why)}
	}
	return []Miss{m.miss(from, lastHeld, m.why), m.miss(lastHeld+m.every, to, why)}
}

func (m *member) miss(from, to int64, why probe.Reason) Miss {
	return Miss{Probe: m.id, From: instant(from), To: instant(to), Reason: why}
}

// unpend takes the slot that came during a run away, as missed.
func (m *member) unpend(why probe.Reason) []Miss {
	if m.pending == none {
		return nil
	}
	at := m.pending
	m.pending = none
	return m.missed(at, at, why)
}

// request is a run that waits for a place. It is void once its member no longer
// waits for this very run.
type request struct {
	m    *member
	kind probe.RunKind
	at   int64
}

func (r request) void() bool { return r.m.is != waiting || r.m.kind != r.kind || r.m.at != r.at }

// queue is first in, first out.
type queue struct {
	items []request
	head  int
}

func (q *queue) push(r request) {
	if q.head > len(q.items)/2 {
		// A queue that never runs empty must not keep what has left it.
		kept := copy(q.items, q.items[q.head:])
		clear(q.items[kept:])
		q.items, q.head = q.items[:kept], 0
	}
	q.items = append(q.items, r)
}

// pop takes the first request that is not void.
func (q *queue) pop() (request, bool) {
	for q.head < len(q.items) {
		r := q.items[q.head]
		q.items[q.head] = request{}
		q.head++
		if !r.void() {
			return r, true
		}
	}
	*q = queue{items: q.items[:0]}
	return request{}, false
}

// due keeps a slot whose instant has come: by a run now, by one that waits for a
// place, or by one right after the run that is still in flight.
func (s *Scheduler) due(m *member, at, now int64) []Miss {
	if why, refused := s.refuse(m, at, now, m.slack()); refused {
		return m.missed(at, at, why)
	}
	var missed []Miss
	switch m.is {
	case flying:
		missed = m.unpend(probe.ProberOverload)
		m.pending = at
	case waiting:
		if m.kind == probe.Scheduled {
			missed = m.missed(m.at, m.at, probe.ProberOverload)
		}
		s.ask(m, probe.Scheduled, at)
	case idle:
		s.ask(m, probe.Scheduled, at)
	}
	return missed
}

// refuse says why a slot must not be asked at all, or not any more.
func (s *Scheduler) refuse(m *member, at, now, slack int64) (probe.Reason, bool) {
	switch {
	case s.draining:
		return probe.Canceled, true
	case at < m.held:
		return m.why, true
	case now-at > slack:
		return probe.ProberOverload, true
	}
	return probe.OK, false
}

// ask starts a run, or lets it wait for a place. Slots go before other runs.
func (s *Scheduler) ask(m *member, kind probe.RunKind, at int64) {
	m.kind, m.at = kind, at
	if s.inFlight < s.limit {
		s.inFlight++
		s.launch(s.takeOff(m))
		return
	}
	m.is = waiting
	r := request{m, kind, at}
	if kind == probe.Scheduled {
		s.slots.push(r)
	} else {
		s.others.push(r)
	}
}

// nextWaiting is the run that gets the place that became free.
func (s *Scheduler) nextWaiting(now int64) (*member, []Miss) {
	var missed []Miss
	for {
		r, ok := s.slots.pop()
		if !ok {
			break
		}
		why, refused := s.refuse(r.m, r.at, now, r.m.slack())
		if !refused {
			return r.m, missed
		}
		r.m.is = idle
		missed = append(missed, r.m.missed(r.at, r.at, why)...)
	}
	for {
		r, ok := s.others.pop()
		if !ok {
			return nil, missed
		}
		if !s.draining && r.m.held <= now {
			return r.m, missed
		}
		r.m.is = idle
		if r.kind == probe.Recheck && r.m.held > now {
			missed = append(missed, s.spareRecheck(r.m, now))
		}
	}
}

// expire takes the slots away that have waited too long for a place, so that
// they are accounted for even if no run ends.
func (s *Scheduler) expire(now int64) (missed []Miss) {
	for _, r := range s.slots.items[s.slots.head:] {
		if r.void() {
			continue
		}
		if why, refused := s.refuse(r.m, r.at, now, r.m.slack()); refused {
			r.m.is = idle
			missed = append(missed, r.m.missed(r.at, r.at, why)...)
		}
	}
	return missed
}

// dropLate takes all slots away that wait, for a place or for a run to end, and
// that are too late to be kept; or all of them, and other runs that wait.
func (s *Scheduler) dropLate(now int64, all bool, why probe.Reason) (missed []Miss) {
	for _, m := range s.members {
		if m.pending != none && (all || now-m.pending > m.patience()) {
			missed = append(missed, m.unpend(why)...)
		}
		late := m.kind == probe.Scheduled && now-m.at > m.slack()
		if m.is != waiting || !all && !late {
			continue
		}
		m.is = idle
		if m.kind == probe.Scheduled {
			missed = append(missed, m.missed(m.at, m.at, why)...)
		}
	}
	return missed
}

// lateness is how long after its slot a run starts.
func (s *Scheduler) lateness(at int64) time.Duration { return max(0, -s.clock.untilExactly(at)) }
