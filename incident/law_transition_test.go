package incident_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

func (l *law) checkTransition(m move, before *incident.State, told incident.Transition) {
	t, p, was := l.t, told.Problem, l.phase[told.Problem.Kind]
	if degraded := l.phase[probe.KindDegraded]; p.Kind == probe.KindDown && over[told.Change] && degraded.ID == p.ID && degraded.Phase != incident.Closed {
		require.Equal(t, incident.WasDown, degraded.Stage, "what is over goes by the worst it was")
		was = degraded
		delete(l.phase, probe.KindDegraded)
	}
	require.False(t, p.Kind == probe.KindDegraded && over[told.Change] && p.Stage == incident.WasDown)
	until := m.in.At
	if m.in.Kind == incident.Skipped {
		until = m.in.To
	}
	if m.in.Maintenance && (told.Change != incident.Eased || !told.Quiet) {
		require.Contains(t, []incident.Change{incident.Resolved, incident.ClosedNow, incident.Settled, incident.Withdrawn}, told.Change, "in maintenance nothing opens, and nobody is reminded")
	}
	switch told.Change {
	case incident.Opened:
		require.Equal(t, incident.Closed, was.Phase, "nothing opens twice")
		require.Greater(t, p.ID, l.lastID, "ids grow and are never given again")
		require.Equal(t, 1, p.Openings)
		l.lastID = p.ID
		l.checkOpening(m, before, p)
	case incident.Reopened:
		for kind, other := range map[probe.Kind]probe.Kind{probe.KindDown: probe.KindDegraded, probe.KindDegraded: probe.KindDown} {
			if p.Kind == kind && was.Phase == incident.Closed {
				was = l.phase[other] // the same trouble
				delete(l.phase, other)
			}
		}
		require.Equal(t, incident.Recovered, was.Phase)
		require.Equal(t, was.ID, p.ID)
		require.Equal(t, was.Openings+1, p.Openings)
		require.False(t, p.Since.After(was.CloseAt), "the relapse began in time")
		l.checkOpening(m, before, p)
	case incident.Changed:
		require.Equal(t, incident.Open, was.Phase)
		require.True(t, m.in.Verdict == p.Cause || p.Kind == probe.KindBudgetThreshold)
	case incident.Reminded:
		require.Equal(t, incident.Open, was.Phase)
		require.False(t, told.At.After(until))
	case incident.Escalated:
		require.Equal(t, incident.Open, was.Phase)
		if p.Kind == probe.KindBudgetThreshold {
			require.Greater(t, p.Reading.Level, before.Spending.Level, "and of a level once on the way up")
			require.GreaterOrEqual(t, 100*p.Reading.Now, float64(p.Reading.Level))
			break
		}
		if p.Kind == probe.KindRateLimited {
			require.Equal(t, []probe.Severity{probe.Info, probe.Warning}, []probe.Severity{was.Severity, p.Severity})
			require.Equal(t, p.OpenedAt.Add(m.policy.Rules.RateLimited.WarnAfter), told.At)
			break
		}
		require.Greater(t, p.Stage, was.Stage, "people are told of a stage once")
		require.True(t, m.in.Expiring)
	case incident.Resolved:
		require.Equal(t, incident.Open, was.Phase, "resolved at most once")
		if p.Kind == probe.KindCache {
			require.True(t, m.policy.MinCacheRatio == 0 || m.in.Cache != probe.CacheNone, "nobody asks any more, or an answer shows it")
			break
		}
		if budgetKind(p.Kind) {
			require.True(t, m.judged(), "nothing resolves while nothing is judged")
			break
		}
		require.Equal(t, probe.Scheduled, m.in.Run)
		require.False(t, p.Kind == probe.KindCertificate && m.in.Expiring)
		measured := p.Kind == probe.KindCodeAnomaly || p.Kind == probe.KindGroupRate
		require.True(t, measured || p.Kind == probe.KindCertificate || m.in.Verdict.Outcome == probe.Good)
		if p.Leaky {
			rule, bucket := m.policy.Rules.Degraded, before.Buckets.Target
			switch p.Kind {
			case probe.KindClientFault:
				rule, bucket = m.policy.Rules.ClientFault.Leak, before.Buckets.Client
			case probe.KindAuthFailed:
				rule, bucket = m.policy.Rules.AuthFailed, before.Buckets.Auth
			}
			require.True(t, rule.Fire == 0 || time.Duration(bucket.Level)*time.Millisecond-min(m.policy.Interval, time.Minute) <= rule.Clear)
		}
	case incident.ClosedNow:
		require.Equal(t, incident.Recovered, was.Phase)
		require.False(t, p.Telling.Unsaid, "people have heard that it is over")
		if m.retires(was.Kind) {
			break
		}
		require.Equal(t, was.CloseAt, told.At, "dated at the deadline")
		require.False(t, told.At.After(until))
	case incident.Overdue:
		require.Equal(t, incident.Open, was.Phase)
		require.False(t, was.Unkept, "told once per opening")
		require.True(t, p.Unkept)
		require.False(t, told.At.Before(p.Promise))
		require.Equal(t, incident.Ran, m.in.Kind, "only an answer shows that it was not kept")
	case incident.Settled:
		require.Equal(t, incident.Recovered, was.Phase)
		require.True(t, was.Telling.Unsaid, "people hear of a recovery once")
		require.False(t, told.At.Before(p.RecoveredAt))
		require.False(t, told.At.After(until))
	case incident.Withdrawn:
		require.True(t, m.retires(was.Kind))
		require.True(t, was.Phase == incident.Open || was.Telling.Unsaid)
	case incident.Risen:
		require.Equal(t, incident.Open, l.phase[probe.KindDegraded].Phase)
		require.Equal(t, l.phase[probe.KindDegraded].ID, p.ID)
		require.Equal(t, incident.Closed, was.Phase, "nothing was down")
		require.Equal(t, probe.KindDown, p.Kind)
		delete(l.phase, probe.KindDegraded)
	case incident.Eased:
		l.checkEasing(m, before, told)
		was = p
	default:
		require.Fail(t, "unexpected change", told.Change.String())
	}
	require.False(t, told.Quiet && !quiet[told.Change], "%s is always told", told.Change)
	if told.Change != incident.Reminded && told.Change != incident.Escalated && told.Change != incident.ClosedNow && told.Change != incident.Settled &&
		(told.Change != incident.Eased || told.Quiet) {
		require.Equal(t, until, told.At)
		require.False(t, told.At.Before(l.moved) && !m.in.At.Before(before.Account.Grid.Last), "transitions come in order, but for those of an extra run that comes after later slots")
		l.moved = slo.Latest(l.moved, told.At)
	}
	l.phase[p.Kind] = p
}

// checkEasing checks that what is down becomes degraded only where it answers, but its
// bucket is not low; and that people hear of that once it has lasted.
func (l *law) checkEasing(m move, before *incident.State, told incident.Transition) {
	t, p := l.t, told.Problem
	require.Equal(t, incident.Open, p.Phase)
	require.Equal(t, probe.KindDegraded, p.Kind)
	if !told.Quiet {
		require.Equal(t, l.phase[probe.KindDegraded].ID, p.ID)
		require.False(t, l.phase[probe.KindDegraded].Telling.Degraded, "people hear of it once")
		require.True(t, p.Telling.Degraded)
		return
	}
	require.Equal(t, l.phase[probe.KindDown].ID, p.ID)
	require.True(t, p.Leaky)
	require.Equal(t, probe.Good, m.in.Verdict.Outcome)
	require.Equal(t, probe.Scheduled, m.in.Run)
	level := time.Duration(before.Buckets.Target.Level)*time.Millisecond - min(m.policy.Interval, time.Minute)
	require.Greater(t, level, m.policy.Rules.Degraded.Clear, "what is low is over")
	delete(l.phase, probe.KindDown)
}

// over are the changes by which an incident ends.
var over = map[incident.Change]bool{incident.Resolved: true, incident.Withdrawn: true, incident.ClosedNow: true}

// quiet are the changes that people need not hear of.
var quiet = map[incident.Change]bool{incident.Reopened: true, incident.Resolved: true, incident.Risen: true, incident.Eased: true}
