package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sonde/probe"
)

// Stop ends everything: no slot is kept any more; runs in flight get the grace to
// end, then they are canceled; slots that come due meanwhile are missed as
// canceled. When it returns, nothing of the scheduler is at work and the sink is
// not called any more. The end of its context shortens the grace; runs that do not
// end within a second of being canceled are given up on, as is said by an error.
// Further calls wait for the first.
func (s *Scheduler) Stop(ctx context.Context) error {
	s.mu.Lock()
	again := s.draining
	s.draining = true
	var missed []Miss
	if !again {
		close(s.quit)
		s.newEra()
		missed = s.dropLate(s.clock.millis(), true, probe.Canceled)
	}
	s.mu.Unlock()
	if again {
		select {
		case <-s.stopped:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	defer close(s.stopped)
	s.report(missed)
	s.jobs.Lock() // a Start or Reload at work ends first
	cron := s.cron
	s.jobs.Unlock()
	if cron == nil {
		return nil
	}
	err := s.drain(ctx)
	s.closeBooks()
	return errors.Join(err, cron.Shutdown())
}

// drain waits for everything that is at work.
func (s *Scheduler) drain(ctx context.Context) error {
	s.cancelUpkeep()
	defer s.cancelRunning()
	done := make(chan struct{})
	go func() {
		s.tasks.Wait()
		s.flights.Wait()
		close(done)
	}()
	grace := time.NewTimer(max(s.grace, 0))
	defer grace.Stop()
	select {
	case <-done:
		return nil
	case <-grace.C:
	case <-ctx.Done():
	}
	s.cancelRunning()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	last := time.NewTimer(unwinding)
	defer last.Stop()
	select {
	case <-done:
		return nil
	case <-last.C:
		return fmt.Errorf("stop the scheduler: runs or upkeep did not end after being canceled: %w", context.Cause(ctx))
	}
}

// closeBooks accounts for every slot up to now, also of runs that were given up
// on, and lets nothing reach the sink after that.
func (s *Scheduler) closeBooks() {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.mu.Lock()
	var missed []Miss
	now := s.clock.millis()
	for _, l := range s.lanes {
		missed = append(missed, l.skip(now, probe.Canceled)...)
	}
	for _, m := range s.members {
		missed = append(missed, m.unpend(probe.Canceled)...)
		if m.is == flying && m.kind == probe.Scheduled {
			missed = append(missed, m.missed(m.at, m.at, probe.Canceled)...)
		}
	}
	s.mu.Unlock()
	s.tell(missed)
	s.shut = true
}
