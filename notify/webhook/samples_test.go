package webhook

import (
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
)

var started = time.Date(2026, 11, 23, 14, 32, 10, 0, time.UTC)

var unavailable = probe.Verdict{Status: 503, Class: probe.ClassServerError, Reason: probe.ServerError,
	Retry: probe.RetryBackoff, Fault: probe.FaultTarget, Outcome: probe.Bad}

// sample is a message about a probe as the planner makes it.
func sample(change incident.Change) notify.Message {
	at := started.Add(12*time.Minute + 4*time.Second)
	objective, _ := slo.ParseObjective("99.9% over 30d")
	return notify.Message{
		Key: "1000:hook:" + change.String() + ":1795444330000", Destination: "hook", Incident: incident.FirstID, Change: change, CreatedAt: at,
		Body: notify.Body{
			Probe: "checkout", Group: "payments", URL: "https://checkout.example.com/healthz", Method: "GET", Location: "seoul-1",
			Runbook: "https://runbooks.example.com/checkout", Labels: map[string]string{"team": "payments"}, Interval: 30 * time.Second,
			Kind: probe.KindDown, Severity: probe.Critical, Cause: unavailable, Codes: []incident.CodeCount{{Code: 503, Count: 3}, {Code: 0, Count: 1}},
			Failures: 4, Openings: 1, Since: started, OpenedAt: started.Add(90 * time.Second), At: at,
			Budgets:    []notify.BudgetFact{{Objective: objective, Spent: 6 * time.Minute, Total: 30 * time.Minute, Judged: true}},
			Dependents: notify.Dependents{Total: 3, Failing: 1, Names: []string{"shop"}},
		},
	}
}

// surge is a message about gateways that fail.
func surge(change incident.Change, stage int) notify.Message {
	m := sample(change)
	b := &m.Body
	b.Probe, b.Group, b.URL, b.Method, b.Runbook, b.Labels, b.Interval = "", "", "", "", "", nil, 0
	b.Shared, b.Members = incident.Bond{Tie: incident.TieHost, Key: "api.example.com"}, []string{"checkout", "shop"}
	b.Kind, b.Severity, b.Stage, b.Budgets, b.Dependents = probe.KindGatewaySurge, probe.Warning, stage, nil, notify.Dependents{}
	b.Reading = incident.Reading{Now: 2, Usual: 5, Samples: 4, Over: 90 * time.Second}
	return m
}
