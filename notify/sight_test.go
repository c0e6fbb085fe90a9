package notify_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

func TestAMessageHasWhatTheRunSawThatBroughtItAbout(t *testing.T) {
	bad := func(trace string) probe.Attempt {
		return probe.Attempt{Verdict: probe.Miss(probe.ServerError), Evidence: probe.Evidence{TraceID: trace, Gateway: "502 from the edge: " + trace}}
	}
	good := probe.Attempt{Verdict: probe.Miss(probe.OK), Evidence: probe.Evidence{TraceID: "fine"}}
	for name, tc := range map[string]struct {
		change   incident.Change
		attempts []probe.Attempt
		trace    string
	}{
		"the latest failure":            {incident.Opened, []probe.Attempt{bad("a"), bad("b")}, "b"},
		"not the retry that cured it":   {incident.Opened, []probe.Attempt{bad("a"), good}, "a"},
		"of a relapse":                  {incident.Reopened, []probe.Attempt{bad("a")}, "a"},
		"of another cause":              {incident.Changed, []probe.Attempt{bad("a")}, "a"},
		"a reminder has a failure less": {incident.Reminded, []probe.Attempt{bad("a")}, ""},
		"a recovery has none":           {incident.Resolved, []probe.Attempt{good}, ""},
		"nothing was asked":             {incident.Opened, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			messages := []notify.Message{{Change: tc.change}, {Change: tc.change}}
			notify.Witness(messages, tc.attempts)
			for _, m := range messages {
				require.Equal(t, tc.trace, m.Body.Trace)
				require.Equal(t, tc.trace != "", m.Body.Gateway != "")
			}
		})
	}
}

func TestASightIsShortAndHoldsNoSecret(t *testing.T) {
	const key = "xoxb-1234567890-abcdefgh"
	a := probe.Attempt{
		StartedAt: morning, Verdict: probe.Miss(probe.BodyMismatch), Timings: probe.Timings{DNS: time.Millisecond, Total: time.Second},
		Evidence: probe.Evidence{
			StatusLine: "HTTP/1.1 200 OK", RemoteAddr: "192.0.2.1:443", Error: key, AnsweredBy: key, Gateway: key,
			Header: map[string][]string{
				"server": {"nginx"}, "x-request-id": {"1"}, "date": {"today"}, "www-authenticate": {"Bearer " + key, "b", "c", "d", "e"}, "location": {strings.Repeat("x", 500)},
			},
			Notes:   []string{"the body does not contain \"ok\"; it begins " + key, "b", "c", "d"},
			Excerpt: strings.Repeat("é", 590) + " " + key,
		},
	}
	messages := []notify.Message{{Change: incident.Opened}}
	notify.Witness(messages, []probe.Attempt{a})
	seen := messages[0].Body.Seen
	require.Equal(t, []string{"server: nginx", "www-authenticate: Bearer [redacted]", "www-authenticate: b", "www-authenticate: c", "www-authenticate: d", "www-authenticate: e"}, seen.Header,
		"the most telling first, and nothing that says nothing")
	require.Equal(t, []string{"the body does not contain \"ok\"; it begins [redacted]", "b", "c"}, seen.Notes)
	require.Equal(t, 601, utf8.RuneCountInString(seen.Excerpt))
	require.Equal(t, notify.Phase(""), seen.Phase, "an answer came as a whole")
	said, err := json.Marshal(messages[0].Body)
	require.NoError(t, err)
	require.NotContains(t, string(said), key[:10])
	var again notify.Body
	require.NoError(t, json.Unmarshal(said, &again))
	require.Equal(t, messages[0].Body, again)
	require.True(t, notify.SightOf([]probe.Attempt{{Verdict: probe.Miss(probe.OK)}}).IsZero())
}

func TestAReasonSaysHowFarARequestCame(t *testing.T) {
	for name, tc := range map[string]struct {
		reason  probe.Reason
		timings probe.Timings
		want    notify.Phase
	}{
		"no name":                            {probe.DNSTimeout, probe.Timings{}, notify.PhaseDNS},
		"no connection":                      {probe.ConnectRefused, probe.Timings{}, notify.PhaseConnect},
		"no handshake":                       {probe.TLSExpired, probe.Timings{}, notify.PhaseTLS},
		"no answer":                          {probe.FirstByteTimeout, probe.Timings{}, notify.PhaseFirstByte},
		"no end":                             {probe.BodyTimeout, probe.Timings{}, notify.PhaseTransfer},
		"a reset before the answer":          {probe.ConnectionReset, probe.Timings{Connect: 1}, notify.PhaseFirstByte},
		"a reset within the answer":          {probe.ConnectionReset, probe.Timings{FirstByte: 1}, notify.PhaseTransfer},
		"what is slow names what took long":  {probe.TooSlow, probe.Timings{DNS: 1, TLS: 3, FirstByte: 2}, notify.PhaseTLS},
		"an answer that came, and was wrong": {probe.ServerError, probe.Timings{FirstByte: 1}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			seen := notify.SightOf([]probe.Attempt{{StartedAt: morning, Verdict: probe.Miss(tc.reason), Timings: tc.timings}})
			require.Equal(t, tc.want, seen.Phase)
		})
	}
}
