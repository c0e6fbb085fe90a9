package webhook

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

var update = flag.Bool("update", false, "write the golden files anew")

// messages are one of every sort.
func messages() map[string]notify.Message {
	relapse := sample(incident.Reopened)
	relapse.Body.Quiet, relapse.Body.Flapping, relapse.Body.Openings, relapse.Repeat, relapse.Attempts = true, true, 5, true, 2
	settled := sample(incident.Settled)
	settled.Body.RecoveredAt = started.Add(10 * time.Minute)
	part := sample(incident.Opened)
	part.Body.Part, part.Body.Kind, part.Body.Severity = incident.FirstID+1, probe.KindAuthFailed, probe.Warning
	late := sample(incident.Opened)
	late.Body.Held = notify.HeldFor{Why: notify.WhyParent, By: "gateway", Since: started}
	late.Body.RecoverBy, late.Body.Promise = started.Add(time.Hour), started.Add(time.Hour)
	late.Body.Gateway, late.Body.Trace = "edge: the body is a page of cloudflare", "4bf92f3577b34da6a3ce929d0e0e4736"
	late.Body.Seen = notify.Sight{
		At: started, Phase: notify.PhaseFirstByte, Timings: probe.Timings{DNS: 1500 * time.Microsecond, Connect: 2 * time.Millisecond, TLS: 8 * time.Millisecond},
		Address: "192.0.2.7:443", StatusLine: "HTTP/1.1 503 Service Unavailable", Header: []string{"server: nginx"}, Notes: []string{"expected 2xx, got 503"}, Excerpt: "<h1>503</h1>",
	}
	late.Body.Needs = []notify.Need{{Name: "gateway", Standing: notify.StandingDown, Since: started, Cause: unavailable}, {Name: "orders", Standing: notify.StandingUp}}
	late.Body.Acked = notify.Acked{At: started, By: "ann", Note: "on it"}
	late.Body.Late, late.Body.Instead = true, notify.Instead{Of: "ops", Why: "invalid_auth"}
	silenced := sample(incident.Silenced)
	silenced.Body.Quiet, silenced.Body.Answer = true, notify.Answer{By: "ann", User: "U012", Note: "rollout", At: started, Until: started.Add(time.Hour)}
	gust := notify.Message{Key: "fallback:hook:storm:ops:1", Destination: "hook", Incident: -1795444330000, Change: incident.Opened, CreatedAt: started, Body: notify.Body{
		Location: "seoul-1", At: started, Since: started, Severity: probe.Critical, Instead: notify.Instead{Of: "ops", Why: "invalid_auth"},
		Storm: &notify.StormFacts{Began: started, Affected: 12, Failing: 11, Members: []notify.StormMember{
			{Member: notify.Member{Incident: incident.FirstID, Since: started, Probe: "checkout", Kind: probe.KindDown, Severity: probe.Critical, Reason: probe.ServerError, Status: 503}},
			{Member: notify.Member{Incident: incident.FirstID + 1, Since: started, Shared: incident.Bond{Tie: incident.TieHost, Key: "api.example.com"}, Kind: probe.KindGatewaySurge, Severity: probe.Warning, Reason: probe.ServerError, Status: 502}, Recovered: true},
		}},
	}}
	week := notify.Message{Key: "digest:hook:1", Destination: "hook", CreatedAt: started, Body: notify.Body{Location: "seoul-1", At: started, Digest: &notify.Digest{
		Period: notify.DigestWeekly, From: started.Add(-7 * 24 * time.Hour), Until: started, Opened: 3, StillOpen: 1, Past: 2, Promised: 2,
		Open:     []notify.DigestIncident{{ID: incident.FirstID, Probe: "checkout", Kind: probe.KindDown, Severity: probe.Critical, Reason: probe.ServerError, Status: 503, Since: started}},
		Over:     []notify.DigestIncident{{ID: incident.FirstID + 1, Probe: "shop", Kind: probe.KindDown, Severity: probe.Critical, Reason: probe.ConnectRefused, Since: started.Add(-time.Hour), Until: started}},
		Promises: []notify.DigestPromise{{Name: "checkout", Objective: "99.9% over 30d", Attained: 0.998, Coverage: 1, Left: -1, Judged: true}, {Name: "new", Objective: "99.9% over 30d"}},
		Acked:    notify.DigestMean{Time: 4 * time.Minute, Of: 1}, Recovered: notify.DigestMean{Time: time.Hour, Of: 2}, Unacked: 2, Relapses: 1,
		Noise:  []notify.DigestNoise{{Name: "shop", Alerts: 2, Relapses: 1, FalseAlarms: 1, Unacked: 1}},
		Ending: []notify.DigestEnd{{Name: "shop", Ends: started.Add(6 * 24 * time.Hour)}, {Name: "partner", Ends: started.Add(12 * 24 * time.Hour), Credential: true}},
	}}}
	slow := sample(incident.Opened)
	slow.Body.Kind, slow.Body.Severity = probe.KindLatency, probe.Warning
	slow.Body.Reading = incident.Reading{Now: 812, Usual: 240, Samples: 30, Over: 15 * time.Minute, Level: 300}
	rejected := sample(incident.Opened)
	rejected.Body.Kind, rejected.Body.Reading = probe.KindClientFault, incident.Reading{Level: incident.WorkedUntil}
	rejected.Body.Cause = probe.Verdict{Status: 404, Class: probe.ClassClientError, Reason: probe.ClientError, Retry: probe.RetryNo, Fault: probe.FaultRequest, Outcome: probe.Bad}
	certificate := sample(incident.Escalated)
	certificate.Body.Kind, certificate.Body.Ends = probe.KindCertificate, started.Add(7*24*time.Hour)
	notice := notify.Message{Key: "notice:hook:storage_back:1", Destination: "hook", CreatedAt: started,
		Body: notify.Body{Location: "seoul-1", Notice: notify.StorageBack, Since: started.Add(-time.Hour), At: started, Lost: 12}}
	return map[string]notify.Message{
		"opened": sample(incident.Opened), "resolved": sample(incident.Resolved), "relapse": relapse, "settled": settled, "part": part, "late": late,
		"latency": slow, "client_fault": rejected, "certificate": certificate, "notice": notice,
		"silenced": silenced, "storm": gust, "digest": week,
		"surge-open": surge(incident.Opened, 0), "surge-half_open": surge(incident.Staged, incident.SurgeHalfOpen),
		"surge-open-again": surge(incident.Staged, incident.SurgeHalfOpen+1), "surge-closed": surge(incident.Resolved, incident.SurgeHalfOpen),
		"surge-unwatched": surge(incident.Withdrawn, incident.SurgeOpen),
	}
}

func TestTheBodyIsWhatIsDocumented(t *testing.T) {
	for name, m := range messages() {
		t.Run(name, func(t *testing.T) {
			p := newPayload(&m, "https://sonde.example.com")
			p.DeliveryID, p.SentAt = "5J3QZ7", m.CreatedAt.Add(time.Second)
			var out bytes.Buffer
			enc := json.NewEncoder(&out)
			enc.SetIndent("", "  ")
			require.NoError(t, enc.Encode(p))
			file := filepath.Join("testdata", name+".json")
			if *update {
				require.NoError(t, os.WriteFile(file, out.Bytes(), 0o600))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), out.String())
		})
	}
}

func TestAnAddressIsLeftOutWhereNoPageIsConfigured(t *testing.T) {
	m := sample(incident.Opened)
	require.Empty(t, newPayload(&m, "").Incident.URL)
}

// What stands in an incident of a surge is how a circuit breaker should stand.
func TestAGatewayIsToldHowItsBreakerShouldStand(t *testing.T) {
	for name, tc := range map[string]struct {
		change incident.Change
		stage  int
		want   string
	}{
		"it opens":                               {incident.Opened, 0, "open"},
		"a good answer":                          {incident.Staged, 2, "half_open"},
		"a failure after it":                     {incident.Staged, 3, "open"},
		"good answers again":                     {incident.Staged, 4, "half_open"},
		"a reminder says how it is":              {incident.Reminded, 4, "half_open"},
		"it gets worse":                          {incident.Escalated, 1, "open"},
		"it recovers":                            {incident.Resolved, 4, "closed"},
		"it recovers for good":                   {incident.Settled, 4, "closed"},
		"a relapse":                              {incident.Reopened, 0, "open"},
		"nobody looks: it must not stay shut":    {incident.Withdrawn, 1, "closed"},
		"somebody looks after it, and all fails": {incident.Acknowledged, 1, "open"},
	} {
		t.Run(name, func(t *testing.T) {
			m := surge(tc.change, tc.stage)
			p := newPayload(&m, "")
			require.Equal(t, &gateway{tc.want, "host", "api.example.com"}, p.Gateway)
		})
	}
	m := sample(incident.Opened)
	require.Nil(t, newPayload(&m, "").Gateway, "other incidents are none of a gateway's business")
}

// Every enumeration is written as the API writes it, and no key is written in two ways.
func TestKeysAreInSnakeCaseAndTimesInUTC(t *testing.T) {
	seoul := time.FixedZone("KST", 9*60*60)
	for name, m := range messages() {
		m.CreatedAt, m.Body.At, m.Body.Since = m.CreatedAt.In(seoul), m.Body.At.In(seoul), m.Body.Since.In(seoul)
		body, err := json.Marshal(newPayload(&m, ""))
		require.NoError(t, err)
		require.NotContains(t, string(body), "+09:00", name)
		var read map[string]any
		require.NoError(t, json.Unmarshal(body, &read))
		requireSnakeCase(t, read)
	}
}

func requireSnakeCase(t *testing.T, v any) {
	t.Helper()
	object, ok := v.(map[string]any)
	if !ok {
		return
	}
	for key, inner := range object {
		require.Equal(t, strings.ToLower(key), key)
		requireSnakeCase(t, inner)
	}
}
