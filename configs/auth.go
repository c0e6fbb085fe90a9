package configs

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
	"sonde/probe"
)

// auth is how a probe proves who asks, made of what the file says.
type auth struct {
	credential *probe.Credential
	identity   *probe.Identity
	roots      *probe.Roots // of mtls
	mutual     bool         // a client certificate is shown
	written    []string     // unresolved; what the request's hash is made of
}

// authSpec is what stands in an auth mapping.
type authSpec struct {
	user, password secret // of basic
	bearer         secret
	oauth2         oauth2Spec
	mtls           mtlsSpec
}

type oauth2Spec struct {
	tokenURL   *url.URL
	id, secret secret
	scopes     []string
	audience   string
	style      string
	written    string // of the token_url
}

type mtlsSpec struct{ cert, key, ca filePath }

var authKeys = keys[authSpec]{
	"basic":  func(d *decoder, v value, a *authSpec) { complete(d, v, basicKeys, a, "user", "password") },
	"bearer": func(d *decoder, v value, a *authSpec) { a.bearer = d.token(v) },
	"oauth2": func(d *decoder, v value, a *authSpec) {
		complete(d, v, oauth2Keys, &a.oauth2, "token_url", "client_id", "client_secret")
	},
	"mtls": func(d *decoder, v value, a *authSpec) { complete(d, v, mtlsKeys, &a.mtls, "cert", "key") },
}

var basicKeys = keys[authSpec]{
	"user":     func(d *decoder, v value, a *authSpec) { a.user = d.userName(v) },
	"password": func(d *decoder, v value, a *authSpec) { a.password = d.watched(v, true, nil) },
}

var oauth2Keys = keys[oauth2Spec]{
	"token_url":     func(d *decoder, v value, o *oauth2Spec) { d.tokenURL(v, o) },
	"client_id":     func(d *decoder, v value, o *oauth2Spec) { o.id = d.watched(v, false, nil) },
	"client_secret": func(d *decoder, v value, o *oauth2Spec) { o.secret = d.watched(v, true, nil) },
	"scopes":        func(d *decoder, v value, o *oauth2Spec) { o.scopes = d.scopes(v) },
	"audience":      func(d *decoder, v value, o *oauth2Spec) { d.filled(v, &o.audience) },
	"style":         func(d *decoder, v value, o *oauth2Spec) { d.oneOf(v, &o.style, "header", "params") },
}

var mtlsKeys = keys[mtlsSpec]{
	"cert": func(d *decoder, v value, m *mtlsSpec) { m.cert = d.filePath(v) },
	"key":  func(d *decoder, v value, m *mtlsSpec) { m.key = d.filePath(v) },
	"ca":   func(d *decoder, v value, m *mtlsSpec) { m.ca = d.filePath(v) },
}

// tlsKeys are the keys of a tls mapping.
var tlsKeys = keys[settings]{
	"ca": func(d *decoder, v value, s *settings) { s.ca = d.filePath(v) },
}

// tls reads how to trust a target.
func (d *decoder) tls(v value, s *settings) {
	if v.node.Kind == yaml.ScalarNode && v.node.ShortTag() == "!!str" {
		d.hide(v)
		d.fail(v, "must be a mapping, not a text; write tls: {ca: FILE} for the authorities in a file")
		return
	}
	object(d, v, tlsKeys, s)
	s.roots = d.roots(s.ca)
}

// complete reads a mapping that needs some of its keys.
func complete[T any](d *decoder, v value, table keys[T], into *T, needed ...string) {
	found := object(d, v, table, into)
	if v.node.Kind != yaml.MappingNode {
		return
	}
	for _, key := range needed {
		if _, ok := found[key]; !ok {
			d.fail(v, "needs %s; add %s:", key, key)
		}
	}
}

// auth reads how to prove who asks; nil if nobody in particular does.
func (d *decoder) auth(v value) *auth {
	if v.node.Kind == yaml.ScalarNode && v.node.Value == "none" {
		return nil
	}
	if v.node.Kind == yaml.ScalarNode {
		d.hide(v)
		d.fail(v, "must be a mapping with one of basic, bearer, oauth2 and mtls, or none")
		return nil
	}
	var spec authSpec
	before := len(d.problems)
	found := object(d, v, authKeys, &spec)
	var means []string
	for _, key := range []string{"basic", "bearer", "oauth2"} {
		if _, ok := found[key]; ok {
			means = append(means, key)
		}
	}
	_, mutual := found["mtls"]
	switch {
	case len(d.problems) > before:
		return nil
	case len(means) > 1:
		d.fail(v, "has %s, and a request can carry only one of them; keep one", strings.Join(means, " and "))
		return nil
	case len(means) == 0 && !mutual:
		d.fail(v, "says nothing; add one of basic, bearer, oauth2 and mtls, or write auth: none")
		return nil
	}
	a := &auth{mutual: mutual}
	if mutual {
		d.useIdentity(v, spec.mtls, a)
	}
	if len(means) == 1 {
		d.useCredential(means[0], &spec, a)
	}
	return a
}

// useCredential makes the credential, or takes the one that is made of the same: then
// its access token is shared, too.
func (d *decoder) useCredential(means string, spec *authSpec, a *auth) {
	o := &spec.oauth2
	written := []string{means}
	switch means {
	case "basic":
		written = append(written, spec.user.written, spec.password.written)
	case "bearer":
		written = append(written, spec.bearer.written)
	case "oauth2":
		written = append(written, o.written, o.id.written, o.secret.written, strings.Join(o.scopes, " "), o.audience, o.style)
	}
	a.written = append(a.written, written...)
	key := strings.Join(a.written, "\x00")
	if known, ok := d.credentials[key]; ok {
		a.credential = known
		return
	}
	switch means {
	case "basic":
		a.credential = probe.Basic(spec.user.source, spec.password.source)
	case "bearer":
		a.credential = probe.Bearer(spec.bearer.source)
	case "oauth2":
		a.credential = probe.ClientCredentials(probe.OAuth2{
			TokenURL: o.tokenURL, ID: o.id.source, Secret: o.secret.source, Scopes: o.scopes, Audience: o.audience,
			Params: o.style == "params",
		})
	}
	if d.credentials == nil {
		d.credentials = map[string]*probe.Credential{}
	}
	d.credentials[key] = a.credential
}

// useIdentity reads the client certificate, its key and the authorities.
func (d *decoder) useIdentity(v value, m mtlsSpec, a *auth) {
	a.written = append(a.written, "mtls", m.cert.written, m.key.written, m.ca.written)
	if m.cert.path == "" || m.key.path == "" {
		return
	}
	identity, err := probe.LoadIdentity(m.cert.path, m.key.path)
	if d.mayNotRead(err) {
		return
	}
	if err != nil {
		d.fail(m.cert.value, "certificate and key cannot be used: %v; name the PEM files of a certificate and of its key", pathless(err))
		return
	}
	if ends := identity.Ends(); !time.Now().Before(ends) {
		d.warn(m.cert.value, "the client certificate expired at %s; renew it", ends.UTC().Format(time.RFC3339))
	}
	a.identity = identity
	a.roots = d.roots(m.ca)
}

// roots reads the authorities that a target's certificate may come from; nil for the
// system's.
func (d *decoder) roots(ca filePath) *probe.Roots {
	if ca.path == "" {
		return nil
	}
	if known, ok := d.authorities[ca.path]; ok {
		return known
	}
	roots, err := probe.LoadRoots(ca.path)
	if d.mayNotRead(err) {
		return nil
	}
	if err != nil {
		d.fail(ca.value, "the authorities cannot be used: %v; name a PEM file of their certificates", pathless(err))
		return nil
	}
	if d.authorities == nil {
		d.authorities = map[string]*probe.Roots{}
	}
	d.authorities[ca.path] = roots
	return roots
}

// mayNotRead reports whether a file cannot be read by who only checks the configuration, which says
// nothing of the service.
func (d *decoder) mayNotRead(err error) bool {
	return d.secrets == nil && errors.Is(err, fs.ErrPermission)
}

func (d *decoder) tokenURL(v value, o *oauth2Spec) {
	var address string
	if d.webAddress(v, &address); address == "" {
		return
	}
	o.tokenURL, _ = parseAddress(address)
	o.written = address
	if o.tokenURL.Scheme == "http" && !loopback(o.tokenURL.Hostname()) {
		d.warn(v, "client_id and client_secret travel unencrypted to a token_url that is http; use https (RFC 6749 section 3.2)")
	}
}

// scopes reads a list of scopes, or a text in which spaces separate them.
func (d *decoder) scopes(v value) []string {
	var all []string
	for _, item := range d.oneOrList(v) {
		s, ok := d.text(item)
		if !ok {
			continue
		}
		for _, scope := range strings.Fields(s) {
			switch {
			// RFC 6749 section 3.3: scope-token.
			case strings.ContainsFunc(scope, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }):
				d.fail(item, "%s is no scope; scopes are printable ASCII without quotes and backslashes", quote(scope))
			case !slices.Contains(all, scope):
				all = append(all, scope)
			}
		}
	}
	return all
}

// oneOf reads one of a few words.
func (d *decoder) oneOf(v value, into *string, words ...string) {
	s, ok := d.text(v)
	switch {
	case !ok:
	case !slices.Contains(words, s):
		d.fail(v, "%s is none of %s", quote(s), strings.Join(words, ", "))
	default:
		*into = s
	}
}

// checkAuth checks what auth and the rest of a probe mean together.
func (d *decoder) checkAuth(s *spec) {
	if s.auth == nil || s.address.url == nil {
		return
	}
	v, ok := d.where(s, "auth")
	if !ok {
		return
	}
	plain := s.address.url.Scheme == "http"
	_, header := s.headers[http.CanonicalHeaderKey("authorization")]
	switch {
	case s.auth.credential != nil && header:
		d.fail(v, "there is an authorization header, too, and a request can carry only one; keep one of them, or write auth: none")
	case s.auth.credential != nil && s.address.url.User != nil:
		d.fail(v, "the address has a user, too, and a request can carry only one; keep one of them, or write auth: none")
	case s.auth.mutual && plain:
		d.fail(v, "a client certificate is shown over https only, and the address is http; write https, or remove mtls")
	case plain && !loopback(s.address.url.Hostname()):
		d.warn(v, "the credential travels unencrypted, because the address is http; use https")
	}
	if s.auth.roots != nil && s.ca.written != "" {
		d.fail(v, "mtls and tls both name a ca; keep one of them")
	}
}

// useAuth gives a target what proves who asks.
func (s *spec) useAuth(t *probe.Target) {
	t.Roots = s.roots
	if s.auth == nil {
		return
	}
	t.Auth = &probe.Auth{Credential: s.auth.credential, Identity: s.auth.identity}
	if s.auth.roots != nil {
		t.Roots = s.auth.roots
	}
}
