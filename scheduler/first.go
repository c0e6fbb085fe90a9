package scheduler

import (
	"cmp"
	"slices"
	"time"

	"sonde/probe"
)

// firstEvery paces the first runs: 500 a second.
const firstEvery = 2 * time.Millisecond

// firstRuns asks probes whose last result is old, at start or because the clock
// jumped, one after the other, so that nobody need wait for their slots. Those whose slots are farthest away go
// first; the others have them soon, and whoever has run already is left out.
func (s *Scheduler) firstRuns(stale []*member) {
	began := time.Now()
	s.mu.Lock()
	now := s.clock.millis()
	slices.SortStableFunc(stale, func(a, b *member) int { return cmp.Compare(b.untilSlot(now), a.untilSlot(now)) })
	s.mu.Unlock()
	for i, m := range stale {
		if wait := time.Duration(i)*firstEvery - time.Since(began); wait > 0 && !s.sleep(wait) {
			return
		}
		s.mu.Lock()
		if !m.ran && !m.gone && m.is == idle && s.clock.millis() >= m.held && !s.draining {
			s.ask(m, probe.First, s.clock.millis())
		}
		s.mu.Unlock()
	}
}

// untilSlot is the time from now to the probe's next slot, in ms.
func (m *member) untilSlot(now int64) int64 {
	return m.every - (now - m.phase - floorDiv(now-m.phase, m.every)*m.every)
}

// sleep waits, and reports whether it did to the end: Stop wakes it.
func (s *Scheduler) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s.quit:
		return false
	case <-timer.C:
		return true
	}
}
