package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/notify/slack/fakeslack"
)

func TestWhatOpensIsDrawnInItsThread(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	defer target.Close()
	s.write(t, fmt.Sprintf(`
listen: %s
destinations: {ops: {slack: {token: "${env:TOKEN}", channel: C0OPS, api_url: %q, chart: true}}}
defaults: {notify: [ops], interval: 1s, retries: 0, alert: {down_after: 1s, recheck_every: 1s}}
probes: [{name: web, url: %q}]
`, s.listen, s.slack.URL(), target.URL))
	p := begin(t, []string{"TOKEN=" + fakeslack.Token}, "serve", "-c", s.config)
	s.eventually(t, "a chart in the thread", func() bool {
		roots, replies := s.told()
		return len(roots) == 1 && len(replies) == 1 && replies[0].ThreadTS == roots[0].TS && strings.Contains(string(replies[0].Blocks), "data_visualization")
	})
	require.Equal(t, 0, p.end(syscall.SIGTERM))
	require.Contains(t, s.slack.Messages()[1].Text, "web: Last ")
}
