package incident

import "sonde/probe"

// Row is results in a row that show one trouble which a row of them confirms: refusals of
// our credential, load that is shed, rejected requests, access that should have been
// refused. A result of another trouble ends it.
type Row struct {
	Suspicion
	Of probe.Kind // the kind of incident that it may become
}

// rowOf is the kind of row that a result belongs to, if it belongs to one.
func (m *machine) rowOf() probe.Kind {
	switch kind := m.in.Verdict.Kind(); {
	case kind == probe.KindAuthFailed, kind == probe.KindAuthBypass, kind == probe.KindClientFault:
		return kind
	case m.in.Verdict.Reason == probe.LoadShed && m.s.Open(probe.KindDown) == nil:
		return probe.KindDegraded
	}
	return probe.NoIncident
}

// followRow ends the row that a result does not belong to. What is unknown says nothing, and
// neither does a re-check, which asked about something else, unless it is about access.
func (m *machine) followRow() {
	kind := m.rowOf()
	about := m.in.Run != probe.Recheck || kind == probe.KindAuthBypass || m.s.Row.is(probe.KindAuthBypass)
	if m.in.Verdict.Outcome != probe.Unknown && about && !m.s.Row.is(kind) {
		m.s.Row = nil
	}
}

// is reports whether it is a row of a kind.
func (r *Row) is(kind probe.Kind) bool { return r != nil && r.Of == kind }

// addToRow adds a result to the row of its kind.
func (s *State) addToRow(kind probe.Kind, in *Input) {
	if s.Row == nil {
		s.Row = &Row{}
	}
	s.Row.Of = kind
	s.Row.note(in)
}

// confirm adds a result to the row of its kind, and opens the incident once the row is long
// enough, or the bucket full. What came now and then, and goes on in a row, recovers as a
// row does.
func (m *machine) confirm(kind probe.Kind, long func(*Suspicion) bool) {
	s, open := m.s, m.s.Open(kind)
	if open != nil {
		m.worsen(open)
	}
	if open != nil && !open.Leaky {
		return
	}
	s.addToRow(kind, m.in)
	bucket, rule := m.leak(kind)
	switch row := long(&s.Row.Suspicion); {
	case row && open != nil:
		open.Leaky = false
	case row:
		m.open(kind, s.Row.Suspicion)
	case open == nil && m.in.Run == probe.Scheduled && bucket.fires(rule):
		m.openAs(kind, bucket.confirmed(), true, Reading{})
		return
	default:
		return
	}
	s.Row = nil
}

// watchAuth counts refusals of our credential, without ever asking more often:
// repeated failures lock accounts. It tells of a row of them, and of a bucket that is full
// of those that come now and then.
func (m *machine) watchAuth() {
	s, in := m.s, m.in
	if in.Run == probe.Recheck || in.Verdict.Outcome == probe.Unknown {
		return
	}
	refused := in.Verdict.Kind() == probe.KindAuthFailed
	m.pour(&s.Buckets.Auth, m.p.Rules.AuthFailed, refused)
	if !refused {
		s.Denials = 0
		s.interrupt(probe.KindAuthFailed)
		return
	}
	s.Denials++
	m.confirm(probe.KindAuthFailed, func(row *Suspicion) bool {
		return row.Results >= authResults && in.At.Sub(row.Since) >= m.p.AuthAfter
	})
}

// watchClientFault tells when our requests are rejected: a mistake of ours from the start, or
// a target that has changed what it accepts.
func (m *machine) watchClientFault() {
	s, in, rule := m.s, m.in, m.p.Rules.ClientFault
	if in.Run == probe.Recheck || in.Verdict.Outcome == probe.Unknown {
		return
	}
	rejected := in.Verdict.Kind() == probe.KindClientFault
	m.pour(&s.Buckets.Client, rule.Leak, rejected)
	switch {
	case !rejected:
		s.interrupt(probe.KindClientFault)
	case rule.On:
		m.confirm(probe.KindClientFault, func(row *Suspicion) bool {
			return row.Results >= clientResults && in.At.Sub(row.Since) >= rule.After
		})
	}
}

// What is known of whether rejected requests ever worked; the level of a client_fault's reading.
const (
	NeverWorked = iota + 1 // so that it may be the configuration that is wrong
	WorkedUntil            // the first that was rejected, so that it is the target that has changed
	WorkedOnce             // at some time before
)

// worked is what is known of whether the request ever worked, as an incident about it opens.
func (m *machine) worked(since int64, leaky bool) Reading {
	switch {
	case !m.s.Worked:
		return m.unproven()
	case leaky || int64(m.s.Since) != since:
		return Reading{Level: WorkedOnce}
	}
	return Reading{Level: WorkedUntil}
}
