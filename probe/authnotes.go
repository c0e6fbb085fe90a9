package probe

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"sonde/text"
)

// prove finds what to ask with. Without it nothing is asked: what the token endpoint
// did says nothing about the target.
func (w *walk) prove(ctx context.Context) bool {
	proof, failure := w.target.prove(ctx, w.runner)
	w.seen.proof = proof
	if failure == nil {
		return true
	}
	w.seen.reason = failure.reason
	w.seen.evidence.Error = text.Printable(failure.Error(), maxText)
	w.say("the target was not asked: without an access token its answer would say nothing")
	now := time.Now()
	if wait := failure.again.Sub(now); wait > 0 && now.Sub(failure.at) > time.Second {
		w.say("the token endpoint was asked %s ago, and is asked again in %s", roughly(now.Sub(failure.at)), roughly(wait))
	}
	return false
}

// renew asks for another credential after a refusal, once in a run, and reports whether
// to ask the target again with it. It reads on from there whether that has helped.
func (r *Runner) renew(ctx context.Context, t *Target, result *Result, done *bool) bool {
	last := &result.Attempts[len(result.Attempts)-1]
	if t.Auth == nil && t.Watched == nil || last.Verdict.Status == 0 {
		return false
	}
	refused := last.refuses()
	if !refused || *done {
		if t.Auth != nil && (!refused || len(result.Attempts) > 1) {
			t.Auth.learn(time.Now(), !refused)
		}
		return false
	}
	*done = true
	is, note := t.renewed(ctx, r, last.proof)
	is = is || t.changed(r.logger(), last.edition)
	if is {
		note = "asked again with a renewed credential"
	}
	if note != "" {
		last.Evidence.Notes = append(last.Evidence.Notes, text.Printable(note, maxText))
	}
	return is
}

// say adds a note for people.
func (w *walk) say(format string, args ...any) {
	w.seen.evidence.Notes = append(w.seen.evidence.Notes, text.Printable(fmt.Sprintf(format, args...), maxText))
}

// noteRefusal tells people why a credential was refused, as far as answer and credential
// say so.
func (w *walk) noteRefusal(x *exchange) {
	status := w.seen.status
	if w.target.Expect.Status.Has(status) {
		return
	}
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
	default:
		return
	}
	proxy := status == http.StatusProxyAuthRequired
	masker := w.target.masker()
	asked := challenges(w.seen.header, proxy)
	for i := range asked {
		asked[i] = asked[i].printable(masker)
	}
	w.seen.evidence.Challenges = asked
	if proxy {
		w.say("a proxy asks for a credential, not the target: %s", wants(asked, "it does not say which"))
		return
	}
	sent := x.request.Header.Get("Authorization")
	w.noteMismatch(status, sent, asked)
	for _, c := range asked {
		w.noteError(c)
	}
	w.noteLife(sent)
}

// noteMismatch says what was asked for and what was sent, where the two differ.
func (w *walk) noteMismatch(status int, sent string, asked []Challenge) {
	scheme, _, _ := strings.Cut(sent, " ")
	switch {
	case scheme == "" && !w.hop.home && w.target.bears():
		w.say("the credential was not sent, because a redirect led to another origin: %s", text.URL(w.hop.url))
	case scheme == "" && !w.target.bears():
		w.say("no credential is configured (auth); %s", wants(asked, "the server does not say which it wants"))
	case scheme == "":
		w.say("no Authorization was sent; %s", wants(asked, "the server does not say what it wants"))
	case len(asked) > 0 && !slices.ContainsFunc(asked, func(c Challenge) bool { return strings.EqualFold(c.Scheme, scheme) }):
		w.say("%s; the probe sent %s", wants(asked, ""), shownScheme(scheme))
	case status == http.StatusUnauthorized && len(asked) == 0:
		w.say("the answer has no WWW-Authenticate, which a 401 must have (RFC 9110 section 15.5.2), so it does not say what is wrong")
	case status == http.StatusForbidden && len(asked) == 0:
		w.say("the server took the credential and refuses the access: the account lacks a right")
	}
}

// schemes are the words that may stand before a credential.
var schemes = []string{"Basic", "Bearer", "Digest", "Negotiate", "Token", "ApiKey", "DPoP", "HOBA", "AWS4-HMAC-SHA256"}

func isScheme(word string) bool {
	return slices.ContainsFunc(schemes, func(known string) bool { return strings.EqualFold(known, word) })
}

// shownScheme is the scheme of a credential; what is none may be the secret itself.
func shownScheme(word string) string {
	if isScheme(word) {
		return word
	}
	return "something else"
}

// wants says what challenges ask for.
func wants(asked []Challenge, none string) string {
	if len(asked) == 0 {
		return none
	}
	var said []string
	for _, c := range asked {
		one := c.Scheme
		if c.Realm != "" {
			one += fmt.Sprintf(" for realm %q", c.Realm)
		}
		if !slices.Contains(said, one) {
			said = append(said, one)
		}
	}
	who := "the server wants "
	if asked[0].Proxy {
		who = "the proxy wants "
	}
	return who + strings.Join(said, " or ")
}

// noteError says what a challenge says about the credential (RFC 6750 section 3).
func (w *walk) noteError(c Challenge) {
	switch {
	case c.Error != "" && c.Description != "":
		w.say("the server says %s: %s", c.Error, c.Description)
	case c.Error != "":
		w.say("the server says %s", c.Error)
	}
	if c.Scope != "" {
		w.say("the server wants the scope %q", c.Scope)
	}
}

// noteLife says whether the token has expired, for that is the first that people ask.
func (w *walk) noteLife(sent string) {
	scheme, token, _ := strings.Cut(sent, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return
	}
	now, l := time.Now(), w.seen.proof.life
	if w.seen.proof.header.IsZero() {
		l = lifeOfToken(token)
	}
	switch {
	case l.ends.IsZero():
	case !now.Before(l.ends):
		w.say("the token expired %s ago", roughly(now.Sub(l.ends)))
	default:
		w.say("the token is valid until %s, so expiry is not why", moment(l.ends))
	}
	if l.begins.After(now) {
		w.say("the token is not valid before %s", moment(l.begins))
	}
	if proof := w.seen.proof; proof.from != "" {
		w.say("the access token was got from %s %s ago", proof.from, roughly(now.Sub(proof.got)))
	}
}

// moment is an instant for people.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// roughly is a length of time for people, in its largest unit.
func roughly(d time.Duration) string {
	const day = 24 * time.Hour
	switch d = max(0, d); {
	case d >= 2*day:
		return fmt.Sprintf("%d d", d/day)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}
