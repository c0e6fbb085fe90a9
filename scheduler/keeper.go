package scheduler

import (
	"log/slog"
	"time"

	"sonde/probe"
)

// watchEvery is how often the wall clock is looked at.
const watchEvery = 500 * time.Millisecond

// keep does what no gocron job may do, until Stop begins: it follows the wall
// clock, and makes the jobs of re-checks.
func (s *Scheduler) keep() {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		var err error
		select {
		case <-s.quit:
			return
		case <-s.wake:
			err = s.followRechecks()
		case <-ticker.C:
			err = s.follow()
			s.mu.Lock()
			missed := s.expire(s.clock.millis())
			s.mu.Unlock()
			s.report(missed)
		}
		if err != nil {
			s.log.Error("gocron refused a job", "err", err)
		}
	}
}

// follow lets engine time jump to the wall clock if that is far ahead. gocron must
// not see a jump: it would walk through it one interval at a time. So its jobs are
// taken away before, and added anew after it.
func (s *Scheduler) follow() error {
	ahead := s.clock.ahead()
	if ahead <= jumpAt {
		return nil
	}
	s.jobs.Lock()
	defer s.jobs.Unlock()
	if !s.enter() {
		return nil
	}
	defer s.tasks.Done()
	s.cron.RemoveByTags(tag)
	stale, missed := s.leap()
	s.report(missed)
	s.log.Warn("clock jumped ahead", "by", ahead.Round(time.Millisecond))
	if err := s.arm(); err != nil {
		return err
	}
	return s.armFirst(stale)
}

// leap makes engine time jump, accounts for the slots it jumped over, and returns
// the probes that have lost one: their next may be almost an interval away.
func (s *Scheduler) leap() (stale []*member, missed []Miss) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newEra()
	s.clock.jump()
	s.count.jumps++
	now := s.clock.millis()
	for _, l := range s.lanes {
		missed = append(missed, l.skip(now, probe.ProberClock)...)
		l.rearm(now)
	}
	missed = append(missed, s.dropLate(now, false, probe.ProberClock)...)
	for _, m := range missed {
		if m := s.members[m.Probe]; m.is == idle {
			m.ran = false
			stale = append(stale, m)
		}
	}
	return stale, missed
}

// cronLog gives gocron's own messages to slog, for those who look closely.
type cronLog struct{ log *slog.Logger }

func (l cronLog) Debug(msg string, args ...any) { l.log.Debug(msg, args...) }
func (l cronLog) Info(msg string, args ...any)  { l.log.Debug(msg, args...) }
func (l cronLog) Warn(msg string, args ...any)  { l.log.Debug(msg, args...) }
func (l cronLog) Error(msg string, args ...any) { l.log.Debug(msg, args...) }
