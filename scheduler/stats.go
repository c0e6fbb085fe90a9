package scheduler

import (
	"maps"
	"slices"
	"time"

	"sonde/probe"
)

// Stats is what a scheduler has done since it was made, and what it is doing.
type Stats struct {
	Probes   int
	InFlight int // runs that have a place in the pool
	Waiting  int // runs that wait for one

	Runs     map[probe.RunKind]uint64 // that were begun
	Missed   map[probe.Reason]uint64  // slots, not rows of them
	Lateness Lateness                 // of scheduled runs: from the slot to the start

	DroppedTicks    uint64 // of lanes, that gocron owed; the next tick makes up for them
	DroppedRechecks uint64 // not made, because the probe was busy or gone
	HeldRechecks    uint64 // not made, because the probe was on hold
	SkippedUpkeep   uint64 // times at which a task was still busy
	Panics          uint64 // of the prober
	Jumps           uint64 // of engine time

	// LastTick is the engine time of gocron's last call; zero before the first.
	// While gocron lives it is never older than some 5 s.
	LastTick time.Time
}

// Lateness is a histogram of durations.
type Lateness struct {
	Bounds []time.Duration // the upper bounds of the buckets, included in them
	Counts []uint64        // per bucket, not cumulative; one more than Bounds, for the rest
	Sum    time.Duration
	Max    time.Duration
}

// Count is the number of durations.
func (l Lateness) Count() (n uint64) {
	for _, c := range l.Counts {
		n += c
	}
	return n
}

// Quantile is an upper bound of the q-quantile (q from 0 to 1): the bound of its
// bucket, or the maximum if that is less. Without durations it is 0.
func (l Lateness) Quantile(q float64) time.Duration {
	total := l.Count()
	var below uint64
	for i, bound := range l.Bounds {
		below += l.Counts[i]
		if total > 0 && float64(below) >= q*float64(total) {
			return min(bound, l.Max)
		}
	}
	return l.Max
}

var latenessBounds = []time.Duration{
	time.Millisecond, 2 * time.Millisecond, 3 * time.Millisecond, 5 * time.Millisecond, 7500 * time.Microsecond,
	10 * time.Millisecond, 15 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
	250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second,
	10 * time.Second, 30 * time.Second, time.Minute,
}

func (l *Lateness) add(d time.Duration) {
	i, _ := slices.BinarySearch(l.Bounds, d)
	l.Counts[i]++
	l.Sum += d
	l.Max = max(l.Max, d)
}

// counters only ever grow; guarded by the scheduler's lock.
type counters struct {
	runs            [probe.Manual + 1]uint64
	missed          map[probe.Reason]uint64
	lateness        Lateness
	droppedTicks    uint64
	droppedRechecks uint64
	heldRechecks    uint64
	skippedUpkeep   uint64
	panics          uint64
	jumps           uint64
}

func newCounters() counters {
	return counters{
		missed:   map[probe.Reason]uint64{},
		lateness: Lateness{Bounds: latenessBounds, Counts: make([]uint64, len(latenessBounds)+1)},
	}
}

// Stats returns a copy that later events do not change.
func (s *Scheduler) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := Stats{
		Probes: len(s.members), InFlight: s.inFlight, Waiting: s.slots.waiting() + s.others.waiting(),
		Runs: map[probe.RunKind]uint64{}, Missed: maps.Clone(s.count.missed), Lateness: s.count.lateness,
		DroppedTicks: s.count.droppedTicks, DroppedRechecks: s.count.droppedRechecks, HeldRechecks: s.count.heldRechecks, SkippedUpkeep: s.count.skippedUpkeep,
		Panics: s.count.panics, Jumps: s.count.jumps,
	}
	stats.Lateness.Bounds = slices.Clone(latenessBounds)
	stats.Lateness.Counts = slices.Clone(s.count.lateness.Counts)
	for kind, n := range s.count.runs {
		stats.Runs[probe.RunKind(kind)] = n
	}
	if s.lastTick != none {
		stats.LastTick = instant(s.lastTick)
	}
	return stats
}

// waiting is how many of the requests are not void.
func (q *queue) waiting() (n int) {
	for _, r := range q.items[q.head:] {
		if !r.void() {
			n++
		}
	}
	return n
}
