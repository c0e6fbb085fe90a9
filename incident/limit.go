package incident

import (
	"math/bits"
	"time"

	"sonde/probe"
)

// latestLimits is of how many scheduled results rate_limited remembers whether they were 429.
const latestLimits = 10

// watchRateLimited tells when some of the latest scheduled results were 429: we ask too often.
// They are no failures of the target, so it is information at first, and a warning once it
// has lasted.
func (m *machine) watchRateLimited() {
	s, in, rule := m.s, m.in, m.p.Rules.RateLimited
	if in.Run != probe.Scheduled || in.Verdict.Outcome == probe.Unknown {
		return
	}
	if rule.Results == 0 {
		s.Limits = 0
		return
	}
	limited := in.Verdict.Kind() == probe.KindRateLimited
	s.Limits = s.Limits << 1 & (1<<latestLimits - 1)
	if limited {
		s.Limits |= 1
	}
	n, open := bits.OnesCount16(s.Limits), s.Open(probe.KindRateLimited)
	switch {
	case limited && open != nil:
		open.count(in)
	case limited && n >= rule.Results:
		oldest := time.Duration(bits.Len16(s.Limits)-1) * m.p.Interval
		m.open(probe.KindRateLimited, Suspicion{Since: in.At.Add(-oldest), Results: n, Codes: []CodeCount{{int32(in.Verdict.Status), int32(n)}}})
	case open != nil && n <= 1 && s.Goods.reached(goodResults, m.p.ResolveAfter, in.At):
		m.resolve(open)
	}
}

// urge makes a warning of what was information and has lasted.
func (m *machine) urge(p *Problem, now time.Time) {
	rule := m.p.Rules.RateLimited
	if p.Kind != probe.KindRateLimited || p.Phase != Open || p.Severity != probe.Info || rule.WarnAfter <= 0 || m.in.Maintenance {
		return
	}
	if at := p.OpenedAt.Add(rule.WarnAfter); !at.After(now) {
		p.Severity = probe.Warning
		m.tell(Escalated, at, p)
	}
}
