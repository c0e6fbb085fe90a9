package main

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/notify/slack/fakeslack"
)

// The promise of the whole: killed without a warning during an outage, the service
// neither repeats nor forgets an alert.
func TestAnOutageIsToldOnceAlthoughTheServiceIsKilled(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first := s.serve(t)
	s.eventually(t, "the probe is up", func() bool { status, code := s.report(t); return status.Summary.Up == 1 && code == 0 })

	s.status.Store(http.StatusServiceUnavailable)
	s.eventually(t, "the outage is told", func() bool { roots, _ := s.told(); return len(roots) == 1 })
	s.settled(t)
	first.kill()
	status, _ := s.report(t)
	require.False(t, status.Service.Running)
	require.Len(t, status.Probes[0].Incidents, 1, "a killed service forgets nothing")
	opened := status.Probes[0].Incidents[0]

	second := s.serve(t)
	asked := s.asked.Load()
	s.eventually(t, "the target is asked again", func() bool { return s.asked.Load() >= asked+4 })
	roots, replies := s.told()
	require.Len(t, roots, 1, "the outage is not told again")
	require.Empty(t, replies)
	require.Equal(t, "5xx", strings.SplitN(roots[0].Text, ":", 2)[0])
	require.Contains(t, roots[0].Text, "checkout")
	require.Contains(t, roots[0].Text, "503")

	s.status.Store(http.StatusOK)
	s.eventually(t, "the recovery is told", func() bool { _, replies := s.told(); return len(replies) == 1 })
	roots, replies = s.told()
	require.Len(t, roots, 1)
	require.Equal(t, roots[0].TS, replies[0].ThreadTS, "in the thread of the outage")
	require.True(t, replies[0].Broadcast)
	status, code := s.report(t)
	require.Equal(t, 0, code)
	require.Equal(t, opened.ID, status.Probes[0].Incidents[0].ID, "it is the same incident")
	require.Equal(t, "recovered", status.Probes[0].Incidents[0].Phase.String())
	require.Equal(t, 0, second.end(syscall.SIGTERM))
}

func TestASlackThatIsDownLosesNothingAlthoughTheServiceIsKilled(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.slack.Fail(fakeslack.Fault{Status: http.StatusServiceUnavailable, Body: "down"})
	first := s.serve(t)
	s.status.Store(http.StatusUnauthorized)
	s.eventually(t, "the refusal is an incident", func() bool { status, code := s.report(t); return code == 2 && status.Service.Outbox.Pending == 1 })
	first.kill()

	second := s.serve(t)
	s.slack.Heal()
	// Slack may have taken what it answered with a 503: that is looked into first.
	require.Eventually(t, func() bool { roots, _ := s.told(); return len(roots) == 1 }, 2*time.Minute, 100*time.Millisecond, "the refusal is told")
	roots, _ := s.told()
	require.NotContains(t, roots[0].Text, "repeat", "it was not there")
	require.True(t, strings.HasPrefix(roots[0].Text, "auth 401/403: checkout"), roots[0].Text)
	status, _ := s.report(t)
	require.Equal(t, "degraded", string(status.Probes[0].State), "a refused credential is no outage")
	require.Equal(t, 0, second.end(syscall.SIGTERM))
}

// settled waits until every message has been delivered and noted.
func (s *scene) settled(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { // what may have got through is looked for first
		status, _ := s.report(t)
		return status.Service.Outbox.Pending == 0
	}, 2*time.Minute, 100*time.Millisecond, "nothing waits to be delivered")
}
