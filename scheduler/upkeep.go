package scheduler

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-co-op/gocron/v2"
)

// upkeep is a task that is done again and again.
type upkeep struct {
	name  string
	every time.Duration
	task  func(context.Context)
	busy  atomic.Bool
	next  time.Time // engine time; guarded by s.mu
}

// Upkeep has a task done every so often (at least 10 ms) for as long as the
// scheduler runs, first after one such time. A task that is still busy when its
// time comes is left to it, and that time is counted as skipped. A panic is
// logged and does no further harm. The context ends when Stop begins. Upkeep may
// be called before Start and after it; names are given once.
func (s *Scheduler) Upkeep(name string, every time.Duration, task func(context.Context)) error {
	if every < fromMillis(minLaneWidth) {
		return fmt.Errorf("schedule upkeep %q: every %v is less than 10ms", name, every)
	}
	s.jobs.Lock()
	defer s.jobs.Unlock()
	if slices.ContainsFunc(s.upkeeps, func(u *upkeep) bool { return u.name == name }) {
		return fmt.Errorf("schedule upkeep %q: there is one of that name", name)
	}
	if !s.enter() {
		return fmt.Errorf("schedule upkeep %q: the scheduler is being stopped", name)
	}
	defer s.tasks.Done()
	u := &upkeep{name: name, every: every, task: task}
	s.upkeeps = append(s.upkeeps, u)
	if s.cron == nil {
		return nil
	}
	return s.armUpkeep(u)
}

// armUpkeep makes the gocron job of a task. The caller holds s.jobs.
func (s *Scheduler) armUpkeep(u *upkeep) error {
	now := s.clock.Now()
	s.mu.Lock()
	if u.next.IsZero() {
		u.next = now.Add(u.every)
	}
	start := u.next
	s.mu.Unlock()
	if soonest := now.Add(fromMillis(tickMargin)); start.Before(soonest) {
		start = soonest
	}
	err := s.add(gocron.DurationJob(u.every), func() { s.keepUp(u) },
		gocron.WithName(u.name), gocron.WithStartAt(gocron.WithStartDateTimePast(start)))
	if err != nil {
		return fmt.Errorf("schedule upkeep %q: %w", u.name, err)
	}
	return nil
}

// keepUp does a task once.
func (s *Scheduler) keepUp(u *upkeep) {
	if !u.busy.CompareAndSwap(false, true) {
		s.mu.Lock()
		s.count.skippedUpkeep++
		s.mu.Unlock()
		return
	}
	defer u.busy.Store(false)
	defer func() {
		if cause := recover(); cause != nil {
			s.log.Error("upkeep panicked", "task", u.name, "err", fmt.Sprint(cause), "stack", string(debug.Stack()))
		}
	}()
	s.mu.Lock()
	u.next = s.clock.Now().Add(u.every)
	s.mu.Unlock()
	u.task(s.upkeeping)
}
