package store

import (
	"maps"
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// Memory is the state of everything as of a position in the log.
type Memory struct {
	Seq     int64 // the last segment it covers
	IDs     incident.Sequence
	States  map[probe.ID]*incident.State
	Classes Classes

	uncounted bool                  // it comes from a checkpoint that has no classes
	copied    map[probe.ID]struct{} // states that nobody else has, while others are lent; else nil
}

// NewMemory is the memory of a prober that never ran.
func NewMemory() *Memory { return &Memory{States: map[probe.ID]*incident.State{}} }

// State returns the state of a probe; a new one if the probe never ran.
func (m *Memory) State(id probe.ID) *incident.State {
	s := m.States[id]
	if s == nil {
		s = &incident.State{}
		m.States[id] = s
	}
	return s
}

// statesOf are the states of probes, by their places, of which some are known.
func (m *Memory) statesOf(known []Probe, some []*incident.State) []*incident.State {
	if some == nil {
		some = make([]*incident.State, len(known))
	}
	for i, s := range some {
		if s == nil {
			some[i] = m.State(known[i].ID)
		}
	}
	return some
}

// Step moves the memory on by one entry, and returns what follows from it. Whoever
// replays the log comes to the same memory as the one who wrote it.
func (m *Memory) Step(p *incident.Policy, e *Entry) incident.Effects {
	return m.step(p, m.Own(e.Probe), e)
}

func (m *Memory) step(p *incident.Policy, s *incident.State, e *Entry) incident.Effects {
	m.Classes.count(&e.Input)
	return incident.Step(p, s, &e.Input, &m.IDs)
}

// Checkpoint is a packed copy of all states.
type Checkpoint struct {
	seq    int64
	packed []byte
}

// Checkpoint packs the memory as it is now.
func (m *Memory) Checkpoint() *Checkpoint { return &Checkpoint{m.Seq, packMemory(m)} }

// packMemory packs the states of all probes, in the order of their ids. Times are
// differences to the latest result, verdicts are written once. Every state stands in a
// frame, so that an older build can step over what a newer one has added at its end.
func packMemory(m *Memory) []byte {
	p := statePacker{packer: packer{make([]byte, 0, 64+48*len(m.States))}}
	p.byte(packing)
	p.int(int64(m.IDs.Next))
	for _, s := range m.States {
		if s.Last.At.After(p.base) {
			p.base = s.Last.At
		}
	}
	p.packer.time(p.base)
	p.classes(&m.Classes)
	p.packer.count(len(m.States))
	var before probe.ID
	var framed statePacker
	for _, id := range slices.Sorted(maps.Keys(m.States)) {
		framed = statePacker{packer: packer{framed.buf[:0]}, base: p.base, seen: p.seen}
		framed.state(m.States[id])
		p.seen = framed.seen
		p.int(int64(id - before))
		p.packer.count(len(framed.buf))
		p.buf = append(p.buf, framed.buf...)
		before = id
	}
	return p.summed()
}

// What a packed state has. Most have little.
const (
	hasGrid = 1 << iota
	hasRun
	hasLast
	hasSince
	hasWorked
	hasSuspect
	hasRefusals
	hasGoods
	hasDue
	hasProblems
	hasCertificate
	hasHold
	hasDenials
	hasSheds
	hasPromises
	hasCache
	hasReadings
	hasMaintained
	hasBuckets
	hasTellings
	hasSpending
	hasKnown
	hasParts
	hasShared
	hasPace
	hasLags
	hasRow
	hasLimits
	hasAnomaly
	hasRated
	hasPool
	hasStart
)

// statePacker packs states: times as differences to base, verdicts by their number.
type statePacker struct {
	packer
	base time.Time
	seen []probe.Verdict
}

// contents says what a state has.
func contents(s *incident.State) (has uint64) {
	for i, is := range [...]bool{
		s.Account.Grid != slo.Stretch{}, s.Account.Run != incident.Entry{}, s.Last != incident.Last{}, s.Since != 0, s.Worked,
		s.Suspect != nil, isRow(s, probe.KindAuthFailed), s.Goods != incident.Streak{}, !s.Due.IsZero(), len(s.Problems) > 0,
		s.Certificate != incident.Certificate{} || certificateProblem(s) != nil,
		!s.Hold.IsZero(), s.Denials > 0, isRow(s, probe.KindDegraded), slices.ContainsFunc(s.Problems, hasPromise),
		s.Cache != nil, slices.ContainsFunc(s.Problems, hasReading),
		s.Maintained,
		s.Buckets != incident.Buckets{}, slices.ContainsFunc(s.Problems, hasTelling),
		s.Spending != nil,
		s.Known != incident.InstantOf(s.Last.At), slices.ContainsFunc(s.Problems, hasPart), s.Shared != nil,
		s.Pace != nil,
		len(s.Lags) > 0,
		isRow(s, probe.KindClientFault) || isRow(s, probe.KindAuthBypass), s.Limits != 0,
		s.Anomaly != nil, s.Rated != nil,
		s.Shared != nil && s.Shared.Pool != nil,
		s.Account.Start != 0,
	} {
		if is {
			has |= 1 << i
		}
	}
	return has
}

// isRow reports whether a state has a row of results of a kind.
func isRow(s *incident.State, kind probe.Kind) bool { return s.Row != nil && s.Row.Of == kind }

func empty(s *incident.Suspicion) bool {
	return s.Since.IsZero() && s.Results == 0 && s.Attempts == 0 && len(s.Codes) == 0 && s.RecoverBy.IsZero()
}

func (p *statePacker) state(s *incident.State) {
	has := contents(s)
	p.uint(has)
	if has&hasGrid != 0 {
		p.stretch(s.Account.Grid)
	}
	if run := s.Account.Run; has&hasRun != 0 {
		p.stretch(run.Slots)
		p.byte(byte(run.Outcome))
		p.byte(byte(run.Reason))
	}
	if last := s.Last; has&hasLast != 0 {
		p.time(last.At)
		p.verdict(last.Verdict)
		p.duration(last.Latency)
		p.count(last.Attempts)
	}
	if has&hasSince != 0 {
		p.time(s.Since.Time())
	}
	if has&hasSuspect != 0 {
		p.suspicion(s.Suspect)
	}
	if has&hasRefusals != 0 {
		p.suspicion(&s.Row.Suspicion)
	}
	if has&hasGoods != 0 {
		p.streak(s.Goods)
	}
	if has&hasDue != 0 {
		p.time(s.Due)
	}
	if has&hasProblems != 0 {
		p.problems(s.Problems)
	}
	if has&hasCertificate != 0 {
		p.certificate(s)
	}
	p.caution(s, has)
	if has&hasCache != 0 {
		p.cache(s.Cache)
	}
	if has&hasReadings != 0 {
		p.readings(s.Problems)
	}
	p.rules(s, has)
	if has&hasSpending != 0 {
		p.spending(s.Spending)
	}
	p.shared(s, has)
	p.promises(s, has)
}

// time packs an instant as the difference to base.
func (p *statePacker) time(t time.Time) { p.int(t.UnixMilli() - unixMilli(p.base)) }

func (p *statePacker) stretch(s slo.Stretch) {
	p.time(s.First)
	p.after(s.Last, s.First)
	p.uint(uint64(s.Step.Milliseconds()))
}

// verdict packs the number of a verdict, and the verdict itself when it comes first.
func (p *statePacker) verdict(v probe.Verdict) {
	n := slices.Index(p.seen, v)
	if n < 0 {
		n = len(p.seen)
		p.seen = append(p.seen, v)
		p.count(n)
		p.packer.verdict(v)
		return
	}
	p.count(n)
}
