package configs

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"sonde/probe"
	"sonde/text"
)

// transport is how a target is reached.
type transport struct {
	probe.Transport
	proxyWritten string // unresolved; what the request's hash is made of
}

// transportKeys are the keys about how a target is reached.
var transportKeys = keys[transport]{
	"protocol":       func(d *decoder, v value, t *transport) { d.looseWord(v, &t.Protocol) },
	"family":         func(d *decoder, v value, t *transport) { d.word(v, &t.Family) },
	"proxy":          func(d *decoder, v value, t *transport) { d.proxy(v, t) },
	"resolver":       func(d *decoder, v value, t *transport) { t.Resolvers = d.resolvers(v) },
	"server_name":    func(d *decoder, v value, t *transport) { d.serverName(v, &t.ServerName) },
	"min_tls":        func(d *decoder, v value, t *transport) { d.minTLS(v, &t.MinTLS) },
	"insecure":       func(d *decoder, v value, t *transport) { d.boolean(v, &t.Insecure) },
	"allow_networks": func(d *decoder, v value, t *transport) { t.AllowNetworks = d.networks(v) },
	"max_body":       func(d *decoder, v value, t *transport) { d.maxBody(v, &t.MaxBody) },
}

// withTransport adds the keys about transport to those of settings.
func withTransport(own keys[settings]) keys[settings] {
	for key, read := range transportKeys {
		own[key] = func(d *decoder, v value, s *settings) { read(d, v, &s.transport) }
	}
	return own
}

// looseWord reads one of a closed set of words, some of which look like numbers.
func (d *decoder) looseWord(v value, into interface{ UnmarshalText([]byte) error }) {
	s, ok := d.loose(v)
	if !ok {
		return
	}
	if err := into.UnmarshalText([]byte(s)); err != nil {
		d.fail(v, "%v", err)
	}
}

// proxy reads the address of a proxy; empty for none. References may stand before the @,
// or be the whole.
func (d *decoder) proxy(v value, into *transport) {
	written, ok := d.raw(v)
	if !ok {
		return
	}
	into.Proxy, into.proxyWritten = nil, ""
	if written == "" {
		return
	}
	content := hidden{value: text.NewSecret(written), final: true}
	if strings.ContainsAny(written, "@$") {
		escape := escapeUser
		if t, err := parseTemplate(written); err == nil && len(t.parts) > 0 && t.parts[len(t.parts)-1] == t.reference() {
			escape = func(s string) string { return s } // the reference is the whole, or there is nothing behind it to protect
		}
		if content, ok = d.secretText(v, written, escape); !ok {
			return
		}
	}
	into.proxyWritten = written
	resolved := content.value.Reveal()
	if !content.final {
		if resolved, ok = withoutReferences(content.template); !ok {
			return // nothing can be said before the secrets are there
		}
	}
	proxy, why := parseProxy(resolved)
	if why != "" {
		d.fail(v, "%s", why)
		return
	}
	if !proxy.Password.IsZero() {
		d.warnInline(v, content, proxy.Password.Reveal())
	}
	into.Proxy = proxy
}

// escapeUser makes a text part of what stands before the @ of an address.
func escapeUser(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// withoutReferences is a template with something in the place of each reference; false
// if a reference is all there is.
func withoutReferences(t template) (string, bool) {
	var out strings.Builder
	for _, p := range t.parts {
		if p.scheme != "" {
			out.WriteString("reference")
		}
		out.WriteString(p.literal)
	}
	return out.String(), out.String() != "reference"
}

// mostUser is the longest user and password there may be (RFC 1929 section 2).
const mostUser = 255

// parseProxy reads the address of a proxy. Its complaint quotes nothing before the @.
func parseProxy(s string) (proxy *probe.Proxy, why string) {
	const like = "write one like http://proxy.example.com:3128 or socks5://127.0.0.1:1080"
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, "is no address of a proxy: check it for spaces, percent signs and the port; " + like
	case u.Scheme == "" || u.Opaque != "" || !slices.Contains([]string{"http", "https", "socks5"}, u.Scheme):
		return nil, "a proxy speaks http, https or socks5; " + like
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return nil, "the address of a proxy ends with its port; remove what stands behind; " + like
	}
	if why := hostFault(u); why != "" {
		return nil, why
	}
	proxy = &probe.Proxy{URL: &url.URL{Scheme: u.Scheme, Host: u.Host}}
	if u.User != nil {
		password, _ := u.User.Password()
		if len(u.User.Username()) > mostUser || len(password) > mostUser {
			return nil, "user and password of a proxy have at most 255 characters each; shorten them"
		}
		if user := u.User.Username(); user != "" {
			proxy.User = text.NewSecret(user)
		}
		if password != "" {
			proxy.Password = text.NewSecret(password)
		}
	}
	return proxy, ""
}

// dnsPort is the port of a name server (RFC 1035 section 4.2).
const dnsPort = 53

// resolvers reads the addresses of name servers.
func (d *decoder) resolvers(v value) []netip.AddrPort {
	return distinct(d, v, func(s string) (server netip.AddrPort, why string) {
		server, err := netip.ParseAddrPort(s)
		if address, plain := netip.ParseAddr(s); err != nil && plain == nil {
			server, err = netip.AddrPortFrom(address, dnsPort), nil
		}
		if err != nil || server.Port() == 0 {
			return server, quote(s) + " is no address of a name server; write an IP address such as 10.0.0.53, with its port if that is not 53: 10.0.0.53:5353 or \"[::1]:5353\""
		}
		return server, ""
	})
}

func (d *decoder) serverName(v value, into *string) {
	var s string
	if d.filled(v, &s); s == "" {
		return
	}
	if _, err := netip.ParseAddr(s); err == nil { // RFC 6066 section 3
		d.fail(v, "%s is an address, and a server name is none; write a host name, or remove the key", quote(s))
		return
	}
	if err := probe.CheckHost(s); err != nil {
		d.fail(v, "%v", err)
		return
	}
	*into = s
}

// tlsVersions are the versions of TLS there are, by what people call them.
var tlsVersions = map[string]uint16{"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

func (d *decoder) minTLS(v value, into *uint16) {
	s, ok := d.loose(v)
	if !ok {
		return
	}
	version, known := tlsVersions[s]
	switch {
	case !known:
		d.fail(v, "%s is no version of TLS; use one of 1.0, 1.1, 1.2, 1.3", quote(s))
		return
	case version < tls.VersionTLS12:
		d.warn(v, "TLS %s can be broken (RFC 8996); use 1.2 as soon as the server can", s)
	}
	*into = version
}

// networks reads networks that a redirect may lead into.
func (d *decoder) networks(v value) []netip.Prefix {
	all := distinct(d, v, func(s string) (prefix netip.Prefix, why string) {
		prefix, err := netip.ParsePrefix(s)
		if address, single := netip.ParseAddr(s); err != nil && single == nil && address.Zone() == "" {
			prefix, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		if err != nil {
			return prefix, quote(s) + " is no network; write one like 10.0.0.0/8 or fd00::/8"
		}
		if prefix != prefix.Masked() {
			return prefix, fmt.Sprintf("%s has bits behind its prefix; write %s", quote(s), prefix.Masked())
		}
		if err := probe.CheckNetwork(prefix); err != nil {
			return prefix, err.Error() + ", and never asked; remove it"
		}
		return prefix, ""
	})
	if slices.ContainsFunc(all, func(p netip.Prefix) bool { return p.Bits() == 0 }) {
		d.warn(v, "this lets a redirect from a public address lead into every private network; name the networks that are meant, such as 10.0.0.0/8")
	}
	return all
}

// maxBody reads how much of a body is read.
func (d *decoder) maxBody(v value, into *int64) {
	s, ok := d.loose(v)
	if !ok {
		return
	}
	n, err := ParseSize(s)
	switch {
	case err != nil:
		d.fail(v, "%v", err)
	case n > probe.MostBody:
		d.fail(v, "%s is more than is ever read of a body; use at most 16MiB", quote(s))
	case n < 1:
		d.fail(v, "%s reads nothing of a body; use at least 1, and 1MiB if nothing speaks against it", quote(s))
	default:
		*into = n
	}
}

// checkSize checks that a size that is expected can be seen.
func (d *decoder) checkSize(s *spec) {
	read := s.transport.MaxBody
	if read == 0 {
		read = probe.UsualBody
	}
	if size := s.expect.Size; size.Min > read || size.Bounded && size.Max > read {
		d.fail(d.nearestPlace(s, "expect", "max_body"), "size goes beyond the %d bytes that are read of a body; raise max_body, to 16MiB at the most, or lower size", read)
	}
}

// checkTransport checks what the keys about transport mean together.
func (d *decoder) checkTransport(s *spec) {
	t, u := &s.transport, s.address.url
	d.checkSize(s)
	if v, ok := d.where(s, "proxy"); ok && t.proxyWritten != "" {
		if t.Protocol == probe.HTTP3 {
			d.fail(v, "HTTP/3 goes through no proxy; remove proxy, or write another protocol")
		}
		if t.Family != probe.AnyFamily {
			d.fail(v, "a proxy chooses the address itself, so family %s cannot hold; remove one of them", t.Family)
		}
	}
	if u == nil {
		return
	}
	if v := d.nearestPlace(s, "protocol"); t.Protocol == probe.HTTP3 && u.Scheme == "http" {
		d.fail(v, "HTTP/3 is spoken over TLS only; write https:// in url, or another protocol")
	}
	if literal, err := netip.ParseAddr(u.Hostname()); err == nil {
		d.checkLiteral(s, literal)
	}
	d.warnTransport(s)
}

// checkLiteral checks an address that stands in a url.
func (d *decoder) checkLiteral(s *spec, literal netip.Addr) {
	family := s.transport.Family
	if four := literal.Unmap().Is4(); family == probe.BothFamilies || family == probe.IPv4 && !four || family == probe.IPv6 && four {
		d.fail(d.nearestPlace(s, "family"), "url names the address %s, so family %s cannot hold; write a name in url, or remove family", literal, family)
	}
	if err := probe.CheckAddress(literal); err != nil {
		d.warn(s.found.of("url"), "%v, and never asked: every result will be address_blocked; configure another address", err)
	}
}

// warnTransport warns of what is valid but weak, or without effect.
func (d *decoder) warnTransport(s *spec) {
	t, u := &s.transport, s.address.url
	plain := u.Scheme == "http" && s.redirects == 0 // no certificate is ever seen
	if v, ok := d.where(s, "insecure"); ok && t.Insecure && !plain {
		d.warn(v, "certificates are not verified, so anybody on the way can answer; this probe is shown as unverified everywhere")
	}
	if v, ok := d.where(s, "family"); ok && t.Family == probe.BothFamilies && !s.repeatable() {
		d.warn(v, "family both sends every %s twice, once over each family; use GET, or write idempotent: true if that does no harm", s.method)
	}
	if u.Scheme != "http" {
		return
	}
	for _, key := range []string{"server_name", "min_tls", "insecure"} {
		if v, own := s.found.get(key); own && (key == "server_name" || plain) {
			d.warn(v, "there is no TLS in http://, so this has no effect; write https:// in url, or remove the key")
		}
	}
}

// repeatable reports whether a request may be sent more than once.
func (s *spec) repeatable() bool {
	return (&probe.Target{Method: s.method, Idempotent: s.idempotent}).Repeatable()
}

// hashed are the parts of the transport that make a request another one, as the file
// says them; none for the usual transport.
func (t *transport) hashed() (parts []string) {
	if t.Protocol != probe.AnyProtocol {
		parts = append(parts, "protocol", t.Protocol.String())
	}
	if t.proxyWritten != "" {
		parts = append(parts, "proxy", t.proxyWritten)
	}
	if t.ServerName != "" {
		parts = append(parts, "server_name", t.ServerName)
	}
	return parts
}
