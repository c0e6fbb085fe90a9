package incident

import (
	"math"
	"time"

	"sonde/probe"
)

// Slower tunes the rule that tells when good answers take longer than they usually do. The
// zero value is that it is off.
type Slower struct {
	Factor float64       `json:",omitzero"` // of what 95 of 100 answers do not exceed; slower is slow
	Floor  time.Duration `json:",omitzero"` // and so much above it at the least
}

// paceAfter is how long answers have to be slow until that is usual.
const paceAfter = 24 * time.Hour

// watchLatency tells when good answers take longer than they usually do: when more of the
// latest 30 are slow than chance would make. An answer that is not good says nothing of
// that. What has been so for a day is usual from then on.
func (m *machine) watchLatency() {
	s, in, rule := m.s, m.in, m.p.Rules.Latency
	problem := s.Open(probe.KindLatency)
	switch {
	case rule.Factor <= 0:
		s.Pace = nil
	case in.Run != probe.Scheduled || in.Verdict.Outcome != probe.Good:
		return
	case s.Pace == nil:
		s.Pace = &Pace{}
	}
	if s.Pace == nil || problem != nil && s.Pace.Need == 0 { // another request: nobody knows what is usual
		if problem != nil {
			m.s.Problems = m.keep(m.s.Problems, func(p *Problem) bool { return p.Kind != probe.KindLatency }, m.withdraw)
		}
		problem = nil
	}
	if s.Pace == nil {
		return
	}
	pace := s.Pace
	pace.add(in.At, in.Timings.Total, problem != nil && !accustomed(problem), rule)
	if pace.Need == 0 || pace.Count < paceLatest {
		return
	}
	count, latest := pace.slow()
	switch {
	case problem == nil:
		if latest && count >= pace.Need {
			m.openLatency(count)
		}
	case in.At.Sub(problem.OpenedAt) >= paceAfter && !accustomed(problem):
		m.accustom(problem)
	default:
		m.ease(problem, count, latest)
	}
}

// ease resolves the incident once half as many are slow for as many results as are looked at.
func (m *machine) ease(p *Problem, slow uint8, latest bool) {
	pace := m.s.Pace
	if latest {
		p.Failures++
	}
	if slow > pace.Need/2 {
		pace.Calm = 0
		return
	}
	if pace.Calm++; pace.Calm >= paceLatest {
		pace.Calm = 0
		m.resolve(p)
	}
}

// accustom takes what answers take now for what they usually take, and says so.
func (m *machine) accustom(p *Problem) {
	now := m.s.Pace.now()
	m.s.Pace.restart(m.in.At, m.p.Rules.Latency)
	p.Reading = Reading{Now: now, Usual: float64(m.s.Pace.Typical), Samples: paceLatest, Over: m.in.At.Sub(p.OpenedAt)}
	m.tell(Changed, m.in.At, p)
}

// accustomed reports whether people heard that what was slow is usual now.
func accustomed(p *Problem) bool { return p.Reading.Level == 0 }

// openLatency opens the incident, or reopens the one that has recovered lately.
func (m *machine) openLatency(slow uint8) {
	pace := m.s.Pace
	pace.Calm = 0
	problem, change := m.begin(probe.KindLatency)
	*problem = Problem{
		ID: problem.ID, Kind: probe.KindLatency, Phase: Open, Severity: probe.Warning, Cause: m.in.Verdict,
		Since: m.in.At, OpenedAt: m.in.At, Openings: problem.Openings + 1, Failures: int(slow), Telling: problem.Telling,
		Reading: Reading{
			Now: pace.now(), Usual: float64(pace.Typical), Samples: int(slow),
			Over: paceLatest * m.p.Interval, Level: int(math.Ceil(float64(pace.Limit))),
		},
	}
	problem.RemindAt = m.p.FirstReminder(problem)
	m.tell(change, m.in.At, problem)
}
