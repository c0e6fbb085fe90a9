package store

import (
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

const usualState = 16 // bytes that a packed state has at least, if it is not new

// unpackMemory reads the states of all probes. Its Seq is for the caller to set.
func unpackMemory(packed []byte) (*Memory, error) { return unpackInto(nil, packed) }

// orderedStates are states in the order of the ids of their probes, which can be handed out without
// being looked up.
type orderedStates struct {
	ids    []probe.ID
	states []*incident.State
}

// unpackInto is unpackMemory, which also keeps the states in their order, if that is wanted.
func unpackInto(ordered *orderedStates, packed []byte) (*Memory, error) {
	body, ok := unsummed(packed)
	switch {
	case !ok:
		return nil, errPacked
	case body[0] == 1:
		return readMemoryV1(body[1:])
	case body[0] != packing:
		return nil, errPacked
	}
	return readMemory(ordered, body[1:])
}

func readMemory(ordered *orderedStates, body []byte) (*Memory, error) {
	u := stateUnpacker{unpacker: unpacker{buf: body}}
	m := &Memory{}
	n := u.begin(m)
	room := min(n, u.left()/usualState)
	m.States = make(map[probe.ID]*incident.State, room)
	if ordered != nil {
		*ordered = orderedStates{make([]probe.ID, 0, room), make([]*incident.State, 0, room)}
	}
	var id probe.ID
	for u.coming = n; u.coming > 0 && u.err == nil; u.coming-- {
		id += probe.ID(u.int())
		s := &u.states.take(1, u.coming)[0]
		s.Worked = false // to write is the first that is done to it: of fresh memory that was read, the system has to give each page twice
		rest := u.open()
		u.state(s)
		u.close(rest)
		m.States[id] = s
		if ordered != nil {
			ordered.ids, ordered.states = append(ordered.ids, id), append(ordered.states, s)
		}
	}
	if u.err != nil || len(m.States) != n {
		return nil, errPacked
	}
	return m, nil
}

// stateUnpacker reads what a statePacker wrote.
type stateUnpacker struct {
	unpacker
	base int64 // milliseconds since 1970
	seen []probe.Verdict

	coming int // states that are to be read, with this one
	states room[incident.State]
	paces  room[incident.Pace]
	counts room[float32]
	lagged room[incident.Lag]
}

// begin reads what stands before the states, and returns how many they are.
func (u *stateUnpacker) begin(m *Memory) int {
	m.IDs = incident.Sequence{Next: incident.ID(u.int())}
	u.base = unixMilli(u.unpacker.time())
	u.classes(&m.Classes)
	return u.count(true)
}

// open opens the frame of the next state: up to close, nothing behind it is read.
func (u *stateUnpacker) open() (rest []byte) {
	n := u.count(true)
	rest = u.buf
	u.buf = rest[:u.at+n]
	return rest
}

// close steps over what a newer build has put into the frame behind what is known here.
func (u *stateUnpacker) close(rest []byte) {
	if u.err == nil {
		u.at, u.buf = len(u.buf), rest
	}
}

// head reads the beginning of a state, which has its verdict.
func (u *stateUnpacker) head(s *incident.State) (has uint64) {
	has = u.uint()
	if has&hasGrid != 0 {
		s.Account.Grid = u.stretch()
	}
	if has&hasRun != 0 {
		s.Account.Run.Slots = u.stretch()
		s.Account.Run.Outcome, s.Account.Run.Reason = u.judgement()
	}
	if has&hasLast != 0 {
		s.Last = incident.Last{At: u.time(), Verdict: u.verdict(), Latency: u.duration(), Attempts: u.count(false)}
	}
	return has
}

func (u *stateUnpacker) state(s *incident.State) {
	has := u.head(s)
	if has&hasSince != 0 {
		s.Since = incident.InstantOf(u.time())
	}
	s.Worked = has&hasWorked != 0
	s.Maintained = has&hasMaintained != 0
	if has&hasSuspect != 0 {
		s.Suspect = u.suspect()
	}
	if has&hasRefusals != 0 {
		s.Row = u.row(probe.KindAuthFailed)
	}
	if has&hasGoods != 0 {
		s.Goods = u.streak()
	}
	if has&hasDue != 0 {
		s.Due = u.time()
	}
	if has&hasProblems != 0 {
		s.Problems = u.problems()
	}
	if has&hasCertificate != 0 {
		u.certificate(s)
	}
	u.caution(s, has)
	if has&hasCache != 0 {
		s.Cache = u.cache()
	}
	if has&hasReadings != 0 {
		u.readings(s.Problems)
	}
	u.rules(s, has)
	if has&hasSpending != 0 {
		s.Spending = u.spending()
	}
	u.shared(s, has)
	if has&hasPace != 0 {
		s.Pace = u.pace()
	}
	if has&hasLags != 0 {
		s.Lags = u.lags()
	}
	if has&hasPool != 0 && s.Shared != nil {
		s.Shared.Pool = u.pool()
	}
	if has&hasStart != 0 {
		s.Account.Start = u.int() + u.base
		if !isInstant(s.Account.Start) {
			u.fail()
		}
	}
}

func (u *stateUnpacker) time() time.Time { return u.behind(u.base) }

func (u *stateUnpacker) stretch() (s slo.Stretch) {
	s.First = u.time()
	s.Last = u.after(s.First)
	s.Step = u.step()
	return s
}

func (u *stateUnpacker) verdict() probe.Verdict {
	n := u.count(false)
	switch {
	case n == len(u.seen):
		u.seen = append(u.seen, u.unpacker.verdict())
	case n > len(u.seen):
		u.fail()
		return probe.Verdict{}
	}
	return u.seen[n]
}
