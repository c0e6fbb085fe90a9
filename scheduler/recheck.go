package scheduler

import (
	"slices"
	"time"

	"github.com/go-co-op/gocron/v2"

	"sonde/probe"
)

// bucketWidth is how finely re-checks are timed, in ms: those of one bucket share
// a gocron job.
const bucketWidth = 100

// Recheck has a probe asked once more at an engine time, or up to 100 ms later; at
// once if that is past. Nothing is asked if the probe is then being asked anyway or
// is unknown: its next slot will tell; nor if it is on hold: that is a [Miss]. What
// is asked for before Start is made after it. It does not block.
func (s *Scheduler) Recheck(id probe.ID, at time.Time) {
	s.mu.Lock()
	if s.draining {
		s.mu.Unlock()
		return
	}
	bucket := s.clock.millis()
	if ms := at.UnixMilli(); ms > bucket {
		bucket = -floorDiv(-ms, bucketWidth) * bucketWidth
	}
	ids, known := s.buckets[bucket]
	s.buckets[bucket] = append(ids, id)
	if !known {
		s.newBuckets = append(s.newBuckets, bucket)
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default: // the keeper has not yet answered the last call
	}
}

// followRechecks makes the gocron jobs of re-checks that were asked for.
func (s *Scheduler) followRechecks() error {
	s.jobs.Lock()
	defer s.jobs.Unlock()
	return s.armRechecks()
}

// armRechecks makes the gocron jobs of buckets that have none. The caller holds
// s.jobs.
func (s *Scheduler) armRechecks() error {
	s.mu.Lock()
	buckets := s.newBuckets
	s.newBuckets = nil
	s.mu.Unlock()
	for _, bucket := range buckets {
		if err := s.once(bucket, s.recheckDue); err != nil {
			return err
		}
	}
	return nil
}

// once has gocron run something once at an engine time, or at once if it is past.
// The caller holds s.jobs.
func (s *Scheduler) once(at int64, task func()) error {
	if at <= s.clock.millis() {
		return s.add(gocron.OneTimeJob(gocron.OneTimeJobStartImmediately()), task, gocron.WithLimitedRuns(1))
	}
	// Not a OneTimeJob: gocron 2.21.2 loops for ever if that one's instant passes
	// between the call and its own look at it. A job of one run is moved on instead.
	return s.add(gocron.DurationJob(fromMillis(bucketWidth)), task, gocron.WithLimitedRuns(1),
		gocron.WithStartAt(gocron.WithStartDateTimePast(instant(at))))
}

// recheckDue makes the re-checks of all buckets whose time has come.
func (s *Scheduler) recheckDue() { s.report(s.makeRechecks()) }

// makeRechecks asks who is due and may be asked, and returns who is on hold.
func (s *Scheduler) makeRechecks() (held []Miss) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.millis()
	for _, bucket := range s.sortedBuckets() {
		if bucket > now {
			return held
		}
		for _, id := range s.buckets[bucket] {
			m := s.members[id]
			switch {
			case m == nil || m.is != idle:
				s.count.droppedRechecks++
			case now < m.held:
				held = append(held, s.spareRecheck(m, now))
			default:
				s.ask(m, probe.Recheck, now)
			}
		}
		delete(s.buckets, bucket)
	}
	return held
}

// spareRecheck says that a re-check was not made because of a hold. The caller holds the lock.
func (s *Scheduler) spareRecheck(m *member, now int64) Miss {
	s.count.heldRechecks++
	return Miss{Probe: m.id, From: instant(now), To: instant(now), Reason: m.why, Run: probe.Recheck}
}

func (s *Scheduler) sortedBuckets() []int64 {
	buckets := make([]int64, 0, len(s.buckets))
	for bucket := range s.buckets {
		buckets = append(buckets, bucket)
	}
	slices.Sort(buckets)
	return buckets
}
