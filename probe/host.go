package probe

import (
	"net"
	"net/url"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// wired returns the address as it goes over the wire: an international host name in
// its ASCII form (RFC 5891). A name that has none stays as it is, and is not found.
func wired(u *url.URL) *url.URL {
	if isASCII(u.Host) {
		return u
	}
	name, err := idna.Lookup.ToASCII(u.Hostname())
	if err != nil {
		return u
	}
	to := *u
	to.Host = name
	if port := u.Port(); port != "" {
		to.Host = net.JoinHostPort(name, port)
	}
	return &to
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
