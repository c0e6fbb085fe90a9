package probe

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// issuer is an OAuth 2.0 server, and a target that takes the tokens it gave last.
type issuer struct {
	token  *webServer // the token endpoint
	target *webServer

	mu     sync.Mutex
	answer func(n int, w http.ResponseWriter, r *http.Request) // of the n-th request for a token, from 1; nil: usual
	given  int
	valid  string // the token that the target takes
}

func newIssuer(t *testing.T) *issuer {
	i := new(issuer)
	i.token = serveWeb(t, i.give)
	i.target = serveWeb(t, i.take)
	return i
}

func (i *issuer) give(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.given++
	n, answer := i.given, i.answer
	i.mu.Unlock()
	if answer != nil {
		answer(n, w, r)
		return
	}
	i.grant(w, fmt.Sprintf("access-%d", n), 3600)
}

// grant gives a token for some seconds.
func (i *issuer) grant(w http.ResponseWriter, token string, seconds any) {
	i.mu.Lock()
	i.valid = token
	i.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":%v}`, token, seconds)
}

func (i *issuer) take(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+i.valid {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// revoke makes the target take no token that was given so far.
func (i *issuer) revoke() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.valid = ""
}

func (i *issuer) credential(t *testing.T, change func(*OAuth2)) *Credential {
	t.Helper()
	address, err := url.Parse(i.token.URL + "/token?tenant=s3cret")
	require.NoError(t, err)
	o := OAuth2{TokenURL: address, ID: fixed("sonde"), Secret: fixed("cl1ent-s3cret")}
	if change != nil {
		change(&o)
	}
	return ClientCredentials(o)
}

// fails makes the token endpoint answer every request so.
func (i *issuer) fails(answer func(w http.ResponseWriter)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = func(_ int, w http.ResponseWriter, _ *http.Request) { answer(w) }
}

func (i *issuer) works() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = nil
}

func TestHowATokenIsAskedFor(t *testing.T) {
	i := newIssuer(t)
	for name, tc := range map[string]struct {
		change func(*OAuth2)
		header string
		form   url.Values
	}{
		"in the header (RFC 6749 section 2.3.1)": {nil, "Basic " + base64.StdEncoding.EncodeToString([]byte("sonde:cl1ent-s3cret")),
			url.Values{"grant_type": {"client_credentials"}}},
		"escaped in the header": {func(o *OAuth2) { o.ID, o.Secret = fixed("a:b"), fixed("c d") }, "Basic " + base64.StdEncoding.EncodeToString([]byte("a%3Ab:c+d")),
			url.Values{"grant_type": {"client_credentials"}}},
		"in the body, with scopes and an audience": {func(o *OAuth2) { o.Params, o.Scopes, o.Audience = true, []string{"a", "b"}, "https://api/" }, "",
			url.Values{"grant_type": {"client_credentials"}, "client_id": {"sonde"}, "client_secret": {"cl1ent-s3cret"}, "scope": {"a b"}, "audience": {"https://api/"}}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, OK, runOnce(t, quiet(), target(t, i.target.URL, asking(i.credential(t, tc.change)))).Verdict.Reason)
			last := i.token.last(t)
			require.Equal(t, "POST /token?tenant=s3cret", last.line)
			require.Equal(t, tc.header, last.header.Get("Authorization"))
			require.Equal(t, "application/json", last.header.Get("Accept"))
			require.Equal(t, "application/x-www-form-urlencoded", last.header.Get("Content-Type"))
			form, err := url.ParseQuery(last.body)
			require.NoError(t, err)
			require.Equal(t, tc.form, form)
		})
	}
}

func TestATokenIsSharedByAllWhoAskAtOnce(t *testing.T) {
	i := newIssuer(t)
	credential, runner := i.credential(t, nil), quiet()
	var busy sync.WaitGroup
	for range 30 {
		busy.Go(func() {
			got := runIn(t.Context(), runner, target(t, i.target.URL, asking(credential)))
			if got.Verdict.Reason != OK {
				t.Error(got.Attempts[0].Evidence)
			}
		})
	}
	busy.Wait()
	require.Len(t, i.token.lines(), 1)
	require.Len(t, i.target.lines(), 30)
}

func TestARevokedTokenIsRenewedOnce(t *testing.T) {
	i := newIssuer(t)
	asked := target(t, i.target.URL, asking(i.credential(t, nil)))
	require.Equal(t, OK, runOnce(t, quiet(), asked).Verdict.Reason)
	i.revoke()
	got := runOnce(t, quiet(), asked)
	require.Equal(t, OK, got.Verdict.Reason)
	require.Equal(t, Good, got.Verdict.Outcome)
	require.Len(t, got.Attempts, 2)
	require.Equal(t, Unauthenticated, got.Attempts[0].Verdict.Reason)
	require.Contains(t, got.Attempts[0].Evidence.Notes, "asked again with a renewed credential")
	require.Len(t, i.token.lines(), 2)

	t.Run("also for a request that must not be repeated, for it has not been applied", func(t *testing.T) {
		i.revoke()
		posted := target(t, i.target.URL, asking(asked.Auth.Credential), sending("x"))
		require.Len(t, runOnce(t, quiet(), posted).Attempts, 2)
	})
	t.Run("but not by a re-check, which makes one attempt", func(t *testing.T) {
		i.revoke()
		got := quiet().Run(t.Context(), asked, Recheck, time.Now())
		require.Equal(t, Unauthenticated, got.Verdict.Reason)
		require.Len(t, got.Attempts, 1)
	})
}

func TestATargetThatRefusesEveryTokenDoesNotCostOneForEachRequest(t *testing.T) {
	i := newIssuer(t)
	refuser := serveWeb(t, refusing(401, "Bearer"))
	asked := target(t, refuser.URL, asking(i.credential(t, nil)), retrying(3))
	first := runOnce(t, quiet(), asked)
	require.Equal(t, Unauthenticated, first.Verdict.Reason)
	require.Len(t, first.Attempts, 2, "one renewal, and no retry after it")
	require.Len(t, i.token.lines(), 2)
	for range 5 {
		require.Len(t, runOnce(t, quiet(), asked).Attempts, 1)
	}
	require.Len(t, i.token.lines(), 2)
}

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

func TestATokenEndpointThatFailsIsNotTheTarget(t *testing.T) {
	refuses := func(status int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, tc := range map[string]struct {
		answer func(http.ResponseWriter)
		says   string
	}{
		"with a 503":              {refuses(503, "busy"), "answers 503 Service Unavailable"},
		"with a 500":              {refuses(500, ""), "answers 500 Internal Server Error"},
		"because of the client":   {refuses(401, `{"error":"invalid_client","error_description":"no cl1ent-s3cret"}`), "answers 401 Unauthorized, invalid_client: no [redacted]; check client_id, client_secret and style"},
		"without saying why":      {refuses(401, "go away"), "answers 401 Unauthorized; check client_id, client_secret and style"},
		"because of the scopes":   {refuses(400, `{"error":"invalid_scope"}`), "answers 400 Bad Request, invalid_scope; check scopes"},
		"because of the grant":    {refuses(400, `{"error":"unsupported_grant_type"}`), "answers 400 Bad Request, unsupported_grant_type; allow the client the grant client_credentials"},
		"with an escape sequence": {refuses(400, `{"error":"\u001b[31m"}`), `answers 400 Bad Request, \x1b[31m`},
		"with what is no JSON":    {refuses(200, "<html>"), "answers 200 with what is no JSON object of RFC 6749 section 5.1"},
		"without a token":         {refuses(200, `{"token":"x"}`), "answers 200 without a usable access_token"},
		"with half a header":      {refuses(200, `{"access_token":"a\r\nX: y"}`), "answers 200 without a usable access_token"},
		"with another type":       {refuses(200, `{"access_token":"a","token_type":"mac"}`), `gives a token of type "mac", and only bearer tokens can be sent`},
		"with a redirect":         {func(w http.ResponseWriter) { w.Header().Set("Location", "/login"); w.WriteHeader(302) }, "answers 302 Found"},
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			i.fails(tc.answer)
			result := runOnce(t, quiet(), target(t, i.target.URL, asking(i.credential(t, nil)), retrying(3)))
			require.Equal(t, judged(Unauthenticated, 0), result.Verdict)
			require.Equal(t, Excluded, result.Verdict.Outcome)
			require.Equal(t, FaultCredential, result.Verdict.Fault)
			require.Len(t, result.Attempts, 1)
			e := result.Attempts[0].Evidence
			require.Equal(t, "no access token: "+i.token.URL+"/token?tenant=… "+tc.says, e.Error)
			require.Contains(t, e.Notes, "the target was not asked: without an access token its answer would say nothing")
			require.Empty(t, i.target.lines())
			require.Len(t, i.token.lines(), 1)
		})
	}
}

func TestATokenEndpointThatIsNotThere(t *testing.T) {
	i := newIssuer(t)
	credential := i.credential(t, nil)
	i.token.Close()
	result := runOnce(t, quiet(), target(t, i.target.URL, asking(credential)))
	require.Equal(t, Unauthenticated, result.Verdict.Reason)
	require.Equal(t, "no access token: "+i.token.URL+"/token?tenant=… gives no answer: connect_refused (nothing listens there)", result.Attempts[0].Evidence.Error)
}

func TestASlowTokenEndpointIsWaitedForNoLongerThanTheRun(t *testing.T) {
	i, released := newIssuer(t), make(chan struct{})
	i.answer = func(_ int, _ http.ResponseWriter, r *http.Request) { <-released }
	credential, runner, late := i.credential(t, nil), quiet(), watchLag(t)
	var busy sync.WaitGroup
	for range 3 {
		busy.Go(func() {
			got := runIn(t.Context(), runner, target(t, i.target.URL, asking(credential), within(300*time.Millisecond)))
			if got.Verdict.Reason != Unauthenticated || got.Elapsed > 300*time.Millisecond+late() {
				t.Error(got.Verdict, got.Elapsed)
			}
		})
	}
	busy.Wait()
	close(released)
	i.works()
	require.Equal(t, OK, runOnce(t, runner, target(t, i.target.URL, asking(credential))).Verdict.Reason,
		"who had too little time makes nobody else wait")

	t.Run("and a run that is canceled says nothing", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		got := runIn(ctx, runner, target(t, i.target.URL, asking(i.credential(t, nil))))
		require.Equal(t, Canceled, got.Verdict.Reason)
	})
}

func TestAFailureOfTheTokenEndpointIsSharedForAWhile(t *testing.T) {
	i := newIssuer(t)
	i.fails(func(w http.ResponseWriter) { w.Header().Set("Retry-After", "600"); w.WriteHeader(503) })
	credential, runner := i.credential(t, nil), quiet()
	for range 5 {
		require.Equal(t, Unauthenticated, runOnce(t, runner, target(t, i.target.URL, asking(credential))).Verdict.Reason)
	}
	require.Len(t, i.token.lines(), 1, "nobody hammers it")
	g := credential.grant
	require.InDelta(t, 600, g.failed.again.Sub(g.failed.at).Seconds(), 1)
	g.failed.at, g.failed.again = g.failed.at.Add(-90*time.Second), g.failed.again.Add(-90*time.Second)
	got := lastAttempt(t, runner, target(t, i.target.URL, asking(credential)))
	require.Contains(t, got.Evidence.Notes, "the token endpoint was asked 90 s ago, and is asked again in 8 min")
	i.works()
	g.failed.again = time.Now()
	require.Equal(t, OK, runOnce(t, runner, target(t, i.target.URL, asking(credential))).Verdict.Reason)

	t.Run("longer each time, up to a minute", func(t *testing.T) {
		g := &grant{}
		for _, seconds := range []float64{1, 2, 4, 8, 16, 32, 60, 60} {
			failure := &grantError{reason: Unauthenticated, at: time.Unix(0, 0)}
			g.postpone(failure, "")
			require.InDelta(t, seconds, failure.again.Sub(failure.at).Seconds(), 0)
		}
	})
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

func TestWaitingForATurnEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &grant{turn: make(chan struct{}, 1), shown: "https://idp.example.com/token"}
		g.turn <- struct{}{}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := g.token(ctx, seeker{})
		require.EqualError(t, err, "no access token: https://idp.example.com/token has not answered in time")
		require.Equal(t, Unauthenticated, err.reason)
	})
}
