package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/notify/mail/fakemail"
	"sonde/notify/slack/fakeslack"
)

// Secrets go where they are needed and nowhere else: not into the log, the database, the
// API, the metrics or Slack, whatever fails.
func TestNoSecretIsSeenAnywhere(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A hostile target says what it was told, wherever it can.
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Location", "/login?back="+r.URL.RawQuery)
		w.Header().Set("Server", r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = fmt.Fprint(w, r.Header.Get("Authorization"), string(body))
	}))
	defer target.Close()
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.RequestURI()+r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusFound)
		_, _ = fmt.Fprint(w, r.URL.RequestURI(), r.Header.Get("Authorization"))
	}))
	defer hook.Close()
	mailServer, err := fakemail.Start(fakemail.Options{User: "sonde", Password: "canary-mail-6a2e"})
	require.NoError(t, err)
	defer mailServer.Close()
	require.NoError(t, os.WriteFile(filepath.Join(s.folder, "ca.pem"), mailServer.CA(), 0o600))
	env := []string{
		"MAIL=canary-mail-6a2e", "WRONG=canary-wrong-77f0",
		"ADDRESS=canary-address-0e11", "SIGN=canary-sign-3b7d-9d2c41",
		"HEADER=canary-header-1f8b", "QUERY=canary-query-7c21", "BODY=canary-body-90aa", "USERINFO=unused",
		"TOKEN=" + fakeslack.Token, "HOOK=" + s.slack.WebhookURL() + "-canary-hook-55d0",
	}
	s.write(t, fmt.Sprintf(`
listen: %s
destinations:
  ops: {slack: {token: "${env:TOKEN}", channel: C0OPS, api_url: %q}}
  hook: {slack: {webhook: "${env:HOOK}"}}
  program: {webhook: {url: "%[4]s/${env:ADDRESS}?key=${env:QUERY}", headers: {authorization: "Bearer ${env:HEADER}"}, secret: "${env:SIGN}"}}
  people: {smtp: {host: %[5]q, from: sonde@example.com, to: ann@example.com, user: sonde, password: "${env:MAIL}", ca: ca.pem}}
  stranger: {smtp: {host: %[5]q, from: sonde@example.com, to: ann@example.com, user: sonde, password: "${env:WRONG}", ca: ca.pem}}
  nobody: {webhook: {url: "http://127.0.0.1:1/${env:ADDRESS}", secret: "${env:SIGN}"}}
defaults:
  interval: 1s
  notify: [ops, hook, program, nobody, people, stranger]
  alert: {down_after: 1s, recheck_every: 1s, resolve_after: 1s}
probes:
  - name: loud
    url: "%[3]s/?key=${env:QUERY}"
    method: POST
    idempotent: true
    headers: {authorization: "Bearer ${env:HEADER}"}
    body: "${env:BODY}"
  - name: deaf
    url: "http://127.0.0.1:1/?key=${env:QUERY}"
`, s.listen, s.slack.URL(), target.URL, hook.URL, mailServer.Addr()))
	p := begin(t, env, "serve", "-c", s.config)
	s.eventually(t, "both outages are told", func() bool { roots, _ := s.told(); return len(roots) >= 2 })
	status := get(t, "http://"+s.listen+"/api/v1/status")
	metrics := get(t, "http://"+s.listen+"/metrics")
	require.Contains(t, status, "loud")
	s.eventually(t, "all others have told it, or failed", func() bool {
		return strings.Count(p.output.String(), "webhook: ") >= 2 && strings.Contains(p.output.String(), "mail: login: 535") && len(mailServer.Letters()) >= 2
	})
	require.Contains(t, metrics, `sonde_probe_info{`)
	require.Equal(t, 0, p.end(syscall.SIGTERM))

	seen := map[string]string{"the API": status, "the metrics": metrics, "the log": p.output.String()}
	for _, m := range s.slack.Messages() {
		seen["Slack"] += m.Text + string(m.Blocks) + string(m.Attachments) + string(m.Metadata)
	}
	for _, letter := range mailServer.Letters() {
		seen["mail"] += letter.Data
		require.True(t, letter.Encrypted)
	}
	for _, file := range []string{"sonde.db", "sonde.db-wal", "sonde.db-shm", "sonde.db.lock"} {
		content, err := os.ReadFile(filepath.Join(s.folder, file))
		require.NoError(t, err)
		seen[file] = string(content)
	}
	for where, text := range seen {
		for _, secret := range []string{"canary", fakeslack.Token} {
			require.Falsef(t, strings.Contains(text, secret), "%q is seen in %s", secret, where)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}
