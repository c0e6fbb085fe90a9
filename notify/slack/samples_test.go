package slack

import (
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
)

var started = time.Date(2026, 11, 23, 14, 32, 10, 0, time.UTC)

// changes are those that people are told of, each with how long after the start it
// comes.
var changes = map[incident.Change]time.Duration{
	incident.Opened:   90 * time.Second,
	incident.Changed:  5 * time.Minute,
	incident.Reminded: 4 * time.Hour,
	incident.Resolved: 12*time.Minute + 4*time.Second,
	incident.Reopened: 40 * time.Minute,

	incident.Withdrawn: 30 * time.Minute,
	incident.Escalated: 14 * 24 * time.Hour,
	incident.Overdue:   20 * time.Minute,
	incident.Risen:     10 * time.Minute,
	incident.Settled:   45 * time.Minute,
	incident.Eased:     50 * time.Minute,

	incident.Acknowledged: 6 * time.Minute,
}

// causes are verdicts by the symptom that people must never mix up.
var causes = map[string]probe.Verdict{
	"5xx": {Status: 503, Class: probe.ClassServerError, Reason: probe.ServerError,
		Retry: probe.RetryBackoff, Fault: probe.FaultTarget, Outcome: probe.Bad},
	"no answer": {Class: probe.ClassNoResponse, Reason: probe.ConnectRefused,
		Retry: probe.RetryYes, Fault: probe.FaultTarget, Outcome: probe.Bad},
	"wrong answer": {Status: 200, Class: probe.ClassSuccess, Reason: probe.BodyMismatch,
		Retry: probe.RetryNo, Fault: probe.FaultTarget, Outcome: probe.Bad},
	"auth 401/403": {Status: 401, Class: probe.ClassClientError, Reason: probe.Unauthenticated,
		Retry: probe.RetryNo, Fault: probe.FaultCredential, Outcome: probe.Excluded},
	"credential":  {Status: 200, Class: probe.ClassSuccess, Reason: probe.CredentialExpiring, Fault: probe.FaultCredential, Outcome: probe.Good},
	"cache":       {Status: 200, Class: probe.ClassSuccess, Reason: probe.ValidatorChanges, Fault: probe.FaultTarget, Outcome: probe.Good},
	"certificate": {Status: 200, Class: probe.ClassSuccess, Reason: probe.CertificateExpiring, Fault: probe.FaultTarget, Outcome: probe.Good},
}

// sample is a message as the planner makes it.
func sample(change incident.Change, v probe.Verdict) notify.Message {
	at := started.Add(changes[change])
	objective, _ := slo.ParseObjective("99.9% over 30d")
	m := notify.Message{
		Key: "1000:ops:" + change.String() + ":1", Destination: "ops", Incident: incident.FirstID, Change: change, CreatedAt: at,
		Body: notify.Body{
			Probe: "checkout", Group: "payments", URL: "https://checkout.example.com/healthz", Method: "GET",
			Location: "seoul-1", Runbook: "https://runbooks.example.com/checkout?v=1&lang=en",
			Labels: map[string]string{"team": "payments", "env": "prod"}, Interval: 30 * time.Second,
			Kind: v.Kind(), Severity: v.Severity(), Cause: v,
			Codes:    []incident.CodeCount{{Code: int32(v.Status), Count: 3}, {Code: 500, Count: 1}},
			Failures: 4, Openings: 1, Since: started, OpenedAt: started.Add(90 * time.Second), At: at,
			Budgets: []notify.BudgetFact{{Objective: objective, Spent: 12*time.Minute + 4*time.Second, Total: objective.Total(objective.Window.Length), Judged: true}},
		},
	}
	if m.Body.Kind == probe.KindCertificate {
		m.Body.Ends = started.Add(20*24*time.Hour + 4*time.Hour)
	}
	switch change {
	case incident.Settled:
		m.Body.RecoveredAt, m.Body.Openings = started.Add(15*time.Minute), 7
	case incident.Acknowledged:
		m.Body.Acked = notify.Acked{At: at, By: "minji"}
	case incident.Reopened:
		m.Body.Openings = 2
	case incident.Overdue:
		m.Body.Promise, m.Body.RecoverBy = started.Add(19*time.Minute), started.Add(80*time.Minute)
	}
	return m
}

// told is a story about a message that is sent a second after it was made.
func told(m notify.Message) story { return toldIn(probe.English, m) }

// toldIn is told in a language.
func toldIn(l probe.Language, m notify.Message) story {
	return story{Message: m, words: wordsIn(l), zone: time.UTC, now: m.CreatedAt.Add(time.Second), publicURL: "https://sonde.example.com"}
}
