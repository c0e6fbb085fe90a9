package probe

import (
	"net/url"
	"strings"
)

// shortestMasked is the shortest part of a request that is masked where a target sends it
// back: shorter ones would be found everywhere.
const shortestMasked = 6

// harmless are request headers that are no secret, and that answers often repeat.
var harmless = []string{"accept", "user-agent", "content-type", "content-length", "cache-control", "host", "origin", "referer", "range", "if-", "connection"}

// mask takes what the request may have in secret out of what an attempt saw: a target may
// send anything back.
func (t *Target) mask(e *Evidence) {
	masker := strings.NewReplacer(t.secrets()...)
	e.AnsweredBy = masker.Replace(e.AnsweredBy)
	e.Error = masker.Replace(e.Error)
	for _, values := range e.Header {
		for i := range values {
			values[i] = masker.Replace(values[i])
		}
	}
	for i := range e.Challenges {
		e.Challenges[i] = e.Challenges[i].printable(masker)
	}
	for _, texts := range [][]string{e.Redirects, e.Notes} {
		for i := range texts {
			texts[i] = masker.Replace(texts[i])
		}
	}
}

// secrets are the texts to mask, each with what stands in its place.
func (t *Target) secrets() (pairs []string) {
	add := func(secret string) { pairs = append(pairs, masks(secret)...) }
	for name, value := range t.Header {
		if isHarmless(name) {
			continue
		}
		add(value.Reveal())
		for part := range strings.FieldsFuncSeq(value.Reveal(), func(r rune) bool { return strings.ContainsRune(" ;,=", r) }) {
			if !isScheme(part) {
				add(part)
			}
		}
	}
	for _, values := range t.URL.Query() {
		for _, value := range values {
			add(value)
		}
	}
	if password, ok := t.URL.User.Password(); ok {
		add(password)
	}
	add(t.Body.Reveal())
	if proxy := t.Transport.Proxy; proxy != nil {
		add(proxy.Password.Reveal())
		add(strings.TrimPrefix(proxy.credential(), "Basic "))
	}
	return append(pairs, masks(t.Auth.secrets()...)...)
}

// masks pairs secrets, in the forms in which they may come back, with what stands in
// their place.
func masks(secrets ...string) (pairs []string) {
	for _, secret := range secrets {
		for _, form := range [...]string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			if len(form) >= shortestMasked {
				pairs = append(pairs, form, "[redacted]")
			}
		}
	}
	return pairs
}

func isHarmless(name string) bool {
	name = strings.ToLower(name)
	for _, prefix := range harmless {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
