package probe

import (
	"crypto/tls"
	"fmt"
	"net/netip"
)

// Transport is how a target is reached. The zero Transport is the usual way: HTTP/2
// where the server prefers it, else HTTP/1.1, over the family of addresses that
// answers first, without a proxy, and with every certificate verified. Environment
// variables such as HTTPS_PROXY play no part.
type Transport struct {
	Protocol   Protocol
	Family     Family
	Proxy      *Proxy           // nil: none
	Resolvers  []netip.AddrPort // asked in turn for names; empty: the system's
	ServerName string           // for SNI and the name in the certificate; empty: the host of the URL
	MinTLS     uint16           // the oldest version that counts as an answer; 0: TLS 1.2
	Insecure   bool             // certificates are examined, but any will do

	// AllowNetworks are private networks into which a redirect from a public address
	// may lead. An address that the target itself names needs no permission, and some
	// addresses nothing permits: see [CheckAddress].
	AllowNetworks []netip.Prefix

	MaxBody int64 // bytes of a body that are read, decompressed; 0: 1 MiB; at most [MostBody]
}

const (
	// UsualBody is how much of a body is read where nothing else is said.
	UsualBody = 1 << 20
	// MostBody is the most that may be read of a body.
	MostBody = 16 << 20
)

// maxBody is how much of a body is read, after decompression.
func (t *Transport) maxBody() int64 {
	if t.MaxBody <= 0 {
		return UsualBody
	}
	return min(t.MaxBody, MostBody)
}

// minTLS is the oldest version of TLS that counts as an answer.
func (t *Transport) minTLS() uint16 {
	if t.MinTLS == 0 {
		return tls.VersionTLS12
	}
	return t.MinTLS
}

// Protocol is a version of HTTP that a target is asked with.
type Protocol uint8

// The protocols.
const (
	AnyProtocol Protocol = iota // what the server prefers of HTTP/2 and HTTP/1.1
	HTTP1                       // HTTP/1.1
	HTTP2                       // HTTP/2; over http:// without asking first (RFC 9113 section 3.3)
	HTTP3                       // HTTP/3 over QUIC (RFC 9114)
)

var protocolNames = []string{"any", "1.1", "2", "3"}

func (p Protocol) String() string { return spell(protocolNames, p) }

// MarshalText writes the protocol as in [Protocol.String].
func (p Protocol) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (p *Protocol) UnmarshalText(text []byte) (err error) {
	*p, err = read[Protocol](protocolNames, "protocol", text)
	return err
}

// offered are the protocols that are offered in a TLS handshake (RFC 7301).
func (p Protocol) offered() []string {
	switch p {
	case HTTP1:
		return []string{"http/1.1"}
	case HTTP2:
		return []string{"h2"}
	case HTTP3:
		return []string{"h3"}
	}
	return []string{"h2", "http/1.1"}
}

// Family is the family of addresses that a target is reached by.
type Family uint8

// The families.
const (
	AnyFamily    Family = iota // the one that answers first (RFC 8305)
	IPv4                       // IPv4 only
	IPv6                       // IPv6 only
	BothFamilies               // a verdict for each; good only if both are
)

var familyNames = []string{"any", "ip4", "ip6", "both"}

func (f Family) String() string { return spell(familyNames, f) }

// MarshalText writes the family as in [Family.String].
func (f Family) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (f *Family) UnmarshalText(text []byte) (err error) {
	*f, err = read[Family](familyNames, "family", text)
	return err
}

// suffix is what the family adds to the name of a network: "tcp4".
func (f Family) suffix() string {
	switch f {
	case IPv4:
		return "4"
	case IPv6:
		return "6"
	}
	return ""
}

// Title is the family as people write it: "IPv6".
func (f Family) Title() string {
	switch f {
	case IPv4:
		return "IPv4"
	case IPv6:
		return "IPv6"
	}
	return f.String()
}

// bytesInWords is a number of bytes as people write it.
func bytesInWords(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
