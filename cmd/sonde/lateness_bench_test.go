package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/configs"
	"sonde/notify/slack/fakeslack"
	"sonde/store"
)

// BenchmarkLatenessWhileSlackHangs compares how late probes begin while Slack takes every message
// with how late they do while it hangs, with outages that come and go all the time: 500 probes at 1 s,
// 20 of them of a target that fails for 10 s and is well for 10.
//
//	go test ./cmd/sonde -run '^$' -bench LatenessWhileSlackHangs -benchtime 1x
func BenchmarkLatenessWhileSlackHangs(b *testing.B) {
	slack, err := fakeslack.Start()
	require.NoError(b, err)
	defer slack.Close()
	var down atomic.Bool
	shaky := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer shaky.Close()
	b.Setenv("SLACK_TOKEN", fakeslack.Token)
	config, _, err := configs.Load(shakyFile(b, slack.URL(), serveRaw(b), shaky.URL), configs.Options{Secrets: true, Env: os.LookupEnv})
	require.NoError(b, err)
	s, err := startService(b.Context(), config, store.Replace, slog.New(slog.DiscardHandler))
	require.NoError(b, err)
	time.Sleep(5 * time.Second)
	const phase = time.Minute
	p99 := func() time.Duration {
		before := s.scheduler.Stats().Lateness
		for range phase / (10 * time.Second) {
			down.Store(!down.Load())
			time.Sleep(10 * time.Second)
		}
		after := s.scheduler.Stats().Lateness
		for i := range after.Counts {
			after.Counts[i] -= before.Counts[i]
		}
		return after.Quantile(0.99)
	}
	well := p99()
	told := len(slack.Messages())
	slack.Fail(fakeslack.Fault{Hang: true})
	hanging := p99()
	require.NotZero(b, told)
	b.ReportMetric(float64(well.Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(hanging.Microseconds())/1000, "p99-ms-hanging")
	b.ReportMetric(float64(told), "messages")
	require.NoError(b, s.stop())
}

func shakyFile(b *testing.B, slack, steady, shaky string) string {
	b.Helper()
	var y strings.Builder
	fmt.Fprintf(&y, "listen: \"\"\ndestinations:\n  ops: {slack: {token: \"${env:SLACK_TOKEN}\", channel: C0OPS, api_url: %q}}\n", slack)
	y.WriteString("defaults:\n  interval: 1s\n  notify: [ops]\n  alert: {down_after: 2s, recheck_every: 1s, resolve_after: 1s}\nprobes:\n")
	for i := range 500 {
		url := steady
		if i < 20 {
			url = shaky
		}
		fmt.Fprintf(&y, "  - {name: probe-%d, url: %q}\n", i, url)
	}
	path := filepath.Join(b.TempDir(), "sonde.yaml")
	require.NoError(b, os.WriteFile(path, []byte(y.String()), 0o600))
	return path
}
