package probe

import (
	"bytes"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// maxForm is how much of a page is looked through for a form.
const maxForm = 256 << 10

// loginPath is what the paths of pages to log in look like.
var loginPath = regexp.MustCompile(`(?i)/(((wp-)?login|log[-_]in|sign[-_]?in)(\.[a-z]{3,4})?|sso|oauth2?(/[^/]+){0,2}/authorize|saml|auth)(/|$)`)

// leadsToLogin reports whether a redirect sends a stranger to a page to log in, by its path
// or by its host. A target that is itself such a page, or at such a host, may do so.
func (t *Target) leadsToLogin(at *url.URL, location string) bool {
	to, err := at.Parse(location)
	if err != nil {
		return false
	}
	return loginPath.MatchString(to.Path) && !loginPath.MatchString(t.URL.Path) || t.logsInAt(to) && !t.logsInAt(t.URL)
}

// logsInAt reports whether people log in at the host of an address.
func (t *Target) logsInAt(u *url.URL) bool {
	if len(t.LoginHosts) == 0 {
		return false
	}
	host := strings.TrimSuffix(asciiHost(u.Hostname()), ".")
	return slices.ContainsFunc(t.LoginHosts, func(known string) bool {
		return strings.EqualFold(strings.TrimSuffix(asciiHost(known), "."), host)
	})
}

// maybeLogin reports whether the answer may be a page to log in that stands where
// something else was asked for: HTML with a 2xx, where a credential was sent or something is
// expected that such a page does not have, or where people want to see all there is. Whoever asks
// for a login page gets what was asked for.
func (w *walk) maybeLogin() bool {
	t := w.target
	if ClassOf(w.seen.status) != ClassSuccess || t.Method == http.MethodHead || t.grants || loginPath.MatchString(t.URL.Path) {
		return false
	}
	kind, _, err := mime.ParseMediaType(w.seen.header.Get("Content-Type"))
	if err != nil || kind != "text/html" && kind != "application/xhtml+xml" {
		return false
	}
	return w.runner.Detail || t.bears() || t.refusesHTML() || t.Expect.content() || len(t.Expect.Header) > 0 || t.Expect.Status.onlyDenial()
}

// refusesHTML reports whether a request says what it accepts, and that no page is among it
// (RFC 9110 section 12.5.1).
func (t *Target) refusesHTML() bool {
	for name, value := range t.Header {
		if strings.EqualFold(name, "Accept") {
			accepted := strings.ToLower(value.Reveal())
			return accepted != "" && !strings.Contains(accepted, "html") && !strings.Contains(accepted, "*/*") && !strings.Contains(accepted, "text/*")
		}
	}
	return false
}

// content reports whether something is expected of what an answer says, beyond status
// and headers.
func (e *Expect) content() bool { return e.Body.needed() || e.JSON != nil }

// asksForPassword reports whether a page has a form to log in: one field for a password
// that is there already. A page to register or to change a password has several, or says that
// the password is a new one (HTML section 4.10.18.7).
func asksForPassword(page []byte) bool {
	tokens := html.NewTokenizer(bytes.NewReader(page[:min(len(page), maxForm)]))
	fields := 0
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return fields == 1
		case html.StartTagToken, html.SelfClosingTagToken:
			name, has := tokens.TagName()
			if string(name) != "input" || !has {
				continue
			}
			switch password, fresh := passwordField(tokens); {
			case fresh:
				return false
			case password:
				fields++
			}
		}
	}
}

// passwordField reads the attributes of an input.
func passwordField(tokens *html.Tokenizer) (password, fresh bool) {
	for more := true; more; {
		var name, value []byte
		name, value, more = tokens.TagAttr()
		switch string(name) {
		case "type":
			password = strings.EqualFold(strings.TrimSpace(string(value)), "password")
		case "autocomplete":
			fresh = strings.Contains(strings.ToLower(string(value)), "new-password")
		}
	}
	return password, password && fresh
}

// authorised is the verdict in which a page to log in is no answer: a 2xx with such a
// page in place of what was expected is a refused credential, and neither a broken target nor an
// open door.
func (t *Target) authorised(v Verdict, o *observation) Verdict {
	if !o.form {
		return t.warn(v, o)
	}
	instead := false
	switch v.Reason {
	case BodyMismatch, JSONMismatch, HeaderMismatch, AuthBypass:
		instead = true
	case UnexpectedStatus:
		instead = t.Expect.Status.onlyDenial()
	case OK, TooSlow, CertificateExpiring:
		instead = (t.bears() || t.refusesHTML()) && !t.Expect.content()
	}
	if !instead {
		if v.Outcome == Good && !t.Expect.content() {
			o.evidence.addNote("this looks like a page to log in; if that is not what you expected, say so with expect.body")
		}
		return t.warn(v, o)
	}
	o.evidence.addNote("what came is a page to log in: it has a field for a password")
	return judged(LoginRedirect, v.Status)
}
