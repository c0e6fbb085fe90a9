package scheduler

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-co-op/gocron/v2"

	"sonde/probe"
)

// pulse is how often gocron must call us although no lane is due.
const pulse = 5 * time.Second

// check refuses jobs that cannot be scheduled.
func check(jobs []Job) error {
	seen := make(map[probe.ID]bool, len(jobs))
	for _, j := range jobs {
		switch {
		case seen[j.ID]:
			return fmt.Errorf("probe %d: the id is given twice", j.ID)
		case j.Target == nil || j.Target.Timeout <= 0:
			return fmt.Errorf("probe %d: it needs a target with a timeout above 0", j.ID)
		case j.Interval < fromMillis(minLaneWidth) || j.Interval%time.Millisecond != 0:
			return fmt.Errorf("probe %d: interval %v is not a whole number of milliseconds, 10 or more", j.ID, j.Interval)
		}
		seen[j.ID] = true
	}
	return nil
}

// Reload runs these probes from now on instead of those before. A probe that stays
// keeps its slots, its hold and its run in flight, and misses nothing; one that is
// new gets a first run if its last result is old; of one that is gone only the run
// in flight is still recorded. On an error nothing has changed.
func (s *Scheduler) Reload(jobs []Job) error {
	if err := check(jobs); err != nil {
		return fmt.Errorf("reload the scheduler: %w", err)
	}
	s.jobs.Lock()
	defer s.jobs.Unlock()
	if s.cron == nil {
		return errors.New("reload the scheduler: it has not been started")
	}
	if !s.enter() {
		return errors.New("reload the scheduler: it is being stopped")
	}
	defer s.tasks.Done()
	s.cron.RemoveByTags(tag)
	stale, missed := s.reenrol(jobs)
	s.report(missed)
	if err := s.arm(); err != nil {
		return fmt.Errorf("reload the scheduler: %w", err)
	}
	return s.armFirst(stale)
}

// reenrol keeps what is due by now, and changes to the new jobs.
func (s *Scheduler) reenrol(jobs []Job) (stale []*member, missed []Miss) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.millis()
	for _, l := range s.lanes {
		missed = append(missed, l.skip(now-maxSlack-1, probe.ProberOverload)...)
		for m, at := l.slot(); at <= now; m, at = l.slot() {
			l.advance()
			missed = append(missed, s.due(m, at, now)...)
		}
	}
	s.newEra()
	return s.enrol(jobs), missed
}

// enrol makes members of jobs, spreads them over lanes, and returns those that
// need a first run. Members that stay are kept. The caller holds the lock.
func (s *Scheduler) enrol(jobs []Job) (stale []*member) {
	now := s.clock.millis()
	members := make(map[probe.ID]*member, len(jobs))
	for _, j := range jobs {
		m := s.members[j.ID]
		if m == nil {
			m = &member{id: j.ID, at: none, pending: none, held: none}
			if !j.Held.IsZero() {
				m.held, m.why = j.Held.UnixMilli(), j.HeldFor
			}
			if j.LastResult.IsZero() || now-j.LastResult.UnixMilli() >= millis(j.Interval) {
				stale = append(stale, m)
			}
		}
		m.target, m.every = j.Target, millis(j.Interval)
		m.phase = phase(m.id, m.every)
		members[m.id] = m
	}
	for id, m := range s.members {
		if members[id] == nil {
			m.gone, m.pending = true, none
			if m.is == waiting {
				m.is = idle
			}
		}
	}
	s.members = members
	s.lanes = lanesOf(members, now)
	return stale
}

// arm makes the gocron jobs of everything but first runs. The caller holds s.jobs.
func (s *Scheduler) arm() error {
	s.mu.Lock()
	era, lanes := s.era, s.lanes
	s.newBuckets = s.sortedBuckets()
	s.mu.Unlock()
	for _, l := range lanes {
		if err := s.armLane(l, era); err != nil {
			return err
		}
	}
	for _, u := range s.upkeeps {
		if err := s.armUpkeep(u); err != nil {
			return err
		}
	}
	if err := s.armRechecks(); err != nil {
		return err
	}
	return s.add(gocron.DurationJob(pulse), s.beat)
}

// armLane makes the gocron job of a lane, and a tick at once if its window is
// near or has begun.
func (s *Scheduler) armLane(l *lane, era chan struct{}) error {
	tick := func() { s.tick(l, era) }
	s.mu.Lock()
	begun, first := l.cycle <= l.through, l.firstTick()
	s.mu.Unlock()
	if begun {
		if err := s.once(none, tick); err != nil {
			return fmt.Errorf("tick a lane: %w", err)
		}
	}
	err := s.add(gocron.DurationJob(fromMillis(l.every)), tick, gocron.WithStartAt(gocron.WithStartDateTimePast(first)))
	if err != nil {
		return fmt.Errorf("schedule a lane: %w", err)
	}
	return nil
}

// armFirst has the first runs made at once. The caller holds s.jobs.
func (s *Scheduler) armFirst(stale []*member) error {
	if len(stale) == 0 {
		return nil
	}
	if err := s.once(none, func() { s.firstRuns(stale) }); err != nil {
		return fmt.Errorf("schedule first runs: %w", err)
	}
	return nil
}

// beat notes that gocron lives.
func (s *Scheduler) beat() {
	s.mu.Lock()
	s.lastTick = s.clock.millis()
	s.mu.Unlock()
}
