package probe

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"

	"sonde/text"
)

// shortestMasked is the shortest part of a request that is masked where a target sends it
// back: shorter ones would be found everywhere.
const shortestMasked = 6

// harmless are request headers that are no secret, and that answers often repeat.
var harmless = []string{"accept", "user-agent", "content-type", "content-length", "cache-control", "host", "origin", "referer", "range", "if-", "connection", "traceparent"}

// masker takes out of texts what a request may have in secret. It is made anew for every attempt
// that is not good, because credentials change; so it does no more than it must until a secret is met.
type masker struct {
	forms    []string          // the longest first
	replacer *strings.Replacer // nil until there is something to replace
}

// masker knows the secrets of a target, each in the forms in which it may come back.
func (t *Target) masker() *masker { return newMasker(t.secrets()) }

func newMasker(secrets []string) *masker {
	m := &masker{}
	seen := map[string]bool{}
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		for _, form := range formsOf(secret) {
			if len(form) >= shortestMasked && !seen[form] {
				seen[form] = true
				m.forms = append(m.forms, form)
			}
		}
	}
	slices.SortFunc(m.forms, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return m
}

// formsOf are the ways in which a text is written into answers: as it is, escaped for an
// address, for JSON or for HTML, and made printable.
func formsOf(secret string) []string {
	if unreserved(secret) {
		return []string{secret}
	}
	forms := []string{
		secret, strings.TrimSpace(secret), url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret),
		text.Printable(secret, 6*len(secret)),
	}
	if quoted, err := json.Marshal(secret); err == nil {
		escaped := string(quoted[1 : len(quoted)-1])
		forms = append(forms, escaped, plainMarks.Replace(escaped))
	}
	return forms
}

// plainMarks undoes what encoding/json escapes and others do not.
var plainMarks = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&")

// unreserved reports whether a text is written in the same way everywhere (RFC 3986 section 2.3).
func unreserved(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '.' || r == '_' || r == '~')
	}) < 0
}

func (m *masker) replace(s string) string {
	if !slices.ContainsFunc(m.forms, func(form string) bool { return strings.Contains(s, form) }) {
		return s
	}
	if m.replacer == nil {
		pairs := make([]string, 0, 2*len(m.forms))
		for _, form := range m.forms {
			pairs = append(pairs, form, "[redacted]")
		}
		m.replacer = strings.NewReplacer(pairs...)
	}
	return m.replacer.Replace(s)
}

// withoutBegun leaves out the beginning of a secret at the end of a text that was cut, and
// with it any other secret that it overlaps, which nobody would recognise without its end.
func (m *masker) withoutBegun(s string) string {
	end := len(s)
	for _, form := range m.forms {
		for n := min(len(form), len(s)); n > 0; n-- {
			if strings.HasSuffix(s, form[:n]) {
				end = min(end, len(s)-n)
				break
			}
		}
	}
	for i := 0; i < len(m.forms); i++ {
		form := m.forms[i]
		from := max(0, end-len(form)+1)
		if at := strings.Index(s[from:min(len(s), end+len(form)-1)], form); at >= 0 && from+at < end {
			end, i = from+at, -1 // what it overlaps is looked for anew
		}
	}
	return s[:end]
}

// shortened masks a text that was cut wherever it has an ellipsis.
func (m *masker) shortened(s string) string {
	const cutHere = "…"
	if !strings.Contains(s, cutHere) {
		return m.replace(s)
	}
	parts := strings.Split(s, cutHere)
	last := len(parts) - 1
	for i, part := range parts[:last] {
		parts[i] = m.replace(m.withoutBegun(part))
	}
	parts[last] = m.replace(parts[last])
	return strings.Join(parts, cutHere)
}

// evidence masks what an attempt saw: a target may send anything back.
func (m *masker) evidence(e *Evidence) {
	for _, s := range []*string{&e.AnsweredBy, &e.Error, &e.StatusLine, &e.Gateway} {
		*s = m.shortened(*s)
	}
	for _, values := range e.Header {
		m.all(values)
	}
	for i := range e.Interim {
		m.all(e.Interim[i].Links)
	}
	for i := range e.Challenges {
		e.Challenges[i] = e.Challenges[i].printable(m)
	}
	if c := e.Certificate; c != nil {
		c.Subject, c.Issuer = m.shortened(c.Subject), m.shortened(c.Issuer)
		m.all(c.Names)
	}
	m.all(e.Redirects)
	m.all(e.Notes)
}

func (m *masker) all(texts []string) {
	for i := range texts {
		texts[i] = m.shortened(texts[i])
	}
}

// secrets are the texts to mask.
func (t *Target) secrets() (all []string) {
	for name, value := range t.Header {
		if !isHarmless(name) {
			all = append(all, headerSecrets(value.Reveal())...)
		}
	}
	if t.URL.RawQuery != "" {
		for _, values := range t.URL.Query() {
			all = append(all, values...)
		}
		all = append(all, t.URL.RawQuery)
	}
	if password, ok := t.URL.User.Password(); ok {
		user := t.URL.User.Username()
		all = append(all, password, base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	}
	if proxy := t.Transport.Proxy; proxy != nil {
		all = append(all, proxy.Password.Reveal(), strings.TrimPrefix(proxy.credential(), "Basic "))
	}
	return append(append(all, bodySecrets(t.Body.Reveal())...), t.Auth.secrets()...)
}

// headerSecrets are the value of a header, its parts, and what a basic credential holds.
func headerSecrets(value string) []string {
	all := []string{value}
	for part := range strings.FieldsFuncSeq(value, func(r rune) bool { return strings.ContainsRune(" ;,=", r) }) {
		if !isScheme(part) {
			all = append(all, part)
		}
	}
	if scheme, encoded, found := strings.Cut(value, " "); found && strings.EqualFold(scheme, "basic") {
		all = append(all, encoded)
		if decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded)); err == nil {
			_, password, _ := strings.Cut(string(decoded), ":")
			all = append(all, string(decoded), password)
		}
	}
	return all
}

const (
	maxTakenApart = 8 << 10  // bytes of a body that is taken apart
	maxLookedFor  = 64 << 10 // bytes of a body that are looked for; no answer shows more
)

// bodySecrets are a body and the texts in it, if it is JSON or a form.
func bodySecrets(body string) []string {
	all := []string{body[:min(len(body), maxLookedFor)]}
	if len(body) > maxTakenApart {
		return all
	}
	var document any
	if err := json.Unmarshal([]byte(body), &document); err == nil {
		return append(all, leaves(document)...)
	}
	if form, err := url.ParseQuery(body); err == nil && strings.Contains(body, "=") {
		for _, values := range form {
			all = append(all, values...)
		}
	}
	return all
}

// leaves are the texts in a JSON document.
func leaves(document any) (all []string) {
	switch document := document.(type) {
	case string:
		return []string{document}
	case []any:
		for _, element := range document {
			all = append(all, leaves(element)...)
		}
	case map[string]any:
		for _, element := range document {
			all = append(all, leaves(element)...)
		}
	}
	return all
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
