package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/notify/slack/fakeslack"
)

// A target that cannot be reached while nothing else can be is not down: nobody knows.
func TestATargetIsNotBlamedForOurOwnNetwork(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var reachable atomic.Bool
	var asked atomic.Int64
	reference := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		if !reachable.Load() {
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(reference.Close)
	s.write(t, fmt.Sprintf(`
listen: %s
references: {urls: [%q, "http://%s/"], every: 1s, timeout: 1s}
destinations:
  ops: {slack: {token: %q, channel: C0OPS, api_url: %q}}
defaults:
  interval: 1s
  notify: [ops]
  alert: {down_after: 1s, recheck_every: 1s, resolve_after: 1s}
probes:
  - {name: gone, url: "http://%s/"}
`, s.listen, reference.URL, freeAddress(t), fakeslack.Token, s.slack.URL(), freeAddress(t)))
	p := s.serve(t)
	s.eventually(t, "the references are asked more than once", func() bool { return asked.Load() > 2 })
	status, code := s.report(t)
	require.Equal(t, 3, code)
	require.Equal(t, "unknown", string(status.Probes[0].State))
	require.Equal(t, "prober_network", status.Probes[0].Last.Reason.String())
	roots, _ := s.told()
	for _, root := range roots {
		require.NotContains(t, root.Text, "gone", "nothing is told of the target")
	}
	reachable.Store(true)
	s.eventually(t, "the target is blamed", func() bool {
		status, code := s.report(t)
		return code == 2 && status.Probes[0].Last.Reason.String() == "connect_refused"
	})
	require.Equal(t, 0, p.end(syscall.SIGTERM))
}
