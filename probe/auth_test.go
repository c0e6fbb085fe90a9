package probe

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/text"
)

func fixed(s string) Source { return Fixed(text.NewSecret(s)) }

// asking gives a target a credential.
func asking(c *Credential) func(*Target) { return func(t *Target) { t.Auth = &Auth{Credential: c} } }

func silent() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// quiet is a quick runner that logs nothing.
func quiet() *Runner {
	r := quick()
	r.Log = silent()
	return r
}

func TestACredentialIsSent(t *testing.T) {
	server := serveWeb(t, func(http.ResponseWriter, *http.Request) {})
	for name, tc := range map[string]struct {
		credential *Credential
		want       string
	}{
		"basic, the example of RFC 7617 section 2": {Basic(fixed("Aladdin"), fixed("open sesame")), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
		"basic in UTF-8": {Basic(fixed("test"), fixed("123£")), "Basic dGVzdDoxMjPCow=="},
		"bearer, the example of RFC 6750 section 2.1": {Bearer(fixed("mF_9.B5f-4.1JqM")), "Bearer mF_9.B5f-4.1JqM"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, OK, runOnce(t, quiet(), target(t, server.URL, asking(tc.credential))).Verdict.Reason)
			require.Equal(t, tc.want, server.last(t).header.Get("Authorization"))
		})
	}
}

func TestACredentialStaysAtItsOrigin(t *testing.T) {
	elsewhere := serveWeb(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	server := serveWeb(t, redirecting(map[string]string{"/": "302 /home", "/home": "302 " + elsewhere.URL}))
	got := lastAttempt(t, quiet(), target(t, server.URL, asking(Bearer(fixed("t0ken")))))
	require.Equal(t, "Bearer t0ken", server.last(t).header.Get("Authorization"), "the same origin is shown it")
	require.Empty(t, elsewhere.last(t).header.Get("Authorization"))
	require.Equal(t, Unauthenticated, got.Verdict.Reason)
	require.Contains(t, got.Evidence.Notes, "headers and user-info were not sent to another origin: "+elsewhere.URL)
	require.Contains(t, got.Evidence.Notes, "the credential was not sent, because a redirect led to another origin: "+elsewhere.URL)
}

// refusing answers with a status and challenges.
func refusing(status int, challenges ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		name := "WWW-Authenticate"
		if status == http.StatusProxyAuthRequired {
			name = "Proxy-Authenticate"
		}
		for _, c := range challenges {
			w.Header().Add(name, c)
		}
		w.WriteHeader(status)
	}
}

func TestARefusalSaysWhy(t *testing.T) {
	const missing = "the answer has no WWW-Authenticate, which a 401 must have (RFC 9110 section 15.5.2), so it does not say what is wrong"
	bearer := asking(Bearer(fixed("opaque")))
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		option func(*Target)
		want   Reason
		notes  []string
	}{
		"no credential is configured": {refusing(401, `Bearer realm="api"`), nil, Unauthenticated,
			[]string{`no credential is configured (auth); the server wants Bearer for realm "api"`}},
		"no credential is configured, and nothing is asked for": {refusing(401), nil, Unauthenticated,
			[]string{"no credential is configured (auth); the server does not say which it wants"}},
		"another scheme is wanted": {refusing(401, `Basic realm="X"`), bearer, Unauthenticated,
			[]string{`the server wants Basic for realm "X"; the probe sent Bearer`}},
		"one of several is wanted": {refusing(401, "Negotiate, NTLM", `Basic realm="X"`), bearer, Unauthenticated,
			[]string{`the server wants Negotiate or NTLM or Basic for realm "X"; the probe sent Bearer`}},
		"the server says what is wrong": {refusing(401, `Bearer error="invalid_token", error_description="revoked"`), bearer, Unauthenticated,
			[]string{"the server says invalid_token: revoked"}},
		"the server lacks a header": {refusing(401), bearer, Unauthenticated, []string{missing}},
		"a scope is missing": {refusing(403, `Bearer error="insufficient_scope", scope="read admin"`), bearer, Forbidden,
			[]string{"the server says insufficient_scope", `the server wants the scope "read admin"`}},
		"a right is missing": {refusing(403), bearer, Forbidden,
			[]string{"the server took the credential and refuses the access: the account lacks a right"}},
		"a 403 without a credential": {refusing(403), nil, Forbidden,
			[]string{"no credential is configured (auth); the server does not say which it wants"}},
		"a proxy refuses": {refusing(407, `Basic realm="out"`), bearer, Unauthenticated,
			[]string{`a proxy asks for a credential, not the target: the proxy wants Basic for realm "out"`}},
		"a header of one's own counts, too": {refusing(401, "Basic"), with("authorization", "Bearer x"), Unauthenticated,
			[]string{"the server wants Basic; the probe sent Bearer"}},
		"a key without a scheme is not shown": {refusing(401, "Basic"), with("authorization", "s3cret-k3y"), Unauthenticated,
			[]string{"the server wants Basic; the probe sent something else"}},
		"a cookie is a credential, too": {refusing(401, "Basic"), with("cookie", "a=b"), Unauthenticated,
			[]string{"no Authorization was sent; the server wants Basic"}},
		"a token that has expired": {refusing(401, "Bearer"), asking(Bearer(fixed(jwtUntil(time.Now().Add(-3*time.Hour - time.Minute))))), Unauthenticated,
			[]string{"the token expired 3 h ago"}},
		"a token in a header": {refusing(401, "Bearer"), with("authorization", "Bearer "+jwtUntil(time.Now().Add(-50*time.Hour))), Unauthenticated,
			[]string{"the token expired 2 d ago"}},
		"a token that is good for years": {refusing(401, "Bearer"), asking(Bearer(fixed(jwtUntil(time.Date(2126, 1, 2, 3, 4, 5, 0, time.UTC))))), Unauthenticated,
			[]string{"the token is valid until 2126-01-02 03:04:05 UTC, so expiry is not why"}},
		"a token of tomorrow": {refusing(401, "Bearer"), asking(Bearer(fixed(jwt(`{"exp":4918248245,"nbf":4918248000}`)))), Unauthenticated,
			[]string{"the token is valid until 2125-11-08 04:04:05 UTC, so expiry is not why", "the token is not valid before 2125-11-08 04:00:00 UTC"}},
		"what is expected needs no words": {refusing(401), expecting(401), OK, nil},
	} {
		t.Run(name, func(t *testing.T) {
			server := serveWeb(t, tc.answer)
			var options []func(*Target)
			if tc.option != nil {
				options = append(options, tc.option)
			}
			got := lastAttempt(t, quiet(), target(t, server.URL, options...))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String())
			require.Equal(t, tc.notes, got.Evidence.Notes)
			require.Len(t, server.lines(), 1, "and nothing is asked twice")
		})
	}
}

func TestAChallengeIsEvidence(t *testing.T) {
	server := serveWeb(t, refusing(401, `Bearer realm="r\`+"\u202e"+`", error="invalid_token", error_description="no: t0ken-98765", scope="a b"`, "Basic"))
	got := lastAttempt(t, quiet(), target(t, server.URL, asking(Bearer(fixed("t0ken-98765")))))
	require.Equal(t, []Challenge{
		{Scheme: "Bearer", Realm: `r\u202e`, Error: "invalid_token", Description: "no: [redacted]", Scope: "a b"}, {Scheme: "Basic"},
	}, got.Evidence.Challenges)
	require.NotContains(t, fmt.Sprint(got), "t0ken")
	requireBounded(t, got)
}

func TestARefusalThatIsCutShowsNoPartOfASecret(t *testing.T) {
	secret := "s3cret-" + strings.Repeat("x", 40)
	server := serveWeb(t, refusing(401, `Bearer error="e", error_description="`+strings.Repeat("y", maxText-20)+secret+`"`))
	got := lastAttempt(t, quiet(), target(t, server.URL, asking(Bearer(fixed(secret)))))
	require.NotContains(t, got.Evidence.Challenges[0].Description, "s3cret")
	require.NotContains(t, strings.Join(got.Evidence.Notes, " "), "s3cret")
}

func TestWhatIsSentBackOfACredentialIsMasked(t *testing.T) {
	token := jwtUntil(time.Now().Add(time.Hour))
	server := serveWeb(t, func(w http.ResponseWriter, r *http.Request) {
		sent := r.Header.Get("Authorization")
		_, password, _ := r.BasicAuth()
		w.Header().Set("Server", sent)
		w.Header().Set("Via", strings.TrimPrefix(sent, "Basic ")+password)
		w.Header().Set("X-Cache", strings.Join(strings.Split(sent, ".")[1:], " "))
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	for name, c := range map[string]*Credential{"basic": Basic(fixed("ann"), fixed("hunter2hunter2")), "bearer": Bearer(fixed(token))} {
		t.Run(name, func(t *testing.T) {
			got := fmt.Sprint(lastAttempt(t, quiet(), target(t, server.URL, asking(c))).Evidence)
			require.Contains(t, got, "[redacted]")
			require.NotContains(t, got, "hunter2")
			require.NotContains(t, got, "YW5uOmh1bnRlcjJodW50ZXIy")
			for _, part := range strings.Split(token, ".")[1:] {
				require.NotContains(t, got, part)
			}
		})
	}
}
