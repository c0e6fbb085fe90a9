package probe

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"sonde/text"
)

// A HostError says why a host cannot be asked.
type HostError struct {
	Host     string
	Disguise bool // it looks like an address in a form that programs read differently
	why      string
}

func (e *HostError) Error() string {
	return fmt.Sprintf("the host %q %s", text.Printable(e.Host, maxHost), e.why)
}

// hostName is what a name may look like: RFC 952, RFC 1123 section 2.1, and the
// underscores that people use all the same.
var hostName = regexp.MustCompile(`^(?i)([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.?$`)

// maxHost is how much of a host is quoted.
const maxHost = 80

// maxName is the longest name there is (RFC 1035 section 2.3.4).
const maxName = 253

// CheckHost says why a host of a URL cannot be asked; nil if it can. A host is a name
// or an address in its usual form. What other programs take for an address written
// differently (2130706433, 0x7f.1, 017700000001, 127.1, full-width digits) is refused,
// for it names a machine to one of them and a name to another.
func CheckHost(host string) error {
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	refuse := func(disguise bool, why string) error { return &HostError{Host: host, Disguise: disguise, why: why} }
	name := host
	if !isASCII(host) {
		mapped, err := idna.Lookup.ToASCII(host)
		if err != nil || !utf8.ValidString(host) {
			return refuse(false, "is neither a name nor an address; check its spelling")
		}
		if _, err := netip.ParseAddr(strings.TrimSuffix(mapped, ".")); err == nil {
			return refuse(true, "is an address in letters that only look like it; write it like 192.0.2.1")
		}
		name = mapped
	}
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	last := labels[len(labels)-1]
	switch {
	case len(name) > maxName || !hostName.MatchString(name):
		return refuse(false, "is neither a name nor an address; check its spelling")
	// WHATWG URL section 3.5: a host that ends in a number is an IPv4 address or a mistake.
	case strings.Trim(last, "0123456789") == "" || strings.HasPrefix(strings.ToLower(last), "0x"):
		return refuse(true, "ends in a number but is no IPv4 address; write it like 192.0.2.1")
	}
	return nil
}

// wired returns the address as it goes over the wire: an international host name in
// its ASCII form (RFC 5891). A name that has none stays as it is, and is not found.
func wired(u *url.URL) *url.URL {
	if isASCII(u.Host) {
		return u
	}
	name := asciiHost(u.Hostname())
	if name == u.Hostname() {
		return u
	}
	to := *u
	to.Host = name
	if port := u.Port(); port != "" {
		to.Host = net.JoinHostPort(name, port)
	}
	return &to
}

// asciiHost is the ASCII form of a host; as it is if it has none.
func asciiHost(host string) string {
	if isASCII(host) {
		return host
	}
	name, err := idna.Lookup.ToASCII(host)
	if err != nil {
		return host
	}
	return name
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
