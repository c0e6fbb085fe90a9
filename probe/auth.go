package probe

import (
	"context"
	"encoding/base64"
	"log/slog"
	"strings"
	"sync"
	"time"

	"sonde/text"
)

// Auth is how a request proves who asks: by a credential in its Authorization header,
// by a client certificate in the handshake, or by both. Neither is shown to another
// origin than the configured one.
type Auth struct {
	Credential *Credential // nil: none
	Identity   *Identity   // nil: none

	mu     sync.Mutex
	futile int       // renewals in a row after which the target refused as before
	quiet  time.Time // until when a refusal renews nothing
}

// Credential makes the Authorization header of requests. Targets that ask with the same
// credential share it, and may use it at once.
type Credential struct {
	scheme string // "Basic" or "Bearer"
	user   Source // of Basic
	secret Source // password or token
	grant  *grant // OAuth 2.0; nil: the secret is configured

	mu     sync.Mutex
	latest proof          // what was made last
	of     [2]text.Secret // of these
	known  []text.Secret  // header values that were sent lately, for masking
}

// Basic is a user and a password (RFC 7617).
func Basic(user, password Source) *Credential {
	return &Credential{scheme: "Basic", user: user, secret: password}
}

// Bearer is a token that whoever bears it may use (RFC 6750).
func Bearer(token Source) *Credential {
	return &Credential{scheme: "Bearer", secret: token}
}

// proof is what one attempt shows of who asks.
type proof struct {
	header text.Secret // the value of Authorization; empty: none
	life   life        // of the token, as far as it says so
	got    time.Time   // when an access token was got; zero: it is configured
	from   string      // where it was got, as it may be shown
}

// mostKnown is how many values of a header are remembered for masking.
const mostKnown = 4

// prove returns what to ask with, or why there is nothing.
func (t *Target) prove(ctx context.Context, r *Runner) (proof, *grantError) {
	if t.Auth == nil || t.Auth.Credential == nil {
		return proof{}, nil
	}
	c := t.Auth.Credential
	if c.grant != nil {
		token, err := c.grant.token(ctx, seeker{r, t})
		if err != nil {
			return proof{}, err
		}
		return c.granted(token), nil
	}
	log := r.logger()
	return c.configured(c.user.now(log), c.secret.now(log)), nil
}

// configured is the proof that a configured secret makes.
func (c *Credential) configured(user, secret text.Secret) proof {
	return c.make([2]text.Secret{user, secret}, func() proof {
		if c.scheme == "Basic" {
			pair := base64.StdEncoding.EncodeToString([]byte(user.Reveal() + ":" + secret.Reveal()))
			return proof{header: text.NewSecret("Basic " + pair)}
		}
		p := proof{header: text.NewSecret("Bearer " + secret.Reveal()), life: lifeOfToken(secret.Reveal())}
		if p.life.begins.IsZero() && c.secret.files != nil {
			p.life.begins = time.Now() // it is not older than that to us
		}
		return p
	})
}

// granted is the proof that an access token makes.
func (c *Credential) granted(t accessToken) proof {
	return c.make([2]text.Secret{t.value}, func() proof {
		return proof{header: text.NewSecret("Bearer " + t.value.Reveal()), life: life{t.got, t.ends}, got: t.got, from: c.grant.shown}
	})
}

// make makes a proof, unless the latest is of the same secrets.
func (c *Credential) make(of [2]text.Secret, form func() proof) proof {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == of && !c.latest.header.IsZero() {
		return c.latest
	}
	c.latest, c.of = form(), of
	if len(c.known) == mostKnown {
		c.known = append(c.known[:0], c.known[1:]...)
	}
	c.known = append(c.known, c.latest.header)
	return c.latest
}

// renewed reports whether there is another credential than the one that was refused:
// a file has a newer one, or the token endpoint gives one. Then the request is a
// changed one, and may be sent although the refusal is final (RFC 9110 section
// 15.5.2: the refused request has not been applied). The note says what was done.
func (t *Target) renewed(ctx context.Context, r *Runner, refused proof) (is bool, note string) {
	a := t.Auth
	if a == nil || a.Credential == nil || refused.header.IsZero() {
		return false, ""
	}
	c := a.Credential
	if c.grant == nil {
		log := r.logger()
		now := c.configured(c.user.atOnce(log), c.secret.atOnce(log))
		return now.header.Reveal() != refused.header.Reveal(), ""
	}
	if !a.mayRenew(time.Now()) {
		return false, ""
	}
	token, err := c.grant.another(ctx, seeker{r, t}, refused.header.Reveal())
	switch {
	case err != nil:
		return false, "another access token was not to be had: " + err.Error()
	case "Bearer "+token.value.Reveal() == refused.header.Reveal():
		return false, "the token endpoint gives the same access token again: " + c.grant.shown
	}
	return true, ""
}

// Waits after renewals that did not help. A server that refuses every token would else
// cost a token for each request.
const (
	quietFirst = time.Minute
	quietMost  = 15 * time.Minute
)

func (a *Auth) mayRenew(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !now.Before(a.quiet)
}

// learn notes whether a renewal has helped.
func (a *Auth) learn(now time.Time, helped bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if helped {
		a.futile, a.quiet = 0, time.Time{}
		return
	}
	a.quiet = now.Add(min(quietFirst<<min(a.futile, 8), quietMost))
	a.futile++
}

// secrets are the texts that the credential has in secret, as they are now and as they
// were lately.
func (a *Auth) secrets() (all []string) {
	if a == nil || a.Credential == nil {
		return nil
	}
	c := a.Credential
	c.mu.Lock()
	for _, header := range c.known {
		all = append(all, header.Reveal())
		_, credential, _ := strings.Cut(header.Reveal(), " ")
		all = append(all, credential)
		if c.scheme == "Bearer" {
			all = append(all, jwtParts(credential)...)
		}
		if pair, err := base64.StdEncoding.DecodeString(credential); err == nil && c.scheme == "Basic" {
			_, password, _ := strings.Cut(string(pair), ":")
			all = append(all, string(pair), password)
		}
	}
	c.mu.Unlock()
	if c.grant != nil {
		all = append(all, c.grant.secrets()...)
	}
	return append(all, c.secret.last().Reveal())
}

// jwtParts are the parts of a JWT that say something: one may be sent back alone.
func jwtParts(token string) []string {
	parts := strings.Split(token, ".")
	if len(parts) < 3 {
		return nil
	}
	return parts[1:]
}

// logger is where the runner logs.
func (r *Runner) logger() *slog.Logger {
	if r.Log == nil {
		return slog.Default()
	}
	return r.Log
}

// bears reports whether a request of the target shows who asks.
func (t *Target) bears() bool {
	if t.Auth != nil && (t.Auth.Credential != nil || t.Auth.Identity != nil) || t.URL.User != nil {
		return true
	}
	for name := range t.Header {
		if strings.EqualFold(name, "Authorization") || strings.EqualFold(name, "Cookie") {
			return true
		}
	}
	return false
}
