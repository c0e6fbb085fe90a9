package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/configs"
	"sonde/notify/slack/fakeslack"
	"sonde/store"
)

// With all real parts: nobody is told that the service lives while Slack takes nothing, or
// while the database cannot be written, and they are when that is over.
func TestAServiceThatCannotTellOrStoreIsNotAlive(t *testing.T) {
	t.Parallel()
	slack, err := fakeslack.Start()
	require.NoError(t, err)
	defer slack.Close()
	slack.Fail(fakeslack.Fault{Status: http.StatusTooManyRequests, RetryAfter: "1"})
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }))
	defer target.Close()
	folder := t.TempDir()
	file := filepath.Join(folder, "sonde.yaml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `
listen: ""
destinations: {ops: {slack: {token: %q, channel: C0OPS, api_url: %q}}}
defaults: {interval: 1s, notify: [ops], alert: {down_after: 1s, recheck_every: 1s}}
probes: [{name: web, url: %q}]
`, fakeslack.Token, slack.URL(), target.URL), 0o600))
	config, _, err := configs.Load(file, configs.Options{Secrets: true})
	require.NoError(t, err)
	s, err := startService(t.Context(), config, store.Stop, newLogger(t.Output()))
	require.NoError(t, err)
	defer func() { require.NoError(t, s.stop()) }()

	later := func(by time.Duration) error { // as things stand now, at a time to come
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		now := time.Now().Add(by)
		return new(pulse).judge(s.vitals(ctx, now), now)
	}
	eventually := func(what string, is func() bool) {
		t.Helper()
		require.Eventually(t, is, 60*time.Second, 50*time.Millisecond, what)
	}
	eventually("an outage waits to be told", func() bool {
		err := later(3 * time.Minute)
		return err != nil && strings.HasPrefix(err.Error(), "a critical message waits since ")
	})
	require.NoError(t, later(0), "it has not waited for long")
	slack.Heal()
	eventually("it is told", func() bool { return later(3*time.Minute) == nil })

	other, err := sql.Open("sqlite", "file:"+filepath.Join(folder, "sonde.db")+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close()) }()
	other.SetMaxOpenConns(1)
	_, err = other.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	eventually("nothing is stored any more", func() bool { return later(0) != nil })
	_, err = other.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	eventually("it is again", func() bool { return later(0) == nil })
}
