package probe

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"sonde/text"
)

// OAuth2 says how an access token is got by client credentials (RFC 6749 section 4.4).
type OAuth2 struct {
	TokenURL *url.URL
	ID       Source
	Secret   Source
	Scopes   []string
	Audience string // sent as "audience" where a server wants it; empty: not sent
	Params   bool   // id and secret are sent in the body, not in the header (RFC 6749 section 2.3.1)
}

// seeker is who needs a token, and for what: the token endpoint is reached the way its
// target is.
type seeker struct {
	runner *Runner
	target *Target
}

// ClientCredentials is a credential that gets access tokens by itself. A token is kept
// until shortly before it expires, for all that share the credential; who refuses it
// gets another one, once. A token endpoint that fails is asked less and less often, and never
// more than once at a time.
func ClientCredentials(o OAuth2) *Credential {
	return &Credential{scheme: "Bearer", secret: o.Secret, grant: &grant{OAuth2: o, shown: text.URL(o.TokenURL), turn: make(chan struct{}, 1)}}
}

// Bounds of asking for tokens.
const (
	aheadMost  = time.Minute // before its end a token is replaced, or a fifth of its life if that is less
	holdFirst  = time.Second // after a failure nobody asks again, longer each time
	holdMost   = time.Minute
	holdAsked  = 15 * time.Minute // at most, where the endpoint itself says how long
	maxExpires = 365 * 24 * time.Hour
)

// grant gets access tokens and keeps the latest.
type grant struct {
	OAuth2
	shown string // the token endpoint, as it may be shown

	latest atomic.Pointer[accessToken]

	turn   chan struct{} // held by whoever asks; it guards what follows
	failed *grantError   // why there was none the last time; nil if there was one
	fails  int           // in a row
	asWhom string        // id and secret that failed
}

// accessToken is a token and its life.
type accessToken struct {
	value text.Secret
	got   time.Time
	ends  time.Time // zero: it does not say
	renew time.Time // when to replace it; zero: when it is refused
}

// grantError says why there is no access token.
type grantError struct {
	reason Reason // of ours if we are at fault, else Unauthenticated
	where  string
	what   string
	mine   bool          // the asking run had no more time
	after  time.Duration // that the endpoint asked for
	at     time.Time
	again  time.Time // when it is asked again; zero: by the next who needs a token
}

func (e *grantError) Error() string { return "no access token: " + e.where + " " + e.what }

// token returns the kept token, or another one if that is spent.
func (g *grant) token(ctx context.Context, who seeker) (accessToken, *grantError) {
	if t := g.latest.Load(); t != nil && t.fresh(time.Now()) {
		return *t, nil
	}
	return g.get(ctx, who, func(t *accessToken, now time.Time) bool { return t.fresh(now) })
}

// another returns a token other than the refused one, which somebody may have got by now.
func (g *grant) another(ctx context.Context, who seeker, refused string) (accessToken, *grantError) {
	return g.get(ctx, who, func(t *accessToken, _ time.Time) bool { return "Bearer "+t.value.Reveal() != refused })
}

func (t *accessToken) fresh(now time.Time) bool { return t.renew.IsZero() || now.Before(t.renew) }

func (t *accessToken) valid(now time.Time) bool { return t.ends.IsZero() || now.Before(t.ends) }

// get asks for a token unless the kept one will do. One asks at a time; the others wait
// for what it gets, each within its own time.
func (g *grant) get(ctx context.Context, who seeker, will func(*accessToken, time.Time) bool) (accessToken, *grantError) {
	select {
	case g.turn <- struct{}{}:
		defer func() { <-g.turn }()
	case <-ctx.Done():
		return accessToken{}, g.late(ctx)
	}
	now := time.Now()
	kept := g.latest.Load()
	if kept != nil && will(kept, now) {
		return *kept, nil
	}
	log := who.runner.logger()
	id, secret := g.ID.now(log), g.Secret.now(log)
	failure := g.failed
	whom := id.Reveal() + "\x00" + secret.Reveal()
	if failure == nil || !now.Before(failure.again) || g.asWhom != whom {
		var got accessToken
		if got, failure = g.ask(ctx, who, id, secret); failure == nil {
			g.failed, g.fails = nil, 0
			g.latest.Store(&got)
			return got, nil
		}
		g.postpone(failure, whom)
	}
	if kept != nil && kept.valid(now) && will(kept, kept.got) {
		return *kept, nil // it was to be replaced ahead of its end, which is not yet
	}
	return accessToken{}, failure
}

// postpone makes everybody wait after a failure, unless it was only that whoever asked
// had too little time.
func (g *grant) postpone(failure *grantError, whom string) {
	if failure.mine || failure.reason != Unauthenticated {
		return
	}
	wait := min(holdFirst<<min(g.fails, 6), holdMost)
	if failure.after > 0 {
		wait = min(failure.after, holdAsked)
	}
	g.fails++
	failure.again = failure.at.Add(wait)
	g.failed, g.asWhom = failure, whom
}

// late is why a run has no token that could not wait for it.
func (g *grant) late(ctx context.Context) *grantError {
	reason := Unauthenticated
	if errors.Is(ctx.Err(), context.Canceled) {
		reason = Canceled
	}
	return &grantError{reason: reason, where: g.shown, what: "has not answered in time", mine: true, at: time.Now()}
}

// ask asks the token endpoint once, over the same kind of connection as a target.
func (g *grant) ask(ctx context.Context, who seeker, id, secret text.Secret) (accessToken, *grantError) {
	began := time.Now()
	seen := httpAsker{}.ask(ctx, who.runner, g.request(who.target, id, secret))
	defer seen.release()
	fail := func(format string, args ...any) (accessToken, *grantError) {
		masker := newMasker(g.secrets())
		what := text.Printable(masker.replace(fmt.Sprintf(format, args...)), maxText)
		return accessToken{}, &grantError{reason: Unauthenticated, where: g.shown, what: what, after: seen.retryAfter.Wait, at: time.Now()}
	}
	if seen.reason != OK && (seen.status == 0 || seen.status == http.StatusOK) {
		return g.unanswered(ctx, seen.reason, fail)
	}
	if seen.status != http.StatusOK {
		return fail("answers %s", refusal(&seen))
	}
	var answer struct {
		Token   string          `json:"access_token"`
		Type    string          `json:"token_type"`
		Expires json.RawMessage `json:"expires_in"`
	}
	switch err := json.Unmarshal(seen.body.Bytes(), &answer); {
	case err != nil:
		return fail("answers 200 with what is no JSON object of RFC 6749 section 5.1")
	case !isBearerToken(answer.Token):
		return fail("answers 200 without a usable access_token")
	case answer.Type != "" && !strings.EqualFold(answer.Type, "bearer"):
		return fail("gives a token of type %q, and only bearer tokens can be sent", answer.Type)
	}
	return newAccessToken(answer.Token, lifetime(answer.Expires), began), nil
}

// unanswered is the failure of a token endpoint that gave no complete answer. What is
// our own trouble stays that.
func (g *grant) unanswered(ctx context.Context, reason Reason, fail func(string, ...any) (accessToken, *grantError)) (accessToken, *grantError) {
	_, failure := fail("gives no answer: %s (%s)", reason, reasons[reason].meaning)
	if reasons[reason].fault == FaultProber {
		failure.reason = reason
	}
	// Time ends with the run, and a connection may notice that before its context does.
	failure.mine = ctx.Err() != nil || slices.Contains(timeoutReasons[:], reason)
	return accessToken{}, failure
}

// refusal says what a token endpoint answered: the status, and what RFC 6749 section
// 5.2 has it say.
func refusal(seen *observation) string {
	said := strconv.Itoa(seen.status) + " " + CodeOf(seen.status).Name
	var answer struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if seen.body != nil && json.Unmarshal(seen.body.Bytes(), &answer) == nil && answer.Error != "" {
		said += ", " + answer.Error
		if answer.Description != "" {
			said += ": " + answer.Description
		}
	}
	switch {
	case answer.Error == "invalid_client" || answer.Error == "" && seen.status == http.StatusUnauthorized:
		said += "; check client_id, client_secret and style"
	case answer.Error == "invalid_scope":
		said += "; check scopes"
	case answer.Error == "unauthorized_client" || answer.Error == "unsupported_grant_type":
		said += "; allow the client the grant client_credentials"
	}
	return said
}

// request is the request for a token.
func (g *grant) request(of *Target, id, secret text.Secret) *Target {
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(g.Scopes) > 0 {
		form.Set("scope", strings.Join(g.Scopes, " "))
	}
	if g.Audience != "" {
		form.Set("audience", g.Audience)
	}
	header := map[string]text.Secret{
		"Accept":       text.NewSecret("application/json"),
		"Content-Type": text.NewSecret("application/x-www-form-urlencoded"),
	}
	if g.Params {
		form.Set("client_id", id.Reveal())
		form.Set("client_secret", secret.Reveal())
	} else {
		pair := url.QueryEscape(id.Reveal()) + ":" + url.QueryEscape(secret.Reveal())
		header["Authorization"] = text.NewSecret("Basic " + base64.StdEncoding.EncodeToString([]byte(pair)))
	}
	return &Target{
		Name: "token endpoint", URL: g.TokenURL, Method: http.MethodPost, Header: header, Body: text.NewSecret(form.Encode()),
		Auth: &Auth{Identity: of.Auth.Identity}, Roots: of.Roots, grants: true,
		Transport: Transport{Proxy: of.Transport.Proxy, Resolvers: of.Transport.Resolvers, Family: of.Transport.Family},
	}
}

// newAccessToken is a token that was asked for at an instant. If it is a JWT that ends
// before the endpoint says so, that counts.
func newAccessToken(value string, lasts time.Duration, asked time.Time) accessToken {
	t := accessToken{value: text.NewSecret(value), got: asked}
	if lasts > 0 {
		t.ends = asked.Add(lasts)
	}
	if own := lifeOfToken(value).ends; !own.IsZero() && (t.ends.IsZero() || own.Before(t.ends)) {
		t.ends = own
	}
	if left := t.ends.Sub(asked); !t.ends.IsZero() {
		t.renew = t.ends.Add(-min(aheadMost, left/5))
	}
	return t
}

// lifetime reads expires_in, which some servers write as a text; 0 if it says nothing.
func lifetime(raw json.RawMessage) time.Duration {
	seconds, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if err != nil || !(seconds > 0) {
		return 0
	}
	return time.Duration(min(seconds, maxExpires.Seconds()) * float64(time.Second))
}

// isBearerToken reports whether a text can be sent as a token (RFC 6750 section 2.1, and
// what servers give beyond it).
func isBearerToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}

// secrets are the texts that asking for tokens has in secret.
func (g *grant) secrets() (all []string) {
	secret := g.Secret.last().Reveal()
	pair := url.QueryEscape(g.ID.last().Reveal()) + ":" + url.QueryEscape(secret)
	all = append(all, secret, base64.StdEncoding.EncodeToString([]byte(pair)))
	if t := g.latest.Load(); t != nil {
		all = append(all, t.value.Reveal())
	}
	return all
}
