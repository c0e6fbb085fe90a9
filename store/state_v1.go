package store

import (
	"encoding/binary"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// readMemoryV1 reads the states of all probes as the first release packed them, behind
// the byte of the version.
func readMemoryV1(body []byte) (*Memory, error) {
	u := unpacker{buf: body}
	m := NewMemory()
	m.uncounted = true
	m.IDs = incident.Sequence{Next: incident.ID(u.int())}
	for n := u.count(true); n > 0 && u.err == nil; n-- {
		id := probe.ID(u.uint())
		framed := unpacker{buf: u.frameV1()}
		s := framed.stateV1()
		if framed.err != nil {
			return nil, framed.err
		}
		m.States[id] = s
	}
	if u.err != nil {
		return nil, u.err
	}
	return m, nil
}

func (u *unpacker) frameV1() []byte {
	size := u.take(4)
	if u.err != nil {
		return nil
	}
	return u.take(int(binary.LittleEndian.Uint32(size)))
}

func (u *unpacker) stateV1() *incident.State {
	s := &incident.State{}
	s.Account.Grid = u.stretch()
	s.Account.Run.Slots = u.stretch()
	s.Account.Run.Outcome, s.Account.Run.Reason = u.judgement()
	s.Last.At = u.time()
	s.Last.Verdict = u.verdict()
	s.Last.Latency = u.duration()
	s.Last.Attempts = u.count(false)
	s.Known = incident.InstantOf(s.Last.At)
	s.Since = incident.InstantOf(u.time())
	s.Worked = u.bool()
	s.Suspect = u.suspect()
	s.Row = u.row(probe.KindAuthFailed)
	if first, n := u.time(), u.int32(); n > 0 {
		s.Goods = incident.Streak{First: first.UnixMilli(), Count: n}
	}
	s.Due = u.time()
	s.Problems = u.problems()
	return s
}

func (u *unpacker) stretch() (s slo.Stretch) {
	s.First = u.time()
	s.Last = u.after(s.First)
	s.Step = u.step()
	return s
}
