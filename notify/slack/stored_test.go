package slack

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
)

// stored is a body as version 0.1.0 stored it, which knew less.
const stored = `{"Probe":"checkout","Group":"payments","URL":"https://checkout.example.com/healthz","Method":"GET","Location":"seoul-1","Runbook":"","Labels":null,
"Interval":30000000000,"Kind":"down","Severity":"critical","Cause":{"Status":503,"Class":"server_error","Reason":"server_error","Retry":"backoff","Fault":"target","Outcome":"bad"},
"Codes":[{"Code":503,"Count":3}],"Failures":3,"Openings":1,"Since":"2026-11-23T14:32:10Z","OpenedAt":"2026-11-23T14:33:40Z","At":"2026-11-23T14:33:40Z","RecoverBy":"0001-01-01T00:00:00Z",
"Budgets":[{"Objective":"99.9% over 30d","Spent":724000000000,"Total":2592000000000,"Judged":true}]}`

func TestAMessageThatWasStoredBeforeIsTold(t *testing.T) {
	m := notify.Message{Key: "1000:ops:opened:1", Incident: incident.FirstID, Change: incident.Opened, CreatedAt: started}
	require.NoError(t, json.Unmarshal([]byte(stored), &m.Body))
	r := told(m).fit(formFull)
	within(t, r)
	require.Equal(t, "5xx: checkout is down: 503 Service Unavailable, 3 failed checks since 14:32:10 UTC. Severity: critical. Incident 1000.", r.text)
	require.NotContains(t, r.readable(), "Evidence")
	require.Contains(t, r.readable(), "Error budget: 99.9% over 30d: 12 min 4 s of 43 min 12 s spent (27.9%), 31 min 8 s left\n")
}
