package slack

import (
	"strconv"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
)

// galleryBegan is when the trouble of every specimen begins.
var galleryBegan = time.Date(2026, 11, 23, 14, 32, 10, 0, time.UTC)

// after is how long after the beginning a change comes.
var after = map[incident.Change]time.Duration{
	incident.Opened: 90 * time.Second, incident.Changed: 5 * time.Minute, incident.Reminded: 4 * time.Hour, incident.Resolved: 12*time.Minute + 4*time.Second,
	incident.Reopened: 40 * time.Minute, incident.Withdrawn: 30 * time.Minute, incident.Escalated: 14 * 24 * time.Hour, incident.Overdue: 20 * time.Minute,
	incident.Risen: 10 * time.Minute, incident.Settled: 45 * time.Minute, incident.Acknowledged: 3*time.Minute + 40*time.Second,
	incident.Unacknowledged: 5 * time.Minute, incident.Silenced: 6 * time.Minute, incident.FalseAlarmed: 20 * time.Minute, incident.TrueAlarmed: 25 * time.Minute,
	incident.Eased: 50 * time.Minute, incident.Unsilenced: 8 * time.Minute, incident.RunNow: 9 * time.Minute,
}

// causeOf is a cause for each kind.
var causeOf = map[probe.Kind]struct {
	reason probe.Reason
	status int
}{
	probe.KindDown: {probe.ServerError, 503}, probe.KindDegraded: {probe.TooSlow, 200}, probe.KindAuthFailed: {probe.Unauthenticated, 401},
	probe.KindAuthBypass: {probe.AuthBypass, 200}, probe.KindClientFault: {probe.ClientError, 404}, probe.KindRateLimited: {probe.Throttled, 429},
	probe.KindCertificate: {probe.CertificateExpiring, 200}, probe.KindProberNetwork: {probe.ProberNetwork, 0}, probe.KindProber: {probe.NoData, 0},
	probe.KindCache: {probe.ValidatorChanges, 200}, probe.KindAuthGroup: {probe.Unauthenticated, 401}, probe.KindLatency: {probe.OK, 200},
	probe.KindCodeAnomaly: {probe.ClientError, 400}, probe.KindGroupRate: {probe.ServerError, 503}, probe.KindGatewaySurge: {probe.ServerError, 502},
	probe.KindNoData: {probe.NoData, 0}, probe.KindBudgetFast: {probe.ServerError, 503}, probe.KindBudgetSlow: {probe.ServerError, 503},
	probe.KindBudgetThreshold: {probe.ServerError, 503},
}

// readingOf is what the rule of a kind has read.
var readingOf = map[probe.Kind]incident.Reading{
	probe.KindClientFault: {Level: incident.WorkedUntil}, probe.KindCodeAnomaly: {Now: 11, Usual: 1.4, Samples: 60, Over: time.Hour},
	probe.KindGroupRate: {Now: 0.021, Usual: 0.01, Samples: 240, Over: 5 * time.Minute, Level: 5},
	probe.KindAuthGroup: {Now: 3, Usual: 5}, probe.KindGatewaySurge: {Now: 3, Usual: 5}, probe.KindProberNetwork: {Now: 3, Usual: 5}, probe.KindProber: {Now: 3, Usual: 5},
	probe.KindBudgetFast: {Now: 100. / 3, Usual: 14.4, Samples: 2, Over: time.Hour, Level: 1}, probe.KindBudgetSlow: {Now: 3.26, Usual: 3, Samples: 47, Over: 24 * time.Hour, Level: 1},
	probe.KindBudgetThreshold: {Now: 0.8125, Level: 80}, probe.KindLatency: {Now: 412.7, Usual: 180.2, Samples: 9, Over: 15 * time.Minute, Level: 226},
}

// bondOf is what several probes share, of kinds that are about that.
var bondOf = map[probe.Kind]incident.Bond{
	probe.KindAuthGroup: {Tie: incident.TieCredential, Key: "of/checkout"}, probe.KindGatewaySurge: {Tie: incident.TieHost, Key: "api.example.com"},
	probe.KindGroupRate: {Tie: incident.TieGroup, Key: "payments"}, probe.KindProberNetwork: {Tie: incident.TieNetwork}, probe.KindProber: {Tie: incident.TieProber},
}

// specimenOf is a message about a change of an incident of a kind.
func specimenOf(kind probe.Kind, change incident.Change) notify.Message {
	v := verdictOf(causeOf[kind].reason, causeOf[kind].status)
	at := galleryBegan.Add(after[change])
	m := notify.Message{Key: "1000:ops:" + change.String() + ":1", Destination: "ops", Incident: incident.FirstID, Change: change, CreatedAt: at}
	b := &m.Body
	*b = notify.Body{
		Probe: "checkout", Location: "seoul-1", Kind: kind, Severity: severityOf(kind, v), Cause: v, Reading: readingOf[kind],
		Openings: 1, Since: galleryBegan, OpenedAt: galleryBegan.Add(90 * time.Second), At: at,
	}
	if b.Shared = bondOf[kind]; b.Shared.Tie == incident.NoTie {
		aboutOne(b)
	} else if kind != probe.KindProber {
		b.Members = []string{"checkout", "orders", "search"}
	}
	changed(b, change)
	return m
}

// verdictOf is the verdict of a reason, on an answer if there is a status.
func verdictOf(reason probe.Reason, status int) probe.Verdict {
	v := probe.Miss(reason)
	if status == 0 {
		return v
	}
	v.Status, v.Class = status, probe.ClassOf(status)
	if reason == probe.ServerError || reason == probe.ClientError {
		v.Retry = probe.CodeOf(status).Retry
	}
	return v
}

func severityOf(kind probe.Kind, v probe.Verdict) probe.Severity {
	switch kind {
	case probe.KindDegraded, probe.KindCodeAnomaly, probe.KindGroupRate, probe.KindLatency, probe.KindBudgetSlow, probe.KindBudgetThreshold:
		return probe.Warning
	}
	return v.Severity()
}

// aboutOne adds what is known of one probe.
func aboutOne(b *notify.Body) {
	objective, _ := slo.ParseObjective("99.9% over 30d")
	b.Group, b.URL, b.Method, b.Interval = "payments", "https://checkout.example.com/healthz", "GET", 30*time.Second
	b.Runbook, b.Labels = "https://runbooks.example.com/checkout?v=1&lang=en", map[string]string{"team": "payments", "env": "prod"}
	b.Budgets = []notify.BudgetFact{{Objective: objective, Spent: 12*time.Minute + 4*time.Second, Total: objective.Total(objective.Window.Length), Judged: true}}
	b.Past = notify.Past{
		Recent: recent(b), Good: notify.Point{At: galleryBegan.Add(-30 * time.Second), Status: 200, Outcome: probe.Good, Took: 41 * time.Millisecond},
		Usual: 52 * time.Millisecond, Same: 2, Of: 2880,
	}
	switch b.Kind {
	case probe.KindNoData:
		b.Past.Recent = nil
		return
	case probe.KindCertificate:
		b.Ends = galleryBegan.Add(20*24*time.Hour + 4*time.Hour)
		return
	}
	if b.Cause.Outcome == probe.Good {
		return
	}
	b.Failures, b.Codes = 4, []incident.CodeCount{{Code: int32(b.Cause.Status), Count: 4}}
	if b.Kind == probe.KindRateLimited {
		b.RecoverBy = galleryBegan.Add(time.Hour)
	}
	b.Seen = notify.Sight{
		At: b.At, Timings: probe.Timings{DNS: 2 * time.Millisecond, Connect: 9 * time.Millisecond, FirstByte: 1180 * time.Millisecond, Total: 1200 * time.Millisecond},
		Address: "192.0.2.10:443", StatusLine: "HTTP/2.0 " + strconv.Itoa(b.Cause.Status), By: "edge (Envoy)", Header: []string{"server: envoy", "x-request-id: 6f0c2a9a"},
	}
	switch b.Kind {
	case probe.KindAuthFailed:
		b.Seen.Header = []string{`www-authenticate: Bearer error="invalid_token"`}
	case probe.KindDegraded:
		b.Seen.Phase, b.Seen.Notes = notify.PhaseFirstByte, []string{"it took 1.200 s, and should take at most 1.000 s"}
	}
	if b.Kind != probe.KindDown {
		return
	}
	b.Seen.Excerpt = "upstream connect error or disconnect/reset before headers"
	b.Past.Cost, b.Past.Known = 2*time.Minute, true
	b.Dependents = notify.Dependents{Total: 3, Failing: 1, Names: []string{"shop"}}
	b.Needs = []notify.Need{
		{Name: "gateway", Standing: notify.StandingDown, Since: galleryBegan.Add(-time.Minute), Cause: probe.Miss(probe.ConnectTimeout)},
		{Name: "database", Standing: notify.StandingUp, Since: galleryBegan.Add(-time.Hour)},
	}
	b.Gateway = "503 after 1.2 s from the edge (Envoy): what is behind it broke off"
	b.Trace = "4bf92f3577b34da6a3ce929d0e0e4736"
}

// recent are the latest results: good ones, and those that failed since the trouble began.
func recent(b *notify.Body) (all []notify.Point) {
	for i, ms := range []int{40, 42, 41, 43, 40, 39, 44, 41, 40, 42, 41, 47, 40, 58, 71, 90} {
		all = append(all, notify.Point{At: galleryBegan.Add(time.Duration(i-16) * 30 * time.Second), Status: 200, Outcome: probe.Good, Took: time.Duration(ms) * time.Millisecond})
	}
	took := 1200 * time.Millisecond
	if b.Cause.Outcome == probe.Good && b.Kind != probe.KindLatency {
		took = 42 * time.Millisecond
	}
	for i := range 4 {
		all = append(all, notify.Point{
			At: galleryBegan.Add(time.Duration(i) * 30 * time.Second), Status: b.Cause.Status, Outcome: b.Cause.Outcome, Took: took,
		})
	}
	return all
}

// changed is how it was at a change.
func changed(b *notify.Body, change incident.Change) {
	over := galleryBegan.Add(after[change])
	switch change {
	case incident.Acknowledged:
		b.Acked = notify.Acked{At: b.At, By: "minji", Note: "looking at the gateway"}
		b.Answer = notify.Answer{At: b.At, By: "minji", User: "U0MINJI01", Note: "looking at the gateway"}
	case incident.RunNow:
		b.Answer = notify.Answer{At: b.At, By: "minji", User: "U0MINJI01", Said: "status   503 Service Unavailable\nverdict  bad: 503 Service Unavailable"}
	case incident.Unacknowledged, incident.Unsilenced:
		b.Answer = notify.Answer{At: b.At, By: "minji", User: "U0MINJI01"}
	case incident.Silenced:
		b.Answer = notify.Answer{At: b.At, By: "minji", User: "U0MINJI01", Until: b.At.Add(2 * time.Hour)}
	case incident.FalseAlarmed, incident.TrueAlarmed:
		b.Answer, b.RecoveredAt = notify.Answer{At: b.At, By: "minji", User: "U0MINJI01"}, galleryBegan.Add(after[incident.Resolved])
	case incident.Resolved:
		b.RecoveredAt, b.Acked = over, notify.Acked{At: b.OpenedAt.Add(130 * time.Second), By: "minji"}
	case incident.Settled:
		b.RecoveredAt, b.Openings = galleryBegan.Add(15*time.Minute), 7
	case incident.Reopened:
		b.Openings, b.Flapping = 4, true
	case incident.Overdue:
		b.Promise, b.RecoverBy = galleryBegan.Add(19*time.Minute), galleryBegan.Add(80*time.Minute)
	}
	if !b.RecoveredAt.IsZero() && !b.Past.Good.IsZero() {
		b.Past.Good = notify.Point{At: b.RecoveredAt, Status: 200, Outcome: probe.Good, Took: 40 * time.Millisecond}
		b.Past.Recent = append(b.Past.Recent[min(2, len(b.Past.Recent)):len(b.Past.Recent):len(b.Past.Recent)], b.Past.Good, b.Past.Good)
	}
}

// neverGood is an outage of a probe that was added two minutes before and never worked.
func neverGood() notify.Message {
	m := downFor(probe.ConnectRefused)
	b := &m.Body
	b.Reading = incident.Reading{Level: incident.NeverWorked, Over: b.OpenedAt.Sub(galleryBegan)}
	b.Past.Recent, b.Past.Good, b.Past.Usual, b.Past.Of = b.Past.Recent[len(b.Past.Recent)-3:], notify.Point{}, 0, 0
	return m
}

// downFor is an opening for another reason.
func downFor(reason probe.Reason) notify.Message {
	m := specimenOf(probe.KindDown, incident.Opened)
	b := &m.Body
	status := 0
	b.Gateway, b.Needs, b.Dependents = "", nil, notify.Dependents{}
	b.Seen = notify.Sight{At: b.At, Address: "192.0.2.10:443", Timings: probe.Timings{DNS: 2 * time.Millisecond, Total: 6 * time.Millisecond}}
	switch reason {
	case probe.ConnectRefused:
		b.Seen.Phase, b.Seen.Error, b.Seen.Timings.Connect = notify.PhaseConnect, "dial tcp 192.0.2.10:443: connect: connection refused", 4*time.Millisecond
	case probe.TLSExpired:
		b.Seen.Phase, b.Seen.Error, b.Seen.Timings.TLS = notify.PhaseTLS, "tls: failed to verify certificate: x509: certificate has expired or is not yet valid", 4*time.Millisecond
		b.Seen.Certificate = &probe.CertificateEvidence{
			Subject: "CN=checkout.example.com", Issuer: "CN=Example CA", NotBefore: galleryBegan.Add(-90 * 24 * time.Hour), NotAfter: galleryBegan,
		}
		b.Secured = galleryBegan
	default:
		status = 200
		b.Seen.StatusLine, b.Seen.Notes, b.Seen.Excerpt = "HTTP/2.0 200", []string{`the body does not contain "ok"; it begins "maintenance"`}, "maintenance until noon"
	}
	b.Cause = verdictOf(reason, status)
	b.Codes = []incident.CodeCount{{Code: int32(status), Count: 4}}
	b.Past.Same = 0
	return m
}

// noticeOf is a message about the service itself.
func noticeOf(n notify.Notice) notify.Message {
	return notify.Message{
		Key: "notice:ops:" + n.String() + ":1", Destination: "ops", CreatedAt: galleryBegan,
		Body: notify.Body{Notice: n, Location: "seoul-1", Since: galleryBegan.Add(-2 * time.Minute), At: galleryBegan, Lost: 3},
	}
}
