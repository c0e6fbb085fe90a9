package probe

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnotherSchemeIsAnotherOrigin(t *testing.T) {
	issuer := newAuthority(t)
	runner := quick()
	runner.Roots = issuer.pool()
	var seen http.Header
	var body []byte
	secured := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{issuer.issue(t, nil)}}, false, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = r.Header
		body, _ = io.ReadAll(r.Body)
	}))
	server := serveWeb(t, redirecting(map[string]string{"/302": "302 " + secured.URL, "/308": "308 " + secured.URL}))
	secrets := []func(*Target){with("authorization", "Bearer s3cret"), with("x-api-key", "s3cret"), with("cookie", "a=s3cret")}

	got := lastAttempt(t, runner, target(t, server.URL+"/302", append(secrets, sending("s3cret"))...))
	require.Equal(t, OK.String(), got.Verdict.Reason.String(), got.Evidence.Error)
	for name, values := range seen {
		require.NotContains(t, strings.Join(values, ","), "s3cret", name)
	}
	require.Empty(t, body)

	seen = nil
	got = lastAttempt(t, runner, target(t, server.URL+"/308", append(secrets, sending("s3cret"), using(http.MethodPut))...))
	require.Equal(t, RedirectBlocked.String(), got.Verdict.Reason.String())
	require.Nil(t, seen, "a body that a 308 would send along goes nowhere")
}

func TestARedirectFromHTTPSToHTTPIsBlocked(t *testing.T) {
	issuer := newAuthority(t)
	runner := quick()
	runner.Roots = issuer.pool()
	plain := serveWeb(t, ok)
	secured := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{issuer.issue(t, nil)}}, false, redirecting(map[string]string{"/": "302 " + plain.URL}))
	got := lastAttempt(t, runner, target(t, secured.URL))
	require.Equal(t, RedirectBlocked, got.Verdict.Reason)
	require.Contains(t, strings.Join(got.Evidence.Notes, "\n"), "from https to http")
	require.Empty(t, plain.lines())
}
