package store

import (
	"encoding/binary"
	"hash/crc32"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// Memory is the state of everything as of a position in the log.
type Memory struct {
	Seq    int64 // the last segment it covers
	IDs    incident.Sequence
	States map[probe.ID]*incident.State
}

// State returns the state of a probe; a new one if the probe never ran.
func (m *Memory) State(id probe.ID) *incident.State {
	s := m.States[id]
	if s == nil {
		s = &incident.State{}
		m.States[id] = s
	}
	return s
}

// Checkpoint is a packed copy of all states.
type Checkpoint struct {
	seq    int64
	packed []byte
}

// Checkpoint packs the memory as it is now.
func (m *Memory) Checkpoint() *Checkpoint { return &Checkpoint{m.Seq, packMemory(m)} }

// minState is fewer bytes than any packed state has.
const minState = 32

// packMemory packs the states of all probes.
func packMemory(m *Memory) []byte {
	p := packer{make([]byte, 0, 64+96*len(m.States))}
	p.byte(packing)
	p.int(int64(m.IDs.Next))
	p.count(len(m.States))
	for id, s := range m.States {
		p.uint(uint64(id))
		mark := len(p.buf)
		p.state(s)
		p.frame(mark)
	}
	return binary.LittleEndian.AppendUint32(p.buf, crc32.Checksum(p.buf, castagnoli))
}

// castagnoli is the polynomial of the sum at the end of a checkpoint, by which damage
// is seen that SQLite does not see.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frame puts the length in front of what was packed since mark, so that an older
// build can step over what a newer one has added.
func (p *packer) frame(mark int) {
	n := len(p.buf) - mark
	p.buf = append(p.buf, 0, 0, 0, 0)
	copy(p.buf[mark+4:], p.buf[mark:mark+n])
	p.buf[mark], p.buf[mark+1], p.buf[mark+2], p.buf[mark+3] = byte(n), byte(n>>8), byte(n>>16), byte(n>>24)
}

// unpackMemory reads the states of all probes. Its Seq is for the caller to set.
func unpackMemory(packed []byte) (*Memory, error) {
	body := len(packed) - crc32.Size
	if body < 1 || crc32.Checksum(packed[:body], castagnoli) != binary.LittleEndian.Uint32(packed[body:]) {
		return nil, errPacked
	}
	return readMemory(packed[:body])
}

func readMemory(body []byte) (*Memory, error) {
	u := unpacker{buf: body}
	if u.byte() != packing {
		return nil, errPacked
	}
	m := &Memory{IDs: incident.Sequence{Next: incident.ID(u.int())}}
	n := u.count(true)
	m.States = make(map[probe.ID]*incident.State, min(n, len(u.buf)/minState))
	for range n {
		id := probe.ID(u.uint())
		framed := unpacker{buf: u.frame()}
		s := framed.state()
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

func (u *unpacker) frame() []byte {
	if len(u.buf) < 4 {
		u.fail()
		return nil
	}
	n := int(u.buf[0]) | int(u.buf[1])<<8 | int(u.buf[2])<<16 | int(u.buf[3])<<24
	if n > len(u.buf)-4 {
		u.fail()
		return nil
	}
	b := u.buf[4 : 4+n]
	u.buf = u.buf[4+n:]
	return b
}

func (p *packer) state(s *incident.State) {
	p.stretch(s.Account.Grid)
	p.stretch(s.Account.Run.Slots)
	p.byte(byte(s.Account.Run.Outcome))
	p.byte(byte(s.Account.Run.Reason))
	p.time(s.Last.At)
	p.verdict(s.Last.Verdict)
	p.duration(s.Last.Latency)
	p.count(s.Last.Attempts)
	p.time(s.Since)
	p.bool(s.Worked)
	p.suspicion(&s.Suspect)
	p.suspicion(&s.Refusals)
	p.time(s.Goods.First)
	p.count(s.Goods.Count)
	p.time(s.Due)
	p.count(len(s.Problems))
	for i := range s.Problems {
		p.problem(&s.Problems[i])
	}
}

func (u *unpacker) state() *incident.State {
	s := &incident.State{}
	s.Account.Grid = u.stretch()
	s.Account.Run.Slots = u.stretch()
	s.Account.Run.Outcome, s.Account.Run.Reason = probe.Outcome(u.byte()), probe.Reason(u.byte())
	if run := s.Account.Run; !(probe.Verdict{Outcome: run.Outcome, Reason: run.Reason}).Valid() {
		u.fail()
	}
	s.Last.At = u.time()
	s.Last.Verdict = u.verdict()
	s.Last.Latency = u.duration()
	s.Last.Attempts = u.count(false)
	s.Since = u.time()
	s.Worked = u.bool()
	u.suspicion(&s.Suspect)
	u.suspicion(&s.Refusals)
	s.Goods = incident.Streak{First: u.time(), Count: u.count(false)}
	s.Due = u.time()
	for n := u.count(true); n > 0 && u.err == nil; n-- {
		s.Problems = append(s.Problems, u.problem())
	}
	return s
}

func (p *packer) stretch(s slo.Stretch) {
	p.time(s.First)
	p.after(s.Last, s.First)
	p.uint(uint64(s.Step.Milliseconds()))
}

func (u *unpacker) stretch() (s slo.Stretch) {
	s.First = u.time()
	s.Last = u.after(s.First)
	s.Step = u.step()
	return s
}

func (p *packer) suspicion(s *incident.Suspicion) {
	p.time(s.Since)
	p.count(s.Results)
	p.count(s.Attempts)
	p.codes(s.Codes)
	p.time(s.RecoverBy)
}

func (u *unpacker) suspicion(s *incident.Suspicion) {
	s.Since = u.time()
	s.Results = u.count(false)
	s.Attempts = u.count(false)
	s.Codes = u.codes()
	s.RecoverBy = u.time()
}

func (p *packer) codes(codes []incident.CodeCount) {
	p.count(len(codes))
	for _, c := range codes {
		p.count(c.Code)
		p.count(c.Count)
	}
}

func (u *unpacker) codes() (codes []incident.CodeCount) {
	for n := u.count(true); n > 0 && u.err == nil; n-- {
		codes = append(codes, incident.CodeCount{Code: u.count(false), Count: u.count(false)})
	}
	return codes
}

func (p *packer) problem(x *incident.Problem) {
	p.int(int64(x.ID))
	p.byte(byte(x.Kind))
	p.byte(byte(x.Phase))
	p.byte(byte(x.Severity))
	p.verdict(x.Cause)
	for _, t := range [...]time.Time{x.Since, x.OpenedAt, x.RecoveredAt, x.RecoverBy, x.CloseAt, x.RemindAt} {
		p.time(t)
	}
	p.count(x.Failures)
	p.count(x.Openings)
	p.codes(x.Codes)
	p.verdict(x.Other)
	p.count(x.Others)
}

func (u *unpacker) problem() (x incident.Problem) {
	x.ID = incident.ID(u.int())
	x.Kind, x.Phase, x.Severity = probe.Kind(u.byte()), incident.Phase(u.byte()), probe.Severity(u.byte())
	if x.Phase > incident.Recovered {
		u.fail()
	}
	x.Cause = u.verdict()
	for _, t := range [...]*time.Time{&x.Since, &x.OpenedAt, &x.RecoveredAt, &x.RecoverBy, &x.CloseAt, &x.RemindAt} {
		*t = u.time()
	}
	x.Failures = u.count(false)
	x.Openings = u.count(false)
	x.Codes = u.codes()
	x.Other = u.verdict()
	x.Others = u.count(false)
	return x
}

func (p *packer) bool(b bool) {
	if b {
		p.byte(1)
		return
	}
	p.byte(0)
}

func (u *unpacker) bool() bool { return u.byte() == 1 }
