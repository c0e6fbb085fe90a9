package probe

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWaitsAfterRenewalsInVain(t *testing.T) {
	now, a := time.Unix(0, 0), new(Auth)
	for _, wait := range []time.Duration{1, 2, 4, 8, 15, 15, 15} {
		require.True(t, a.mayRenew(now))
		a.learn(now, false)
		require.False(t, a.mayRenew(now.Add(wait*time.Minute-1)))
		now = now.Add(wait * time.Minute)
	}
	a.learn(now, false)
	a.learn(now, true)
	require.True(t, a.mayRenew(now), "a token that is taken ends all waits")
}

func TestTheLifeOfAToken(t *testing.T) {
	asked := time.Unix(1_800_000_000, 0)
	for name, tc := range map[string]struct {
		token    string
		expires  string
		valid    time.Duration // 0: it does not say
		replaced time.Duration
	}{
		"an hour":                       {"x", "3600", time.Hour, 59 * time.Minute},
		"a minute":                      {"x", "60", time.Minute, 48 * time.Second},
		"a text (some servers)":         {"x", `"3600"`, time.Hour, 59 * time.Minute},
		"a fraction":                    {"x", "0.5", 500 * time.Millisecond, 400 * time.Millisecond},
		"nothing":                       {"x", "", 0, 0},
		"null":                          {"x", "null", 0, 0},
		"what is no number":             {"x", `"soon"`, 0, 0},
		"no time at all":                {"x", "-1", 0, 0},
		"beyond all reason":             {"x", "1e300", maxExpires, maxExpires - time.Minute},
		"a JWT that says when it ends":  {jwtUntil(asked.Add(10 * time.Minute)), "", 10 * time.Minute, 9 * time.Minute},
		"a JWT that ends before that":   {jwtUntil(asked.Add(10 * time.Minute)), "3600", 10 * time.Minute, 9 * time.Minute},
		"a JWT that ends later":         {jwtUntil(asked.Add(2 * time.Hour)), "3600", time.Hour, 59 * time.Minute},
		"a JWT that has ended already":  {jwtUntil(asked.Add(-time.Hour)), "3600", -time.Hour, -48 * time.Minute},
		"not a number, by strange ways": {"x", "NaN", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := newAccessToken(tc.token, lifetime([]byte(tc.expires)), asked)
			if tc.valid == 0 {
				require.Zero(t, got.ends)
				require.True(t, got.fresh(asked.Add(1000*time.Hour)))
				return
			}
			require.Equal(t, tc.valid, got.ends.Sub(asked))
			require.Equal(t, tc.replaced, got.renew.Sub(asked))
		})
	}
}

func TestATokenIsReplacedAheadOfItsEnd(t *testing.T) {
	i := newIssuer(t)
	credential, runner := i.credential(t, nil), quiet()
	asked := target(t, i.target.URL, asking(credential))
	require.Equal(t, OK, runOnce(t, runner, asked).Verdict.Reason)
	age := func(d time.Duration) {
		kept := *credential.grant.latest.Load()
		kept.got, kept.ends, kept.renew = kept.got.Add(-d), kept.ends.Add(-d), kept.renew.Add(-d)
		credential.grant.latest.Store(&kept)
	}
	age(59*time.Minute + 30*time.Second)
	i.fails(func(w http.ResponseWriter) { w.WriteHeader(503) })
	require.Equal(t, OK, runOnce(t, runner, asked).Verdict.Reason, "a token that still holds is used while there is no other")
	require.Len(t, i.token.lines(), 2)
	i.works()
	credential.grant.failed.again = time.Now()
	require.Equal(t, OK, runOnce(t, runner, asked).Verdict.Reason)
	require.Len(t, i.token.lines(), 3)
	require.Equal(t, "Bearer access-3", i.target.last(t).header.Get("Authorization"))

	i.fails(func(w http.ResponseWriter) { w.WriteHeader(503) })
	age(61 * time.Minute)
	require.Equal(t, Unauthenticated, runOnce(t, runner, asked).Verdict.Reason, "one that has ended is not")
}

func TestAnEndpointThatGivesTheSameTokenAgain(t *testing.T) {
	i := newIssuer(t)
	i.answer = func(_ int, w http.ResponseWriter, _ *http.Request) { i.grant(w, "always-the-same", 3600) }
	refuser := serveWeb(t, refusing(401, "Bearer"))
	got := runOnce(t, quiet(), target(t, refuser.URL, asking(i.credential(t, nil))))
	require.Len(t, got.Attempts, 1, "the request would be the same")
	require.Contains(t, got.Attempts[0].Evidence.Notes, "the token endpoint gives the same access token again: "+i.token.URL+"/token?tenant=…")
}

func TestARenewalThatFailsSaysSo(t *testing.T) {
	i := newIssuer(t)
	asked := target(t, i.target.URL, asking(i.credential(t, nil)))
	require.Equal(t, OK, runOnce(t, quiet(), asked).Verdict.Reason)
	i.revoke()
	i.fails(func(w http.ResponseWriter) { w.WriteHeader(503) })
	got := runOnce(t, quiet(), asked)
	require.Equal(t, 401, got.Verdict.Status)
	require.Len(t, got.Attempts, 1)
	notes := strings.Join(got.Attempts[0].Evidence.Notes, "\n")
	require.Contains(t, notes, "another access token was not to be had: no access token: "+i.token.URL+"/token?tenant=… answers 503 Service Unavailable")
	require.Contains(t, notes, "the access token was got from "+i.token.URL+"/token?tenant=… 0 s ago")
	require.Contains(t, notes, "so expiry is not why")
}

func TestNoTokenIsInTheEvidence(t *testing.T) {
	i := newIssuer(t)
	loud := serveWeb(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", r.Header.Get("Authorization")+" cl1ent-s3cret")
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")+`"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	got := runOnce(t, quiet(), target(t, loud.URL, asking(i.credential(t, nil))))
	require.Len(t, got.Attempts, 2)
	for _, a := range got.Attempts {
		shown := fmt.Sprintf("%+v", a)
		require.Contains(t, shown, "[redacted]")
		require.NotContains(t, shown, "access-")
		require.NotContains(t, shown, "s3cret")
	}
}
