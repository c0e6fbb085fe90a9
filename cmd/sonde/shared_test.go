package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/notify/slack/fakeslack"
)

// What several probes have in common is told once, and what each has to say in its thread.
func TestProbesThatAreRefusedTogetherAreToldInOneThread(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var status atomic.Int64
	status.Store(http.StatusOK)
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) }))
	t.Cleanup(target.Close)
	s.write(t, fmt.Sprintf(`
listen: %s
destinations:
  ops: {slack: {token: %q, channel: C0OPS, api_url: %q}}
defaults:
  interval: 1s
  notify: [ops]
  auth: {bearer: "${env:SONDE_TEST_TOKEN}"}
  alert: {auth_after: 6s, resolve_after: 1s}
probes:
  - {name: one, url: "%[4]s/one"}
  - {name: two, url: "%[4]s/two"}
  - {name: three, url: "%[4]s/three"}
`, s.listen, fakeslack.Token, s.slack.URL(), target.URL))
	p := s.serve(t, "SONDE_TEST_TOKEN=not-a-real-token")
	s.eventually(t, "all are up", func() bool { status, _ := s.report(t); return status.Summary.Up == 3 })
	status.Store(http.StatusUnauthorized)
	s.eventually(t, "each has said in the thread that it is refused", func() bool {
		_, replies := s.told()
		return len(replies) == 3
	})
	roots, replies := s.told()
	require.Len(t, roots, 1)
	require.True(t, strings.HasPrefix(roots[0].Text, "auth 401/403: the credential of one and 2 more is refused: 401 Unauthorized, 3 of 3 probes (one, two, three)"), roots[0].Text)
	for _, reply := range replies {
		require.Equal(t, roots[0].TS, reply.ThreadTS)
		require.False(t, reply.Broadcast)
	}
	shown, code := s.report(t)
	require.Equal(t, 2, code)
	require.Equal(t, "credential/of/one", shown.Shared[0].Scope)

	status.Store(http.StatusOK)
	s.eventually(t, "all is well again", func() bool { _, code := s.report(t); return code == 0 })
	s.settled(t)
	roots, _ = s.told()
	require.Len(t, roots, 1)
	require.Equal(t, 0, p.end(syscall.SIGTERM))
}
