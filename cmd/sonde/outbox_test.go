package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/notify/slack/fakeslack"
	"sonde/report"
)

// posts are the messages that the outbox shows.
func (s *scene) posts(t *testing.T, args ...string) (all []report.Post) {
	t.Helper()
	code, stdout, stderr := s.answered(t, append([]string{"outbox", "--json"}, args...)...)
	require.Zero(t, code, stderr)
	require.NoError(t, json.Unmarshal([]byte(stdout), &all))
	return all
}

func TestAMessageThatWasGivenUpIsTriedAgainOrDropped(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.slack.Fail(fakeslack.Fault{Error: "service_unavailable"})
	p := s.serve(t)
	id := s.down(t)
	s.eventually(t, "the message has been tried", func() bool { all := s.posts(t); return len(all) == 1 && all[0].Error != "" })
	post := s.posts(t)[0]
	require.Equal(t, "ops", post.Destination)
	require.Equal(t, id, *post.Incident)
	require.Equal(t, "opened", *post.Change)
	require.Empty(t, s.posts(t, "--state", "dead"))
	code, stdout, stderr := s.answered(t, "outbox")
	require.Zero(t, code, stderr)
	require.Regexp(t, `(?m)^`+strconv.FormatInt(post.ID, 10)+` +ops +`+id+` +opened +(pending|sending) `, stdout)

	s.slack.Heal()
	code, stdout, stderr = s.answered(t, "outbox", "retry", strconv.FormatInt(post.ID, 10))
	if code == 0 { // else it was on its way at this very moment
		require.Equal(t, "messages retried: 1\n", stdout, stderr)
	}
	s.eventually(t, "it is told", func() bool { roots, _ := s.told(); return len(roots) == 1 })
	s.eventually(t, "nothing waits", func() bool { return len(s.posts(t)) == 0 })
	require.Len(t, s.posts(t, "--state", "sent"), 1)
	code, stdout, _ = s.answered(t, "outbox", "retry", "--all-dead", "--json")
	require.Zero(t, code)
	require.JSONEq(t, `{"retried": 0}`, stdout)
	for _, wrong := range [][]string{{"retry", strconv.FormatInt(post.ID, 10)}, {"drop", "99"}, {"drop", "x"}, {"retry"}, {"retry", "1", "--all-dead"}, {"--state", "lost"}} {
		code, _, stderr := s.answered(t, append([]string{"outbox"}, wrong...)...)
		require.Equal(t, exitUsage, code, "%v: %s", wrong, stderr)
	}
	require.Zero(t, p.end(syscall.SIGTERM))
}

func TestWithoutAServiceTheOutboxIsChangedUnderTheLock(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.slack.Fail(fakeslack.Fault{Error: "service_unavailable"})
	p := s.serve(t)
	s.down(t)
	s.eventually(t, "the message has been tried", func() bool { all := s.posts(t); return len(all) == 1 && all[0].Attempts > 0 })
	require.Zero(t, p.end(syscall.SIGTERM))
	id := strconv.FormatInt(s.posts(t)[0].ID, 10)
	code, stdout, stderr := s.answered(t, "outbox", "retry", id)
	require.Zero(t, code, stderr)
	require.Equal(t, "messages retried: 1\n", stdout)
	require.Zero(t, s.posts(t)[0].Attempts)
	code, stdout, stderr = s.answered(t, "outbox", "drop", id, "--json")
	require.Zero(t, code, stderr)
	require.JSONEq(t, `{"dropped": 1}`, stdout)
	require.Empty(t, s.posts(t))
	code, _, stderr = s.answered(t, "outbox", "drop", id)
	require.Equal(t, exitUsage, code, stderr)
	require.Contains(t, stderr, "no message "+id+" waits or was given up; sonde outbox shows them")
}

// A first message that was dropped is seen, counted and never sent; what comes after it is told as the first
// of the thread, whole.
func TestWhatFollowsAMessageThatWasDroppedBeginsItsThread(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.slack.Fail(fakeslack.Fault{Method: "chat.postMessage", Status: http.StatusTooManyRequests, RetryAfter: "600"})
	p := s.serve(t)
	incident := s.down(t)
	s.eventually(t, "the message waits for Slack", func() bool {
		all := s.posts(t)
		return len(all) == 1 && all[0].State == "pending" && all[0].Error != ""
	})
	id := strconv.FormatInt(s.posts(t)[0].ID, 10)
	code, stdout, stderr := s.answered(t, "outbox", "drop", id)
	require.Zero(t, code, stderr)
	require.Equal(t, "messages dropped: 1\n", stdout)
	require.Empty(t, s.posts(t))
	_, stdout, _ = s.answered(t, "outbox")
	require.Contains(t, stdout, "no messages\n1 message dropped within a month: sonde outbox --all\n")
	all := s.posts(t, "--all")
	require.Len(t, all, 1)
	require.Equal(t, "dropped", all[0].State)
	status, _ := s.report(t)
	require.Equal(t, report.Outbox{Dropped: 1}, status.Service.Outbox)
	_, metrics := s.read("/metrics")
	require.Contains(t, metrics, `sonde_outbox_messages{state="dropped"} 1`)
	code, _, stderr = s.answered(t, "outbox", "retry", id)
	require.Equal(t, exitUsage, code, stderr)
	code, _, stderr = s.answered(t, "outbox", "--all", "--state", "dead")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "leave out --state")
	require.Zero(t, p.end(syscall.SIGTERM))

	s.slack.Heal()
	p = s.serve(t)
	code, _, stderr = s.answered(t, "ack", incident, "--by", "kim")
	require.Zero(t, code, stderr)
	s.eventually(t, "what follows is told", func() bool { roots, _ := s.told(); return len(roots) == 1 })
	roots, _ := s.told()
	require.Contains(t, string(roots[0].Attachments), "Acknowledged by", "it shows how things are")
	require.Contains(t, string(roots[0].Attachments), "http://127.0.0.1", "and all that a first message does")
	code, _, stderr = s.answered(t, "silence", "--incident", incident)
	require.Zero(t, code, stderr)
	s.eventually(t, "the thread goes on", func() bool { return s.saidInThreads("checkout: silenced until it recovers") == 1 })
	require.Equal(t, "dropped", s.posts(t, "--state", "dropped")[0].State)
	require.Zero(t, p.end(syscall.SIGTERM))
}
