package incident

import (
	"time"

	"sonde/probe"
	"sonde/slo"
)

const (
	// LongestHold bounds for how long a probe is not asked, whatever the target says.
	LongestHold = 15 * time.Minute

	// usualDenials is how many refusals in a row change nothing; from this one on each
	// doubles the wait, so that we lock no account and look like no attack.
	usualDenials = 5
)

// Hold keeps a probe from being asked, because of what it answered. Slots and re-checks
// until then are skipped: each is an input, and no request.
type Hold struct {
	Until time.Time    // zero: nothing keeps it
	Why   probe.Reason // what is skipped until then is recorded as
}

// IsZero reports whether nothing keeps the probe from being asked.
func (h Hold) IsZero() bool { return h.Until.IsZero() }

// Ours reports whether the hold is our own caution and not the target's wish: it ends
// when the credential may have been renewed.
func (h Hold) Ours() bool {
	return !h.IsZero() && probe.Miss(h.Why).Kind() == probe.KindAuthFailed
}

// hold decides after a run until when the probe is not asked. What the target asks for
// counts from the end of the run, our caution from its slot. Nothing is known from a run
// that is the prober's own fault.
func (m *machine) hold() {
	s, in := m.s, m.in
	switch {
	case in.Verdict.Outcome == probe.Unknown:
	case !in.RecoverBy.IsZero():
		s.Hold = Hold{Until: slo.Earliest(in.RecoverBy, in.At.Add(in.Elapsed+LongestHold)).Truncate(time.Millisecond), Why: in.holdsFor()}
	case in.Verdict.Kind() == probe.KindAuthFailed:
		s.Hold = m.caution()
	default:
		s.Hold = Hold{}
	}
}

// holdsFor is what the slots that an announcement forbids are recorded as: bad for a 5xx,
// excluded for a limit and for load that may be shed.
func (in *Input) holdsFor() probe.Reason {
	switch {
	case in.Throttled:
		return probe.Throttled
	case in.Verdict.Reason == probe.LoadShed:
		return probe.LoadShed
	}
	return probe.ServerError
}

// caution is the hold after a refusal of our credential: from the fifth in a row on the
// interval doubles with each, up to 15 minutes, until one is not a refusal.
func (m *machine) caution() Hold {
	interval := m.p.Interval
	most := LongestHold / interval // intervals
	doublings := min(m.s.Denials-usualDenials+1, 16)
	if doublings < 1 || most < 2 {
		return Hold{}
	}
	return Hold{Until: m.in.At.Add(min(1<<doublings, most) * interval), Why: m.in.Verdict.Reason}
}

// skip takes slots that passed, or a re-check that was due, without a request. While the
// target itself has announced to be away they are as good as failures: what was announced
// must not delay that down is found. Otherwise they say nothing of the target.
func (m *machine) skip() {
	s, in := m.s, m.in
	if in.Run != probe.Recheck {
		m.account(m.slots(in.At, in.To))
	}
	overtaken := in.To.Before(s.Last.At)
	if !overtaken {
		m.retire()
		s.Maintained = in.Maintenance
		m.know()
	}
	switch {
	case overtaken:
	case in.Maintenance:
		m.rest()
		return
	default:
		m.watchBudgets()
	}
	switch {
	case overtaken:
	case in.Verdict.Reason == probe.LoadShed:
		m.suspectShed()
	case in.Verdict.Kind() == probe.KindDown && s.Suspect != nil:
		s.Suspect.Attempts += m.skipped()
		s.Due = time.Time{}
		if m.isDown() {
			m.openDown()
			return
		}
	}
	// The slot that was to tell more may be one of these.
	if s.Suspect != nil && !s.Due.After(in.To) {
		s.Due = time.Time{}
		m.planRecheck(slo.Latest(in.To, s.Last.At))
	}
}

// skipped is how many requests were not made.
func (m *machine) skipped() int {
	if m.in.Run == probe.Recheck {
		return 1
	}
	return int(min(m.in.To.Sub(m.in.At)/m.p.Interval, downAttempts)) + 1
}
