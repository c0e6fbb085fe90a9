package probe

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
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
