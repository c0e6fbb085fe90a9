package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/notify/mail/fakemail"
)

func TestADestinationIsTriedWithAMessageThatSaysSo(t *testing.T) {
	people, err := fakemail.Start(fakemail.Options{TLS: "none"})
	require.NoError(t, err)
	defer people.Close()
	events := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if events <- r.Header.Get("X-Sonde-Event"); r.URL.Path == "/canary" {
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	defer hook.Close()
	file := filepath.Join(t.TempDir(), "sonde.yaml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `
location: seoul-1
destinations:
  people: {smtp: {host: %q, from: sonde@example.com, to: ann@example.com, tls: none}}
  gateway: {webhook: {url: "%[2]s/hook"}}
  closed: {webhook: {url: "%[2]s/canary"}}
  secret: {webhook: {url: "${env:NEVER_SET_BY_ANYBODY}"}}
probes: [{name: a, url: "http://127.0.0.1:1/", notify: [people, gateway, closed, secret]}]
`, people.Addr(), hook.URL), 0o600))
	sonde := func(args ...string) (code int, stdout, stderr string) {
		var out, errs bytes.Buffer
		code = run(t.Context(), append(args, "-c", file), &out, &errs)
		return code, out.String(), errs.String()
	}
	code, stdout, stderr := sonde("test", "people")
	require.Zero(t, code, stderr)
	require.Equal(t, "ok     delivery  the test message was taken\n", stdout)
	require.Len(t, people.Letters(), 1)
	require.Contains(t, people.Letters()[0].Data, "Subject: Test")

	code, stdout, _ = sonde("test", "gateway", "--json")
	require.Zero(t, code)
	require.JSONEq(t, `{"destination":"gateway","ok":true,"findings":[{"what":"delivery","ok":true,"said":"the test message was taken"}]}`, stdout)
	require.Equal(t, "test", <-events)

	code, stdout, stderr = sonde("test", "closed")
	require.Equal(t, exitProblems, code)
	require.Equal(t, "WRONG  delivery  unreachable: webhook: 403 Forbidden\n", stdout)
	require.Empty(t, stderr)

	code, _, stderr = sonde("test", "secret")
	require.Equal(t, exitConfig, code)
	require.Contains(t, stderr, "destinations.secret.webhook.url: the environment variable NEVER_SET_BY_ANYBODY is not set")
	code, _, stderr = sonde("test", "peeple")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, `no destination is called "peeple"; did you mean "people"?`)
}
