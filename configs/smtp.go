package configs

import (
	"cmp"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strings"

	"sonde/probe"
	"sonde/text"
)

// MailDestination is a list of people who get mail.
type MailDestination struct {
	Host     string // and port
	TLS      string // starttls, tls, none
	From     *mail.Address
	To       []*mail.Address // at least one
	User     text.Secret     // zero: nobody in particular sends
	Password text.Secret
	Roots    *probe.Roots // authorities of the server; nil: the system's
	Language probe.Language
}

// The ways to encrypt, and their usual ports.
const (
	startTLS    = "starttls"
	implicitTLS = "tls"
	noTLS       = "none"
)

var smtpPorts = map[string]string{startTLS: "587", implicitTLS: "465", noTLS: "25"}

// maxRecipients is what every server takes at once (RFC 5321 section 4.5.3.1.8).
const maxRecipients = 100

var smtpKeys = keys[smtp]{
	"host":     func(d *decoder, v value, s *smtp) { d.filled(v, &s.host) },
	"from":     func(d *decoder, v value, s *smtp) { s.from = d.mailbox(v) },
	"to":       func(d *decoder, v value, s *smtp) { s.to = d.mailboxes(v) },
	"user":     func(d *decoder, v value, s *smtp) { s.user, _ = d.secret(v) },
	"password": func(d *decoder, v value, s *smtp) { s.password, _ = d.secret(v) },
	"tls":      func(d *decoder, v value, s *smtp) { d.oneOf(v, &s.tls, startTLS, implicitTLS, noTLS) },
	"ca":       func(d *decoder, v value, s *smtp) { s.roots = d.roots(d.filePath(v)) },
	"language": func(d *decoder, v value, s *smtp) { d.word(v, &s.language) },
}

// smtp is what the file says, before it is made of one piece.
type smtp struct {
	host, tls      string
	from           *mail.Address
	to             []*mail.Address
	user, password hidden
	roots          *probe.Roots
	language       probe.Language
}

// smtp reads who gets mail, and from where; nil if it has a problem.
func (d *decoder) smtp(v value) *MailDestination {
	read := smtp{tls: startTLS}
	before := len(d.problems)
	found := object(d, v, smtpKeys, &read)
	if len(d.problems) == before {
		for _, key := range []string{"host", "from", "to"} {
			if _, ok := found[key]; !ok {
				d.fail(v, "needs %s; add %s:", key, key)
			}
		}
	}
	if len(d.problems) > before {
		return nil
	}
	host := d.mailServer(found["host"], read)
	d.checkLogin(v, found, read)
	if len(d.problems) > before {
		return nil
	}
	return &MailDestination{
		Host: host, TLS: read.tls, From: read.from, To: read.to, User: read.user.value, Password: read.password.value,
		Roots: read.roots, Language: read.language,
	}
}

// mailServer is the host with its port.
func (d *decoder) mailServer(v value, s smtp) string {
	host, port, err := net.SplitHostPort(s.host)
	if err != nil {
		host, port = s.host, smtpPorts[s.tls]
		if inner, ok := strings.CutPrefix(host, "["); ok && strings.HasSuffix(inner, "]") {
			host = strings.TrimSuffix(inner, "]")
		}
	}
	address := net.JoinHostPort(host, port)
	switch why := cmp.Or(portFault(port), hostFault(&url.URL{Host: address})); {
	case host == "" || strings.ContainsAny(s.host, "/@ ") || strings.ContainsAny(host, "[]"):
		d.fail(v, "%s is no host:port; write one like mail.example.com:587", quote(s.host))
	case why != "":
		d.fail(v, "%s", why)
	case port == "0":
		d.fail(v, "the port \"0\" does not exist; use one from 1 to 65535")
	case port == smtpPorts[implicitTLS] && s.tls == startTLS:
		d.warn(v, "port 465 speaks TLS from the first byte on (RFC 8314); write tls: tls, or use port 587")
	case s.tls == noTLS && !loopback(host):
		d.warn(v, "with tls: none everyone on the way can read and change the mail; write tls: starttls")
	}
	return address
}

// checkLogin checks that user and password belong together, and do not travel in clear.
func (d *decoder) checkLogin(v value, found map[string]value, s smtp) {
	user, named := found["user"]
	password, given := found["password"]
	switch {
	case named && !given:
		d.fail(v, "a user needs a password; add password:, or remove user")
	case given && !named:
		d.fail(v, "a password needs a user; add user:, or remove password")
	case named && s.tls == noTLS:
		d.fail(user, "with tls: none the password would travel unencrypted; write tls: starttls or tls, or remove user and password")
	case given:
		d.warnInline(password, s.password, s.password.value.Reveal())
	}
	for _, field := range []struct {
		value value
		text  hidden
		set   bool
	}{{user, s.user, named}, {password, s.password, given}} {
		switch written := field.text.value.Reveal(); {
		case !field.set || !field.text.final:
		case written == "":
			d.fail(field.value, "is empty; give it a value")
		case strings.ContainsAny(written, "\x00\r\n"):
			d.fail(field.value, "holds a line break or another control character; check where it comes from")
		}
	}
}

// mailboxes reads one address of mail or several.
func (d *decoder) mailboxes(v value) (all []*mail.Address) {
	items := d.oneOrList(v)
	switch {
	case len(items) == 0:
		d.fail(v, "names nobody; list at least one address")
	case len(items) > maxRecipients:
		d.fail(v, "names more than %d people; use the address of a mailing list", maxRecipients)
		return nil
	}
	for _, item := range items {
		read := d.mailbox(item)
		switch {
		case read == nil:
		case slices.ContainsFunc(all, func(other *mail.Address) bool { return strings.EqualFold(other.Address, read.Address) }):
			d.fail(item, "%s is listed twice; remove one", quote(read.Address))
		default:
			all = append(all, read)
		}
	}
	return all
}

// mailbox reads an address such as ann@example.com or "Ann <ann@example.com>"; nil if it is none.
func (d *decoder) mailbox(v value) *mail.Address {
	s, ok := d.text(v)
	if !ok {
		return nil
	}
	address, why := parseMailbox(s)
	if why != "" {
		d.fail(v, "%s", why)
		return nil
	}
	return address
}

func parseMailbox(s string) (address *mail.Address, why string) {
	address, err := mail.ParseAddress(s)
	if err != nil {
		return nil, fmt.Sprintf("%s is no address of mail; write one like ann@example.com or \"Ann <ann@example.com>\"", quote(s))
	}
	if strings.ContainsFunc(address.Address, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, fmt.Sprintf("the address %s holds more than ASCII, which not every server takes; write its domain in the form xn--…", quote(address.Address))
	}
	if strings.ContainsFunc(address.Name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return nil, "the name before the address holds a control character; remove it"
	}
	return address, ""
}
