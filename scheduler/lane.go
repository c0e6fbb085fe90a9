package scheduler

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"time"

	"sonde/probe"
)

const (
	maxLanes     = 100 // per interval: beyond that, gocron's cost per tick shows
	perLane      = 10  // members that make another lane worth its tick
	minLaneWidth = 10  // ms

	// tickLead is how much earlier than its window a lane is ticked, so that
	// gocron's own latency never makes a slot late.
	tickLead = 20 // ms

	// tickMargin is the least time from adding a lane's job to its first tick.
	// Were it in the past when gocron takes the job, gocron would skip to the
	// next interval; a nearer tick is therefore made by a job of its own.
	tickMargin = 100 // ms
)

// lane is the probes of one interval whose phases lie in one window. Everything
// in it is guarded by the scheduler's lock.
type lane struct {
	every   int64     // ms
	start   int64     // the phase at which the window begins, ms
	members []*member // by phase

	// The first slot that is not accounted for is members[next]'s of this cycle.
	cycle int64
	next  int

	through int64 // the last cycle that a tick has come for
	pacing  bool  // a tick is at work; others only raise through
}

// lanesOf spreads members over lanes, and points every lane at its first slot
// after now.
func lanesOf(members map[probe.ID]*member, now int64) []*lane {
	byInterval := map[int64][]*member{}
	for _, m := range members {
		byInterval[m.every] = append(byInterval[m.every], m)
	}
	var lanes []*lane
	for _, every := range slices.Sorted(maps.Keys(byInterval)) {
		lanes = append(lanes, spread(byInterval[every], every)...)
	}
	for _, l := range lanes {
		l.rearm(now)
	}
	return lanes
}

// rearm makes the lane ready for a new gocron job: nothing up to now is left to
// do, and the windows that begin before that job's first tick are open.
func (l *lane) rearm(now int64) {
	l.seek(now)
	l.through = floorDiv(now+tickMargin+tickLead-l.start, l.every)
	l.pacing = false
}

// spread makes the lanes of one interval; only those that have members.
func spread(members []*member, every int64) []*lane {
	slices.SortFunc(members, func(a, b *member) int {
		return cmp.Or(cmp.Compare(a.phase, b.phase), cmp.Compare(a.id, b.id))
	})
	count := int64(min(maxLanes, (len(members)+perLane-1)/perLane))
	count = max(1, min(count, every/minLaneWidth))
	var lanes []*lane
	last := int64(-1)
	for _, m := range members {
		if k := m.phase * count / every; k != last {
			lanes = append(lanes, &lane{every: every, start: (k*every + count - 1) / count})
			last = k
		}
		l := lanes[len(lanes)-1]
		l.members = append(l.members, m)
	}
	for _, l := range lanes {
		l.members = slices.Clip(l.members)
	}
	return lanes
}

// slot is the first slot that is not accounted for, and whose it is.
func (l *lane) slot() (*member, int64) {
	m := l.members[l.next]
	return m, l.cycle*l.every + m.phase
}

func (l *lane) advance() {
	l.next++
	if l.next == len(l.members) {
		l.next = 0
		l.cycle++
	}
}

// seek goes to the first slot after t.
func (l *lane) seek(t int64) {
	l.cycle = floorDiv(t, l.every)
	into := t - l.cycle*l.every
	l.next = sort.Search(len(l.members), func(i int) bool { return l.members[i].phase > into })
	if l.next == len(l.members) {
		l.next = 0
		l.cycle++
	}
}

// skip accounts for all slots up to t as missed, however many they are.
func (l *lane) skip(t int64, why probe.Reason) []Miss {
	var missed []Miss
	for i, m := range l.members {
		from := l.cycle
		if i < l.next {
			from++
		}
		to := floorDiv(t-m.phase, l.every)
		if to >= from {
			missed = append(missed, m.missed(from*l.every+m.phase, to*l.every+m.phase, why)...)
		}
	}
	if _, at := l.slot(); at <= t {
		l.seek(t)
	}
	return missed
}

// firstTick is when gocron is to tick the lane first: before the window after
// the one that through covers.
func (l *lane) firstTick() time.Time {
	return instant((l.through+1)*l.every + l.start - tickLead)
}

// tick is called by gocron: it lets the lane's slots of the window that begins
// now be kept, and keeps them unless an earlier tick is still at it.
func (s *Scheduler) tick(l *lane, era chan struct{}) {
	s.mu.Lock()
	if s.era != era {
		s.mu.Unlock()
		return
	}
	now := s.clock.millis()
	s.lastTick = now
	if n := floorDiv(now+tickLead-l.start, l.every); n > l.through {
		s.count.droppedTicks += uint64(n - l.through - 1)
		l.through = n
	}
	busy := l.pacing
	l.pacing = true
	s.mu.Unlock()
	if !busy {
		s.pace(l, era)
	}
}

// pace keeps the slots of a lane at their instants, as far as ticks have come.
func (s *Scheduler) pace(l *lane, era chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		wait, more, missed := s.step(l, era)
		s.report(missed)
		if !more {
			return
		}
		timer.Reset(wait)
		select {
		case <-era:
			return
		case <-timer.C:
		}
	}
}

// step starts the runs that are due, and says how long it is to the next one.
func (s *Scheduler) step(l *lane, era chan struct{}) (wait time.Duration, more bool, missed []Miss) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.era != era {
		return 0, false, nil
	}
	now := s.clock.millis()
	if _, at := l.slot(); now-at > maxSlack && l.cycle <= l.through {
		missed = l.skip(now-maxSlack-1, probe.ProberOverload)
	}
	for l.cycle <= l.through {
		m, at := l.slot()
		if at > now {
			return s.clock.untilExactly(at), true, missed
		}
		l.advance()
		missed = append(missed, s.due(m, at, now)...)
	}
	l.pacing = false
	return 0, false, missed
}
