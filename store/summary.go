package store

import (
	"maps"
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// Summary sums up the results of a probe whose instants lie in [From, To).
type Summary struct {
	From, To time.Time
	Outcomes [probe.Excluded + 1]int64 // results by outcome
	Codes    map[int]int64             // by status code; 0 for no answer
	Reasons  map[probe.Reason]int64    // of those that were not good
	Latency  Latencies                 // of those that got an answer
}

// Results is how many results there were.
func (s *Summary) Results() (n int64) {
	for _, some := range s.Outcomes {
		n += some
	}
	return n
}

// add adds a number of results with the same verdict.
func (s *Summary) add(v probe.Verdict, n int64) {
	s.Outcomes[v.Outcome] += n
	s.addCode(v.Status, n)
	if v.Outcome != probe.Good {
		s.addReason(v.Reason, n)
	}
}

func (s *Summary) addCode(code int, n int64) {
	if s.Codes == nil {
		s.Codes = make(map[int]int64, 2)
	}
	s.Codes[code] += n
}

func (s *Summary) addReason(reason probe.Reason, n int64) {
	if s.Reasons == nil {
		s.Reasons = make(map[probe.Reason]int64, 2)
	}
	s.Reasons[reason] += n
}

// Add adds a result.
func (s *Summary) Add(in *incident.Input) {
	s.add(in.Verdict, 1)
	if in.Verdict.Status != 0 {
		s.Latency.Add(in.Timings.Total)
	}
}

// addPoints adds results as compaction has them: those in a row that have the same shape
// together.
func (s *Summary) addPoints(points []point, known []shape) {
	for len(points) > 0 {
		n := 1
		for n < len(points) && points[n].shape == points[0].shape {
			n++
		}
		verdict := known[points[0].shape].verdict
		s.add(verdict, int64(n))
		if verdict.Status != 0 {
			s.addTimes(points[:n])
		}
		points = points[n:]
	}
}

func (s *Summary) addTimes(points []point) {
	for i := range points {
		var us int64
		for _, phase := range points[i].phases[:phaseCount] {
			us += phase
		}
		s.Latency.Add(time.Duration(us) * time.Microsecond)
	}
}

// Merge adds the results of other, whose window lies in that of s or beside it.
func (s *Summary) Merge(other *Summary) {
	for outcome, n := range other.Outcomes {
		s.Outcomes[outcome] += n
	}
	for code, n := range other.Codes {
		s.addCode(code, n)
	}
	for reason, n := range other.Reasons {
		s.addReason(reason, n)
	}
	s.Latency.Merge(&other.Latency)
}

// summary packs what was summed up, but not its window.
func (p *packer) summary(s *Summary) {
	for _, n := range s.Outcomes {
		p.uint(uint64(n))
	}
	p.count(len(s.Codes))
	for _, code := range slices.Sorted(maps.Keys(s.Codes)) {
		p.count(code)
		p.uint(uint64(s.Codes[code]))
	}
	p.count(len(s.Reasons))
	for _, reason := range slices.Sorted(maps.Keys(s.Reasons)) {
		p.byte(byte(reason))
		p.uint(uint64(s.Reasons[reason]))
	}
	p.latencies(&s.Latency)
}

// summary adds what was packed to s.
func (u *unpacker) summary(s *Summary) {
	for outcome := range s.Outcomes {
		s.Outcomes[outcome] += int64(u.uint())
	}
	for n := u.count(true); n > 0 && u.err == nil; n-- {
		code := u.count(false)
		s.addCode(code, int64(u.uint()))
	}
	for n := u.count(true); n > 0 && u.err == nil; n-- {
		reason := probe.Reason(u.byte())
		if !(probe.Verdict{Reason: reason}).Valid() {
			u.fail()
			return
		}
		s.addReason(reason, int64(u.uint()))
	}
	u.latencies(&s.Latency)
}
