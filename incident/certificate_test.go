package incident_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

const day = 24 * time.Hour

// daily gives a scheduled result every so often, of a target whose certificate ends at an instant and
// is renewed, if it is, at another, and returns what was told, as "opened warning 20d".
func daily(w *world, every time.Duration, from, to, ends, renewed time.Duration, v probe.Verdict) []string {
	before := len(w.told)
	for since := from; since <= to; since += every {
		in := incident.Input{At: t0.Add(since), Verdict: v, Attempts: 1, CertificateEnds: t0.Add(ends)}
		if in.Expiring = ends-since < 21*day; renewed > 0 && since >= renewed {
			in.CertificateEnds, in.Expiring = t0.Add(renewed+90*day), false
		}
		w.step(in)
	}
	var all []string
	for _, told := range w.told[before:] {
		if told.Problem.Kind == probe.KindCertificate {
			all = append(all, fmt.Sprintf("%s %s %s", told.Change, told.Problem.Severity, told.Problem.Ends.Sub(told.At)))
		}
	}
	return all
}

var expiring = judge(probe.CertificateExpiring, 200)

func TestACertificateIsWarnedOfOnceAtEveryStage(t *testing.T) {
	for name, tc := range map[string]struct {
		verdict     probe.Verdict
		ends, until time.Duration
		told        []string
	}{
		"21 days, 7 days and 1 day before its end": {expiring, 30 * day, 30 * day, []string{"opened warning 503h0m0s", "escalated warning 168h0m0s", "escalated critical 24h0m0s"}},
		"only what is still to come":               {expiring, 6 * day, 6 * day, []string{"opened warning 144h0m0s", "escalated critical 24h0m0s"}},
		"at once what is urgent":                   {expiring, 12 * time.Hour, 6 * time.Hour, []string{"opened critical 12h0m0s"}},
		"nothing of one that lasts":                {good, 90 * day, 60 * day, nil},
		"also while the answer is bad":             {broken, 2 * day, 2 * day, []string{"opened warning 48h0m0s", "escalated critical 24h0m0s"}},
		"also while we are refused":                {denied, 2 * day, 2 * day, []string{"opened warning 48h0m0s", "escalated critical 24h0m0s"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{policy: usual(3600)}
			w.policy.RemindEvery = 4 * time.Hour
			require.Equal(t, tc.told, daily(&w, time.Hour, 0, tc.until, tc.ends, 0, tc.verdict))
			for _, told := range w.told {
				if told.Problem.Kind == probe.KindCertificate {
					require.Equal(t, probe.CertificateExpiring, told.Problem.Cause.Reason)
					require.Equal(t, tc.verdict.Status, told.Problem.Cause.Status)
					require.NotEqual(t, incident.Reminded, told.Change, "once is enough")
				}
			}
		})
	}
}

func TestARenewedCertificateResolves(t *testing.T) {
	w := world{policy: usual(60)}
	told := daily(&w, time.Minute, 0, time.Hour, 5*day, 30*time.Minute, expiring)
	require.Equal(t, []string{"opened warning 120h0m0s", "resolved warning 119h28m0s"}, told, "after two minutes of results that show another")
	require.Equal(t, t0.Add(30*time.Minute+90*day), w.state.Certificate.Ends.Time())
	require.Nil(t, w.state.Open(probe.KindCertificate))

	told = daily(&w, time.Minute, 61*time.Minute, 65*time.Minute, 5*day, 0, expiring)
	require.Equal(t, []string{"reopened warning 118h59m0s"}, told, "an old one that comes back within the hour goes on in the same thread")
	told = daily(&w, time.Minute, 66*time.Minute, 80*time.Minute, 5*day, time.Minute, expiring)
	require.Len(t, told, 1)
	require.Equal(t, t0.Add(69*time.Minute), w.told[len(w.told)-1].At, "after a relapse four results have to agree")
}

func TestSeveralServersWithOldAndNewCertificatesDoNotFlap(t *testing.T) {
	w := world{policy: usual(60)}
	w.policy.ResolveAfter = 0
	changes := 0
	for minute := range 24 * 60 {
		in := incident.Input{At: t0.Add(time.Duration(minute) * time.Minute), Verdict: good, Attempts: 1, CertificateEnds: t0.Add(90 * day)}
		if minute*7919%5 < 2 { // two of five servers still have the old one
			in.CertificateEnds, in.Expiring = t0.Add(10*day), true
		}
		changes += len(w.step(in))
	}
	require.Less(t, changes, 8)
	require.NotNil(t, w.state.Open(probe.KindCertificate))
}

func TestAResultWithoutACertificate(t *testing.T) {
	plain := func(w *world, minutes int, v probe.Verdict) []string {
		var all []string
		for minute := range minutes {
			all = append(all, w.step(incident.Input{At: t0.Add(time.Hour + time.Duration(minute)*time.Minute), Verdict: v, Attempts: 1})...)
		}
		return all
	}
	for name, tc := range map[string]struct {
		verdict probe.Verdict
		told    []string
	}{
		"that is good needs none any more":        {good, []string{"resolved certificate 1h2m0s"}},
		"because none could be seen says nothing": {refused, []string{"opened down 1h2m0s"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{policy: usual(60)}
			require.Len(t, daily(&w, time.Minute, 0, time.Minute, 5*day, 0, expiring), 1)
			require.Equal(t, tc.told, plain(&w, 5, tc.verdict))
		})
	}
}

func TestACertificateDoesNotResolveByGoodAnswers(t *testing.T) {
	w := world{policy: usual(60)}
	daily(&w, time.Minute, 0, 5*time.Hour, 10*day, 0, expiring)
	require.Equal(t, []string{"opened certificate 0s"}, lines(w.told))
	p := w.state.Open(probe.KindCertificate)
	require.Equal(t, 301, p.Failures)
	require.Equal(t, 1, p.Stage)
	fx := incident.Withdraw(&w.state, t0.Add(6*time.Hour))
	require.Equal(t, []string{"withdrawn certificate 6h0m0s"}, lines(fx.Transitions))
	require.Zero(t, w.state.Certificate)
}

func TestOnlyAVerifiedCertificateIsAnInput(t *testing.T) {
	ends := time.Date(2026, 12, 15, 4, 0, 0, 0, time.UTC)
	attempt := func(seen *probe.TLSEvidence) probe.Attempt { return probe.Attempt{Evidence: probe.Evidence{TLS: seen}} }
	for name, tc := range map[string]struct {
		attempts []probe.Attempt
		ends     time.Time
		expiring bool
	}{
		"not one without an end":                     {[]probe.Attempt{attempt(&probe.TLSEvidence{Version: "TLS 1.3"})}, time.Time{}, false},
		"of the attempt":                             {[]probe.Attempt{attempt(&probe.TLSEvidence{NotAfter: ends, Expiring: true})}, ends, true},
		"of an attempt before, if the last saw none": {[]probe.Attempt{attempt(&probe.TLSEvidence{NotAfter: ends}), attempt(nil)}, ends, false},
		"of the last of two":                         {[]probe.Attempt{attempt(&probe.TLSEvidence{NotAfter: ends, Expiring: true}), attempt(&probe.TLSEvidence{NotAfter: ends.Add(day)})}, ends.Add(day), false},
		"not one that was not verified":              {[]probe.Attempt{attempt(&probe.TLSEvidence{NotAfter: ends, Unverified: true})}, time.Time{}, false},
		"none":                                       {[]probe.Attempt{attempt(nil)}, time.Time{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			in := incident.FromResult(&probe.Result{At: t0, Attempts: tc.attempts})
			require.Equal(t, tc.ends, in.CertificateEnds)
			require.Equal(t, tc.expiring, in.Expiring)
		})
	}
}

func TestOverBothFamiliesTheCertificateThatEndsFirstCounts(t *testing.T) {
	soon, late := &probe.TLSEvidence{NotAfter: t0.Add(day), Expiring: true}, &probe.TLSEvidence{NotAfter: t0.Add(90 * day)}
	for _, tc := range [][2]*probe.TLSEvidence{{soon, late}, {late, soon}, {nil, soon}, {soon, nil}} {
		in := incident.FromResult(&probe.Result{At: t0, Attempts: []probe.Attempt{{Evidence: probe.Evidence{TLS: tc[0]}}}, Beside: &probe.Attempt{Evidence: probe.Evidence{TLS: tc[1]}}})
		require.Equal(t, soon.NotAfter, in.CertificateEnds)
		require.True(t, in.Expiring)
	}
}

func TestACredentialThatEndsSoonIsTold(t *testing.T) {
	ends := time.Date(2026, 11, 30, 5, 0, 0, 400, time.UTC)
	in := incident.FromResult(&probe.Result{Verdict: judge(probe.CredentialExpiring, 200), Attempts: []probe.Attempt{
		{Evidence: probe.Evidence{CredentialEnds: ends, TLS: &probe.TLSEvidence{NotAfter: ends.Add(90 * day)}}}}})
	require.Equal(t, ends.Truncate(time.Second), in.CertificateEnds, "it goes before a certificate that lasts")
	require.True(t, in.Expiring)

	warned := judge(probe.CredentialExpiring, 200)
	w := world{policy: usual(60)}
	step := func(second int, v probe.Verdict) {
		in := incident.Input{At: at(second), Verdict: v, Attempts: 1, CertificateEnds: t0.Add(90 * day)}
		if v.Reason == probe.CredentialExpiring {
			in.CertificateEnds, in.Expiring = t0.Add(3*day), true
		}
		w.step(in)
	}
	step(0, good)
	step(60, warned)
	require.Equal(t, []string{"opened certificate 1m0s"}, lines(w.told))
	problem := w.told[0].Problem
	require.Equal(t, probe.CredentialExpiring, problem.Cause.Reason)
	require.Equal(t, probe.Warning, problem.Severity)
	require.Equal(t, t0.Add(3*day), problem.Ends)
	require.Equal(t, t0.Add(90*day), w.state.Certificate.Ends.Time(), "the target's certificate is another one")
	for second := 120; second <= 600; second += 60 {
		step(second, denied)
	}
	require.Equal(t, incident.Open, w.state.Open(probe.KindCertificate).Phase, "what is refused does not show that it lasts")
	for second := 660; second <= 900; second += 60 {
		step(second, good)
	}
	require.Nil(t, w.state.Open(probe.KindCertificate))
	require.Equal(t, "resolved", w.told[len(w.told)-1].Change.String())
}
