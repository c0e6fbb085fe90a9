package scheduler

import (
	"fmt"
	"runtime/debug"
	"time"

	"sonde/probe"
)

// flight is a run as it was when it started; what belongs to the member may
// change while it flies.
type flight struct {
	m      *member
	target *probe.Target
	kind   probe.RunKind
	at     time.Time
}

// takeOff starts the run that a member has a place for. The caller holds the lock.
func (s *Scheduler) takeOff(m *member) flight {
	m.is, m.ran = flying, true
	s.count.runs[m.kind]++
	if m.kind == probe.Scheduled {
		s.count.lateness.add(s.lateness(m.at))
	} else {
		m.at = s.clock.millis()
	}
	return flight{m, m.target, m.kind, instant(m.at)}
}

// maxSpares is how many goroutines wait for another run. One that has made a run has a
// stack that is large enough for the next; to grow it anew for each took a tenth of the
// processor time of a run.
const maxSpares = 64

// launch has a run made, by a goroutine that waits for one if there is any. The caller
// holds the lock.
func (s *Scheduler) launch(f flight) {
	select {
	case s.spare <- f:
	default:
		s.flights.Add(1)
		go s.fly(f)
	}
}

// await waits for another run. It is false when the goroutine is not needed any more.
func (s *Scheduler) await() (f flight, more bool) {
	defer s.spares.Add(-1)
	if s.spares.Add(1) > maxSpares {
		return flight{}, false
	}
	select {
	case f = <-s.spare:
		return f, true
	case <-s.quit:
		return flight{}, false
	}
}

// fly makes a run, and then those that wait for its place, until there is none.
func (s *Scheduler) fly(f flight) {
	defer s.flights.Done()
	for more := true; more; {
		result := s.run(f)
		var missed []Miss
		f, more, missed = s.handOver(f.m, result)
		s.report(missed)
		if !more {
			f, more = s.await()
		}
	}
}

// run makes a run, and turns a panic into its result.
func (s *Scheduler) run(f flight) (r probe.Result) {
	began := time.Now()
	defer func() {
		if cause := recover(); cause != nil {
			s.panicked(f.m.id, cause, debug.Stack())
			r = probe.Result{Verdict: probe.Miss(probe.ProberPanic), Elapsed: time.Since(began)}
		}
		r.Probe, r.Run, r.At = f.m.id, f.kind, f.at
	}()
	return s.prober.Run(s.running, f.target, f.kind, f.at)
}

// panicked counts a panic and logs it, once per probe and hour.
func (s *Scheduler) panicked(id probe.ID, cause any, stack []byte) {
	now := time.Now()
	s.mu.Lock()
	s.count.panics++
	last, known := s.panics[id]
	quiet := known && now.Sub(last) < time.Hour
	if !quiet {
		s.panics[id] = now
	}
	s.mu.Unlock()
	if !quiet {
		s.log.Error("probe panicked", "probe", int64(id), "err", fmt.Sprint(cause), "stack", string(stack))
	}
}

// handOver gives a result to the sink, and the place to the next run. Both
// happen on one side of the moment at which Stop gives up on the run.
func (s *Scheduler) handOver(m *member, r probe.Result) (next flight, more bool, missed []Miss) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if s.shut {
		return flight{}, false, nil
	}
	s.sink.Record(r)
	return s.land(m)
}

// land ends a run. Its place goes to the slot that came meanwhile, or to the
// first that waits.
func (s *Scheduler) land(m *member) (next flight, more bool, missed []Miss) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.is = idle
	now := s.clock.millis()
	if at := m.pending; at != none && !m.gone {
		why, refused := s.refuse(m, at, now, m.patience())
		if !refused {
			m.pending = none
			m.kind, m.at = probe.Scheduled, at
			return s.takeOff(m), true, nil
		}
		missed = m.unpend(why)
	}
	waiter, late := s.nextWaiting(now)
	missed = append(missed, late...)
	if waiter == nil {
		s.inFlight--
		return flight{}, false, missed
	}
	return s.takeOff(waiter), true, missed
}

// report tells the sink what was missed. The caller does not hold the lock: the
// sink may call back.
func (s *Scheduler) report(missed []Miss) {
	if len(missed) == 0 {
		return
	}
	s.gate.RLock()
	defer s.gate.RUnlock()
	if !s.shut {
		s.tell(missed)
	}
}

// tell counts the slots that were missed, and hands all misses to the sink.
func (s *Scheduler) tell(missed []Miss) {
	s.mu.Lock()
	for _, m := range missed {
		if m.Run == probe.Recheck {
			continue
		}
		s.count.missed[m.Reason] += s.slotsOf(m)
	}
	s.mu.Unlock()
	for _, m := range missed {
		s.sink.Missed(m)
	}
}

// slotsOf is how many slots a miss is about. The caller holds the lock.
func (s *Scheduler) slotsOf(missed Miss) uint64 {
	m := s.members[missed.Probe]
	if m == nil {
		return 1 // removed since
	}
	return uint64(missed.To.Sub(missed.From).Milliseconds()/m.every) + 1
}
