package store

import (
	"sonde/incident"
	"sonde/probe"
)

// The parts of a state that only a probe has whose target does not want to be asked, or
// refuses to be. They stand behind all others.

func (p *statePacker) caution(s *incident.State, has uint64) {
	if has&hasHold != 0 {
		p.time(s.Hold.Until)
		p.byte(byte(s.Hold.Why))
	}
	if has&hasDenials != 0 {
		p.count(int(s.Denials))
	}
	if has&hasSheds != 0 {
		p.suspicion(&s.Row.Suspicion)
	}
	if has&hasPromises != 0 {
		for i := range s.Problems {
			p.promise(&s.Problems[i])
		}
	}
}

func (u *stateUnpacker) caution(s *incident.State, has uint64) {
	if has&hasHold != 0 {
		s.Hold.Until = u.time()
		s.Hold.Why = probe.Reason(u.byte())
		if !(probe.Verdict{Reason: s.Hold.Why}).Valid() {
			u.fail()
		}
	}
	if has&hasDenials != 0 {
		s.Denials = u.int32()
	}
	if has&hasSheds != 0 {
		s.Row = u.row(probe.KindDegraded)
	}
	if has&hasPromises != 0 {
		for i := range s.Problems {
			u.promise(&s.Problems[i])
		}
	}
}

func hasPromise(p incident.Problem) bool { return !p.Promise.IsZero() || p.Unkept }

func (p *statePacker) promise(x *incident.Problem) {
	p.packer.time(x.Promise)
	p.byte(0)
	if x.Unkept {
		p.buf[len(p.buf)-1] = 1
	}
}

func (u *stateUnpacker) promise(x *incident.Problem) {
	x.Promise = u.unpacker.time()
	x.Unkept = u.bool()
}
