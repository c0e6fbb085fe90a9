package main

import (
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// What people answer to an incident, at a prompt.
func TestAnIncidentIsAnsweredAtThePrompt(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	p := s.serve(t)
	id := s.down(t)
	say := func(want string, args ...string) {
		t.Helper()
		code, stdout, stderr := s.answered(t, args...)
		require.Zero(t, code, stderr)
		require.Contains(t, stdout, want)
	}
	refused := func(want string, args ...string) {
		t.Helper()
		code, _, stderr := s.answered(t, args...)
		require.Equal(t, exitUsage, code, stderr)
		require.Contains(t, stderr, want)
	}
	say("acknowledged by kim", "ack", id, "--by", "kim")
	say("nobody looks after it", "ack", "--undo", id)
	say(`"acknowledged_at": null`, "ack", "--undo", id, "--json")
	say("; checkout; until incident "+id+" has recovered", "silence", "--incident", id)
	say(`"until_recovered": true`, "silence", "list", "--json")
	refused("name no probes with it", "silence", "checkout", "--incident", id)
	refused("is no incident", "silence", "--incident", "0", "--for", "2h")
	refused("still open", "incidents", "false-alarm", id)
	refused("no incident", "incidents", "false-alarm", "ZZZZ")

	s.status.Store(200)
	s.eventually(t, "it has recovered", func() bool {
		_, stdout, _ := s.answered(t, "incidents", id)
		return strings.Contains(stdout, "  resolved ")
	})
	say("no silence is in force", "silence", "list")
	say("false alarm, says kim", "incidents", "false-alarm", id, "--by", "kim")
	say("1 of 1 was a false alarm: "+id, "incidents")
	say("  false alarm", "incidents", id)
	say(`"false_alarm_by": "kim"`, "incidents", "--json")
	say("no false alarm", "incidents", "false-alarm", "--undo", id)
	require.Zero(t, p.end(syscall.SIGTERM))
	say("false alarm, says lee", "incidents", "false-alarm", id, "--by", "lee")
	say("false alarm, says lee", "incidents", "false-alarm", id, "--by", "kim")
}
