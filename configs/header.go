package configs

import (
	"errors"
	"net/http"
	"strings"

	"sonde/probe"
	"sonde/text"
)

// header is a header of the request.
type header struct {
	written string // unresolved; what the request's hash is made of
	value   text.Secret
	secret  bool         // its name says so, or it refers to one
	source  probe.Source // of the value
}

// framing are headers that HTTP itself needs right; written by hand they are
// ignored or harmful (RFC 9110 section 7.6.1, RFC 9112 section 6).
var framing = map[string]bool{
	"Content-Length": true, "Transfer-Encoding": true, "Connection": true, "Trailer": true, "Upgrade": true,
	"Keep-Alive": true, "Te": true, "Proxy-Connection": true,
}

// headers adds headers to those that are there. Names are case-insensitive.
func (d *decoder) headers(v value, into *map[string]header) {
	written := map[string]bool{}
	for _, e := range d.mapping(v) {
		name := http.CanonicalHeaderKey(e.key)
		content, ok := d.secret(e.value)
		switch {
		case !isToken(e.key):
			d.failAs(e.keyAt, e.value.path, "%s is no name for a header; use letters, digits and -", quote(e.key))
			continue
		case framing[name]:
			d.failAs(e.keyAt, e.value.path, "sonde sets %s itself; remove it", name)
			continue
		case written[name]:
			d.failAs(e.keyAt, e.value.path, "header %s is there already in other letters; remove one of them", name)
			continue
		}
		written[name] = true
		if !ok || !d.headerValue(e.value, content) {
			continue
		}
		if sensitive(name) {
			d.warnInline(e.value, content, credentialPart(content.value.Reveal()))
		}
		if *into == nil {
			*into = map[string]header{}
		}
		(*into)[name] = header{
			written: content.template.written, value: content.value, secret: sensitive(name) || content.template.refers(),
			source: d.source(content, plainly, headerForm),
		}
	}
}

// headerValue checks what a header may hold.
func (d *decoder) headerValue(v value, content hidden) bool {
	if _, err := headerForm(content.value.Reveal()); err != nil {
		d.fail(v, "the value %v", err)
		return false
	}
	return true
}

// headerForm is the value of a header (RFC 9110 section 5.5), or why a text is none.
func headerForm(s string) (text.Secret, error) {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return text.Secret{}, errors.New("holds a line break or another control character; remove it")
	}
	return text.NewSecret(s), nil
}

// anyForm takes any text.
func anyForm(s string) (text.Secret, error) { return text.NewSecret(s), nil }

// credentialPart is a credential without its scheme: "Bearer x" is "x".
func credentialPart(s string) string {
	if _, rest, found := strings.Cut(s, " "); found {
		return rest
	}
	return s
}

// sensitive reports whether a name says that its value is a secret.
func sensitive(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"authorization", "cookie", "token", "secret", "password", "passwd", "apikey", "api-key", "api_key", "access-key", "access_key"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// isToken reports whether a text is a token (RFC 9110 section 5.6.2).
func isToken(s string) bool {
	const others = "!#$%&'*+-.^_`|~"
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && !strings.ContainsRune(others, rune(c)) {
			return false
		}
	}
	return s != ""
}

// warnInline warns of a secret that stands in the file itself.
func (d *decoder) warnInline(v value, content hidden, secret string) {
	if !content.template.refers() && secret != "" {
		d.warn(v, "a secret stands in the file; put it elsewhere and write ${env:NAME}, ${file:PATH} or ${credential:NAME}")
	}
}
