package incident_test

import (
	"math/bits"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// checkOpening checks that an incident opened for a reason.
func (l *law) checkOpening(m move, before *incident.State, p incident.Problem) {
	t := l.t
	require.Equal(t, incident.Open, p.Phase)
	if p.Kind == probe.KindCertificate {
		require.True(t, m.in.Expiring)
		require.Equal(t, probe.CertificateExpiring, p.Cause.Reason)
		require.Equal(t, m.in.CertificateEnds.Sub(m.in.At) <= 24*time.Hour, p.Severity == probe.Critical)
		return
	}
	if p.Kind == probe.KindLatency {
		require.Equal(t, probe.Good, p.Cause.Outcome)
		require.Greater(t, p.Reading.Now, p.Reading.Usual)
		return
	}
	if budgetKind(p.Kind) {
		require.True(t, m.judged() && m.in.Verdict.Outcome == probe.Bad, "only what is bad spends a budget")
		require.Equal(t, probe.Bad, p.Cause.Outcome)
		require.True(t, p.Kind == probe.KindBudgetThreshold || p.Reading.Now > p.Reading.Usual)
		return
	}
	if p.Kind == probe.KindCache {
		require.Positive(t, m.policy.MinCacheRatio)
		require.Contains(t, []probe.CacheOutcome{probe.CacheMiss, probe.CacheChanged}, m.in.Cache)
		require.Contains(t, []probe.Reason{probe.CacheMissed, probe.ValidatorChanges}, p.Cause.Reason)
		require.GreaterOrEqual(t, before.Cache.Answers+1, 32, "of few answers nothing is said")
		return
	}
	require.Contains(t, []probe.Verdict{m.in.Verdict, before.Last.Verdict}, p.Cause)
	if p.Kind == probe.KindCodeAnomaly || p.Kind == probe.KindGroupRate {
		l.checkMeasured(m, p)
		return
	}
	require.True(t, m.in.Verdict.Kind() == p.Kind || p.Kind == probe.KindDegraded && m.in.Verdict.Kind() == probe.KindDown)
	require.Equal(t, min(m.in.Verdict.Severity(), severest(p.Kind)), p.Severity)
	require.True(t, wants(m.policy.Rules, p.Kind))
	until := m.in.At
	if m.in.Kind == incident.Skipped {
		until = m.in.To
	}
	suspect, row := known(before)
	switch p.Kind {
	case probe.KindRateLimited:
		require.GreaterOrEqual(t, bits.OnesCount16(before.Limits)+1, m.policy.Rules.RateLimited.Results)
		return
	case probe.KindAuthBypass:
		require.Equal(t, probe.KindAuthBypass, row.Of)
		require.GreaterOrEqual(t, row.Results, 1, "one look is not enough")
		return
	case probe.KindClientFault:
		require.NotEqual(t, probe.Recheck, m.in.Run)
		require.Equal(t, before.Worked, p.Reading.Level != incident.NeverWorked)
		if p.Leaky {
			l.checkLeak(m, m.policy.Rules.ClientFault.Leak, &before.Buckets.Client)
			return
		}
		require.GreaterOrEqual(t, p.Failures, 3)
		require.GreaterOrEqual(t, m.in.At.Sub(p.Since), m.policy.Rules.ClientFault.After)
		return
	case probe.KindAuthFailed:
		require.NotEqual(t, probe.Recheck, m.in.Run)
		if p.Leaky {
			l.checkLeak(m, m.policy.Rules.AuthFailed, &before.Buckets.Auth)
			return
		}
		require.GreaterOrEqual(t, p.Failures, 3)
		require.GreaterOrEqual(t, m.in.At.Sub(p.Since), m.policy.AuthAfter)
		return
	case probe.KindDegraded:
		if m.in.Verdict.Reason != probe.LoadShed {
			l.checkLeak(m, m.policy.Rules.Degraded, &before.Buckets.Target)
			require.Nil(t, before.Open(probe.KindDown), "down says it all")
			return
		}
		suspect = incident.Suspicion{}
		if row.Of == probe.KindDegraded {
			suspect = row.Suspicion
		}
	}
	attempts := max(1, m.in.Attempts) + m.in.Forgone
	if m.in.Kind == incident.Skipped {
		attempts = int(until.Sub(m.in.At)/m.policy.Interval) + 1
	}
	if suspect.Results > 0 && p.Since.Equal(suspect.Since) {
		attempts += suspect.Attempts
	}
	require.GreaterOrEqual(t, attempts, 3, "fewer than three attempts never open down")
	require.GreaterOrEqual(t, until.Sub(p.Since), m.policy.DownAfter)
}

func wants(rules incident.Rules, kind probe.Kind) bool {
	switch kind {
	case probe.KindAuthBypass:
		return rules.AuthBypass
	case probe.KindClientFault:
		return rules.ClientFault.On
	case probe.KindRateLimited:
		return rules.RateLimited.Results > 0
	case probe.KindCodeAnomaly:
		return rules.CodeAnomaly != nil
	case probe.KindGroupRate:
		return rules.Rate != nil
	}
	return !rules.Off.Has(kind)
}

// checkLeak checks that an incident opened because a bucket was full.
func (l *law) checkLeak(m move, rule incident.Leak, before *incident.Bucket) {
	level := time.Duration(before.Level)*time.Millisecond + time.Duration(rule.Weight)*min(m.policy.Interval, time.Minute)
	require.Positive(l.t, rule.Fire)
	require.GreaterOrEqual(l.t, level, rule.Fire)
	require.Equal(l.t, probe.Scheduled, m.in.Run)
}

func severest(kind probe.Kind) probe.Severity {
	if kind == probe.KindDegraded {
		return probe.Warning
	}
	return probe.Critical
}

// checkMeasured checks that what was counted is too much.
func (l *law) checkMeasured(m move, p incident.Problem) {
	t, r := l.t, p.Reading
	require.Equal(t, probe.Scheduled, m.in.Run)
	require.Equal(t, probe.Warning, p.Severity)
	require.Positive(t, r.Samples)
	require.Zero(t, r.Now-r.Now+r.Usual-r.Usual, "numbers, and finite ones")
	if p.Kind == probe.KindGroupRate {
		require.Greater(t, r.Now, r.Usual)
		require.GreaterOrEqual(t, r.Samples, m.policy.Rules.Rate.MinSamples)
		return
	}
	require.GreaterOrEqual(t, r.Now, float64(m.policy.Rules.CodeAnomaly.MinCount))
	require.GreaterOrEqual(t, r.Samples, int(r.Now))
	require.Contains(t, m.policy.Rules.CodeAnomaly.Codes, int16(m.in.Verdict.Status))
}
