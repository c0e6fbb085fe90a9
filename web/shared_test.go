package web_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/store"
)

func TestAnIncidentAboutWhatProbesShareHasItsOwnSeries(t *testing.T) {
	one, two := watched("one"), watched("two")
	for _, p := range []*store.Probe{&one, &two} {
		p.Subject.URL, p.Policy.Rules = "https://api.example.com/"+p.Name(), incident.UsualRules()
	}
	l := newLab(t, one, two)
	circles := store.Circles([]store.Probe{l.probes["one"], l.probes["two"]})
	bad := probe.Miss(probe.ServerError)
	bad.Status, bad.Class = 502, probe.ClassServerError
	b := &store.Batch{Seq: 1, At: now}
	for i, name := range []string{"one", "two", "one"} {
		p := l.probes[name]
		e := store.Entry{Probe: p.ID, Input: incident.Input{At: now.Add(time.Duration(i-3) * time.Minute), Verdict: bad, Attempts: 1}}
		fx := l.memory.Step(p.Policy, &e)
		b.Entries = append(b.Entries, e)
		b.Effects = append(b.Effects, store.Effect{Probe: p.ID, Effects: fx})
		for _, f := range l.memory.Correlate(circles, &e, &fx) {
			b.Circles = append(b.Circles, f.Circle)
			b.Effects = append(b.Effects, store.Effect{Probe: f.Circle.ID, Effects: f.Effects})
		}
	}
	require.NoError(t, l.store.Commit(t.Context(), b))
	server := listen(t, usual(l.reader, l.tallies))
	series, _ := scrape(t, server)
	require.Equal(t, 1.0, pick(series, "sonde_incident_open")["kind=gateway_surge probe=host/api.example.com"])
	_, _, body := server.get(t, "/api/v1/status")
	require.Contains(t, body, `"scope": "host/api.example.com"`)
	_, _, body = server.get(t, "/api/v1/incidents")
	require.Contains(t, body, `"scope": "host/api.example.com"`)
}
