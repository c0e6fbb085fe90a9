package notify_test

import (
	"testing"

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
