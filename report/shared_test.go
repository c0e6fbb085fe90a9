package report_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/report"
	"sonde/store"
)

// sharing are probes that ask the same host with the same credential.
func sharing(n int) []store.Probe {
	var probes []store.Probe
	for i := range n {
		p := watched(fmt.Sprintf("p%d", i+1), 60)
		p.Subject.URL = "https://api.example.com/" + p.Name()
		p.Policy.Rules = incident.UsualRules()
		p.Credential = "shop"
		probes = append(probes, p)
	}
	return probes
}

// inTurn gives each of so many probes a result, so many times.
func (l *lab) inTurn(probes, seconds, rounds int, v probe.Verdict) {
	for round := range rounds {
		for i := range probes {
			l.play(fmt.Sprintf("p%d", i+1), seconds-60*round-i, v)
		}
	}
}

// said is a status in text, without colour.
func said(t *testing.T, s *report.Status) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, s.WriteText(&out, report.Palette{}))
	return out.String()
}

func TestWhatProbesShareIsShown(t *testing.T) {
	for name, tc := range map[string]struct {
		verdict probe.Verdict
		rounds  int
		kind    probe.Kind
		scope   string
		code    int
		line    string
	}{
		"a shared credential that is refused is critical": {denied, 2, probe.KindAuthGroup, "credential/shop", 2, "auth_group on credential shop"},
		"gateways that fail are a warning at first":       {gateway, 1, probe.KindGatewaySurge, "host/api.example.com", 1, "gateway_surge on host api.example.com"},
		"our own network leaves nothing known":            {blind, 2, probe.KindProberNetwork, "network", 3, "prober_network on sonde"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, sharing(3)...)
			l.inTurn(3, 600, 2, good)
			l.inTurn(3, 160, tc.rounds, tc.verdict)
			s := l.status()
			require.Len(t, s.Shared, 1)
			shared := s.Shared[0]
			require.Equal(t, tc.scope, shared.Scope)
			require.Equal(t, 3, shared.Members)
			require.Equal(t, []string{"p1", "p2", "p3"}, shared.Failing)
			require.Equal(t, tc.kind, shared.Incidents[0].Kind)
			require.Equal(t, incident.Open, shared.Incidents[0].Phase)
			require.Contains(t, said(t, s), tc.line)
			s.Probes = s.Probes[:1]
			s.Probes[0].State, s.Probes[0].Incidents = report.Up, nil
			require.Equal(t, tc.code, s.ExitCode(), "of what is shared alone")

			records, err := l.reader().Incidents(t.Context(), 0, ago(7200), now, 0)
			require.NoError(t, err)
			past := report.NewIncidents(records, now)
			require.Equal(t, tc.scope, past[len(past)-1].Scope)
			require.Equal(t, shared.Name, past[len(past)-1].Probe)
		})
	}
}

func TestASurgeIsHalfOpenOnceAnAnswerIsGood(t *testing.T) {
	l := newLab(t, sharing(3)...)
	l.inTurn(3, 300, 1, gateway)
	require.Equal(t, "open", l.status().Shared[0].Incidents[0].Stage)
	l.play("p1", 60, good)
	require.Equal(t, "half_open", l.status().Shared[0].Incidents[0].Stage)
	require.Contains(t, said(t, l.status()), ", half-open")
}

func TestAProbeWithoutDataIsUnknownSinceItsLastResult(t *testing.T) {
	l := newLab(t, sharing(1)...)
	l.play("p1", 400, good)
	l.feed("p1", incident.Input{Kind: incident.Idle, At: ago(100), Verdict: probe.Miss(probe.NoData)})
	s := l.status()
	require.Equal(t, report.Unknown, s.Probes[0].State)
	require.Equal(t, ago(400), *s.Probes[0].Since)
	require.Equal(t, report.ExitUnknown, s.ExitCode())
	require.Empty(t, s.Shared, "one probe shares nothing")
}
