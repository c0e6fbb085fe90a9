package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/notify/slack/fakeslack"
)

// echo refuses everybody, and says wherever it can what it was told.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	sent := r.Header.Get("Authorization")
	_, credential, _ := strings.Cut(sent, " ")
	user, password, _ := r.BasicAuth()
	w.Header().Set("Server", sent)
	w.Header().Set("Location", "/x?"+url.QueryEscape(credential))
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm=%q, error=%q, error_description=%q, scope=%q`, credential, "e "+sent, password+" "+user, url.QueryEscape(sent)))
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = fmt.Fprint(w, sent, password, string(body))
}

// No credential is seen anywhere: neither a configured one nor an access token, while
// tokens are given, refused and renewed, the endpoint fails, and files change.
// talker is a token endpoint that refuses every other request, and says back what it was sent.
type talker struct{ given atomic.Int64 }

func (k *talker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := k.given.Add(1)
	body, _ := io.ReadAll(r.Body)
	if n%2 == 0 || r.URL.Path == "/broken" {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"error":%q,"error_description":%q}`, "x "+r.Header.Get("Authorization"), string(body))
		return
	}
	_, _ = fmt.Fprintf(w, `{"access_token":"canary-access-%d","token_type":"bearer","expires_in":3600}`, n)
}

func TestNoCredentialIsSeenAnywhere(t *testing.T) {
	s := newScene(t)
	tokens := httptest.NewServer(new(talker))
	defer tokens.Close()
	target := httptest.NewServer(http.HandlerFunc(echo))
	defer target.Close()
	file := filepath.Join(s.folder, "token")
	require.NoError(t, os.WriteFile(file, []byte("canary-file-71ba"), 0o600))
	s.write(t, fmt.Sprintf(`
listen: %s
destinations:
  ops: {slack: {token: "${env:TOKEN}", channel: C0OPS, api_url: %q}}
defaults:
  interval: 1s
  notify: [ops]
  alert: {down_after: 1s, auth_after: 1s, recheck_every: 1s, resolve_after: 1s}
probes:
  - {name: basic, url: %[3]q, auth: {basic: {user: ann, password: "${env:PASSWORD}"}}}
  - {name: bearer, url: %[3]q, auth: {bearer: "${file:token}"}}
  - {name: header, url: %[3]q, auth: {oauth2: {token_url: "%[4]s/good?tenant=canary-tenant", client_id: sonde, client_secret: "${env:SECRET}"}}}
  - {name: params, url: %[3]q, auth: {oauth2: {token_url: "%[4]s/broken", client_id: sonde, client_secret: "${env:SECRET}", style: params}}}
`, s.listen, s.slack.URL(), target.URL, tokens.URL))
	env := []string{"TOKEN=" + fakeslack.Token, "PASSWORD=canary-password-9c", "SECRET=canary-secret-40/1f"}
	p := begin(t, env, "serve", "-c", s.config)
	s.eventually(t, "all refusals are told", func() bool { roots, _ := s.told(); return len(roots) >= 4 })
	status := get(t, "http://"+s.listen+"/api/v1/status")
	metrics := get(t, "http://"+s.listen+"/metrics")
	require.Contains(t, status, `"unauthenticated"`)
	require.Equal(t, 0, p.end(syscall.SIGTERM))

	seen := map[string]string{"the API": status, "the metrics": metrics, "the log": p.output.String()}
	for _, m := range s.slack.Messages() {
		seen["Slack"] += m.Text + string(m.Blocks) + string(m.Attachments) + string(m.Metadata)
	}
	for _, name := range []string{"sonde.db", "sonde.db-wal"} {
		content, err := os.ReadFile(filepath.Join(s.folder, name))
		require.NoError(t, err)
		seen[name] = string(content)
	}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	for _, name := range []string{"basic", "bearer", "header", "params"} {
		for _, form := range [][]string{{"--json"}, nil} {
			_, stdout, stderr := sonde(t, append([]string{"check", name, "-c", s.config}, form...)...)
			require.Contains(t, stdout, "unauthenticated")
			seen["check "+name] += stdout + stderr
		}
	}
	require.Contains(t, seen["check header"], "[redacted]")
	hidden := []string{"canary", fakeslack.Token, base64.StdEncoding.EncodeToString([]byte("ann:canary-password-9c")),
		base64.StdEncoding.EncodeToString([]byte("sonde:canary-secret-40%2F1f"))}
	for where, text := range seen {
		for _, secret := range hidden {
			require.Falsef(t, strings.Contains(text, secret), "%q is seen in %s", secret, where)
		}
	}
}

// A credential in a file may be replaced while sonde runs. A file that is no good
// changes nothing and is told once.
func TestAFileWithACredentialChangesUnderARunningService(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var mu sync.Mutex
	seen := map[string]bool{}
	target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.Header.Get("Authorization")] = true
	}))
	defer target.Close()
	sent := func(token string) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return seen["Bearer "+token]
		}
	}
	file := filepath.Join(s.folder, "token")
	put := func(content string) {
		require.NoError(t, os.WriteFile(file+".new", []byte(content), 0o600))
		require.NoError(t, os.Rename(file+".new", file))
	}
	put("one\n")
	s.write(t, fmt.Sprintf("listen: %s\nprobes: [{name: a, url: %q, interval: 1s, notify: [], auth: {bearer: \"${file:token}\"}}]\n", s.listen, target.URL))
	p := begin(t, nil, "serve", "-c", s.config)
	s.eventually(t, "the first token is sent", sent("one"))
	put("two")
	s.eventually(t, "the second is", sent("two"))
	put("a b")
	s.eventually(t, "a bad one is told", func() bool { return strings.Contains(p.output.String(), "credential kept as it was") })
	put("three")
	s.eventually(t, "the third is sent", sent("three"))
	require.Equal(t, 0, p.end(syscall.SIGTERM))
	require.Equal(t, 1, strings.Count(p.output.String(), "credential kept as it was"))
	require.False(t, sent("a b")())
}
