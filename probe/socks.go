package probe

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
)

// Numbers of RFC 1928 and RFC 1929.
const (
	socksVersion      = 5
	socksNoAuth       = 0
	socksPassword     = 2
	socksNoMethod     = 0xff
	socksPasswordForm = 1 // version of the subnegotiation
	socksConnectTo    = 1
	socksIPv4         = 1
	socksName         = 3
	socksIPv6         = 4
)

// socksReplies are what RFC 1928 section 6 lets a proxy answer.
var socksReplies = map[byte]struct {
	reason Reason
	what   string
}{
	1: {ConnectUnreachable, "general failure"},
	2: {Forbidden, "not allowed by its rules"},
	3: {ConnectUnreachable, "network unreachable"},
	4: {ConnectUnreachable, "host unreachable"},
	5: {ConnectRefused, "connection refused"},
	6: {ConnectUnreachable, "TTL expired"},
	7: {ProtocolError, "command not supported"},
	8: {ProtocolError, "address type not supported"},
}

// errSocks says that what a proxy sent is not SOCKS.
var errSocks = errors.New("what the proxy answered is not SOCKS 5")

// socksConnect asks a SOCKS 5 proxy for a way to an address. The name goes along, so
// that the proxy resolves it.
func socksConnect(conn net.Conn, p *Proxy, address string) error {
	refuse := func(reason Reason, what string) error {
		return &refusalError{proxy: p.String(), reason: reason, what: what}
	}
	hello := []byte{socksVersion, 1, socksNoAuth}
	if p.credential() != "" {
		hello = []byte{socksVersion, 2, socksNoAuth, socksPassword}
	}
	chosen, err := talk(conn, hello, 2)
	switch {
	case err != nil:
		return err
	case chosen[0] != socksVersion:
		return errSocks
	case chosen[1] == socksNoMethod:
		return refuse(Unauthenticated, "none of our ways to authenticate will do")
	case chosen[1] == socksPassword && len(hello) == 4:
		user, password := p.User.Reveal(), p.Password.Reveal()
		login := append([]byte{socksPasswordForm, byte(len(user))}, user...)
		login = append(append(login, byte(len(password))), password...)
		status, err := talk(conn, login, 2)
		switch {
		case err != nil:
			return err
		case status[1] != 0:
			return refuse(Unauthenticated, "user or password is wrong")
		}
	case chosen[1] != socksNoAuth:
		return errSocks
	}
	request, err := socksRequest(address)
	if err != nil {
		return err
	}
	reply, err := talk(conn, request, 4)
	switch {
	case err != nil:
		return err
	case reply[0] != socksVersion:
		return errSocks
	case reply[1] != 0:
		known, ok := socksReplies[reply[1]]
		if !ok {
			return refuse(ProtocolError, fmt.Sprintf("reply %d, which is none", reply[1]))
		}
		return refuse(known.reason, known.what)
	}
	return skipBound(conn, reply[3])
}

// talk sends a message and reads an answer of a length.
func talk(conn net.Conn, message []byte, length int) ([]byte, error) {
	if len(message) > 0 {
		if _, err := conn.Write(message); err != nil {
			return nil, err
		}
	}
	answer := make([]byte, length)
	_, err := io.ReadFull(conn, answer)
	return answer, err
}

// socksRequest asks to connect to an address (RFC 1928 section 4).
func socksRequest(address string) ([]byte, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, err
	}
	request := []byte{socksVersion, socksConnectTo, 0}
	literal, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		request = append(append(request, socksName, byte(min(len(host), maxName))), host[:min(len(host), maxName)]...)
	case literal.Unmap().Is4():
		request = append(append(request, socksIPv4), literal.Unmap().AsSlice()...)
	default:
		request = append(append(request, socksIPv6), literal.AsSlice()...)
	}
	return append(request, byte(number>>8), byte(number)), nil
}

// skipBound reads the address that the proxy uses itself, of which nothing is needed.
func skipBound(conn net.Conn, kind byte) error {
	length := 0
	switch kind {
	case socksIPv4:
		length = 4
	case socksIPv6:
		length = 16
	case socksName:
		size, err := talk(conn, nil, 1)
		if err != nil {
			return err
		}
		length = int(size[0])
	default:
		return errSocks
	}
	_, err := talk(conn, nil, length+2)
	return err
}
