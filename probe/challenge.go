package probe

import (
	"net/http"
	"strings"

	"sonde/text"
)

// Challenge is what a server asks for where it refuses a credential (RFC 9110 section
// 11.6.1). What is empty was not said.
type Challenge struct {
	Proxy       bool   // a proxy asks, not the server
	Scheme      string // "Basic" (RFC 7617), "Bearer" (RFC 6750), ...
	Realm       string
	Error       string // RFC 6750 section 3.1: invalid_request, invalid_token, insufficient_scope
	Description string
	Scope       string // that the request needs
}

// maxChallenges is how many challenges of an answer are kept.
const maxChallenges = 8

// challenges reads the challenges of an answer to its credential.
func challenges(header http.Header, proxy bool) []Challenge {
	name := "Www-Authenticate"
	if proxy {
		name = "Proxy-Authenticate"
	}
	var all []Challenge
	for _, field := range header[name] {
		all = parseChallenges(all, field)
	}
	for i := range all {
		all[i].Proxy = proxy
	}
	return all
}

// parseChallenges adds the challenges of a field value. Commas separate challenges as
// well as their parameters: what is followed by "=" is a parameter, what is not is the
// next scheme. Whatever is malformed is passed over.
func parseChallenges(all []Challenge, field string) []Challenge {
	s := scanner{rest: field}
	for {
		s.skip(" \t,")
		name := s.token()
		switch {
		case s.rest == "" && name == "":
			return all
		case name == "": // no token begins here
			s.pass()
		case s.assigns():
			value := s.value()
			if len(all) > 0 {
				all[len(all)-1].set(name, value)
			}
		case len(all) == maxChallenges:
			return all
		default:
			all = append(all, Challenge{Scheme: name})
			s.credentials()
		}
	}
}

// set keeps a parameter that people can use. The first of a name counts.
func (c *Challenge) set(name, value string) {
	for _, known := range []struct {
		name string
		into *string
	}{{"realm", &c.Realm}, {"error", &c.Error}, {"error_description", &c.Description}, {"scope", &c.Scope}} {
		if strings.EqualFold(name, known.name) && *known.into == "" {
			*known.into = value
		}
	}
}

// printable returns the challenge with its texts made safe to show; m takes out
// what is secret before anything is cut.
func (c Challenge) printable(m *masker) Challenge {
	for _, s := range []*string{&c.Scheme, &c.Realm, &c.Error, &c.Description, &c.Scope} {
		*s = text.Printable(m.replace(*s), maxText)
	}
	return c
}

// scanner reads a field value from left to right.
type scanner struct{ rest string }

// skip passes over any of some characters.
func (s *scanner) skip(any string) { s.rest = strings.TrimLeft(s.rest, any) }

// pass passes over one character, or over a whole quoted string.
func (s *scanner) pass() {
	if s.rest[0] == '"' {
		s.quoted()
		return
	}
	s.rest = s.rest[1:]
}

// token reads a token (RFC 9110 section 5.6.2); empty if none begins here.
func (s *scanner) token() string {
	end := 0
	for end < len(s.rest) && isTokenByte(s.rest[end]) {
		end++
	}
	token := s.rest[:end]
	s.rest = s.rest[end:]
	return token
}

// assigns passes over a "=" with the space around it that one must tolerate, and
// reports whether there was one.
func (s *scanner) assigns() bool {
	after, found := strings.CutPrefix(strings.TrimLeft(s.rest, " \t"), "=")
	if found {
		s.rest = strings.TrimLeft(after, " \t")
	}
	return found
}

// value reads a token or a quoted string.
func (s *scanner) value() string {
	if strings.HasPrefix(s.rest, `"`) {
		return s.quoted()
	}
	end := strings.IndexAny(s.rest, " \t,")
	if end < 0 {
		end = len(s.rest)
	}
	value := s.rest[:end]
	s.rest = s.rest[end:]
	return value
}

// quoted reads a quoted string (RFC 9110 section 5.6.4). One that does not end, ends
// with the field.
func (s *scanner) quoted() string {
	var out strings.Builder
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			s.rest = s.rest[i+1:]
			return out.String()
		case c == '\\' && i+1 < len(s.rest):
			i++
			out.WriteByte(s.rest[i])
		default:
			out.WriteByte(c)
		}
	}
	s.rest = ""
	return out.String()
}

// credentials passes over the token68 that may follow a scheme (RFC 9110 section
// 11.2): it is for programs.
func (s *scanner) credentials() {
	rest := strings.TrimLeft(s.rest, " ")
	end := 0
	for end < len(rest) && (isTokenByte(rest[end]) || rest[end] == '/') {
		end++
	}
	after := strings.TrimLeft(rest[end:], "=")
	if ends := strings.TrimLeft(after, " \t"); end > 0 && (ends == "" || ends[0] == ',') {
		s.rest = after
	}
}

func isTokenByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
