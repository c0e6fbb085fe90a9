package probe

import (
	"context"
	"errors"
	"net"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"time"
)

// connect opens the connection to the target, and secures it for https.
func (x *exchange) connect(ctx context.Context, to *url.URL) (err error) {
	if proxy := x.target.Transport.Proxy; proxy != nil {
		err = x.connectThrough(ctx, proxy, to)
	} else {
		err = x.connectDirectly(ctx, to)
	}
	if err != nil || to.Scheme != "https" {
		return err
	}
	return x.handshake(ctx, to.Hostname())
}

func (x *exchange) connectDirectly(ctx context.Context, to *url.URL) (err error) {
	x.conn, err = x.dial(ctx, &x.guard, to.Hostname(), portOf(to))
	if err == nil {
		x.reached = addrOf(x.conn.RemoteAddr())
	}
	return err
}

// addrOf is the IP address of an address of the network.
func addrOf(a net.Addr) netip.Addr {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.AddrPort().Addr().Unmap()
	case *net.UDPAddr:
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// wrongFamilyError says that an address is not of the family that is asked for.
type wrongFamilyError struct {
	host   string
	family Family
}

func (e *wrongFamilyError) Error() string { return e.host + " has no " + e.family.Title() + " address" }

// fits reports whether an address belongs to a family.
func (f Family) fits(address netip.Addr) bool {
	switch f {
	case IPv4:
		return address.Unmap().Is4()
	case IPv6:
		return !address.Unmap().Is4()
	}
	return true
}

// dial resolves the name and connects, and times the two apart.
func (x *exchange) dial(ctx context.Context, g *guard, host, port string) (net.Conn, error) {
	family := x.target.Transport.Family
	dialer := net.Dialer{KeepAlive: -1, ControlContext: g.control}
	network, address := "tcp"+family.suffix(), net.JoinHostPort(host, port)
	if literal, err := netip.ParseAddr(host); err == nil {
		if !family.fits(literal) {
			return nil, &wrongFamilyError{host, family}
		}
		x.at = connecting
		since := time.Now()
		conn, err := dialer.DialContext(ctx, network, address)
		x.timings.Connect += time.Since(since)
		return conn, err
	}
	var conn net.Conn
	err := x.resolve(ctx, func(resolver *net.Resolver) (err error) {
		since := time.Now()
		dialer.Resolver = resolver
		ctx := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{DNSDone: func(done httptrace.DNSDoneInfo) {
			x.timings.DNS += time.Since(since)
			if done.Err == nil {
				x.at = connecting
				since = time.Now()
			}
		}})
		conn, err = dialer.DialContext(ctx, network, address)
		if x.at == connecting {
			x.timings.Connect += time.Since(since)
		}
		return err
	})
	return conn, ofFamily(err, host, family)
}

// ofFamily is an error of dialing, put right where a name has addresses and none of the
// family: a file of hosts answers with all that it has.
func ofFamily(err error, host string, family Family) error {
	if _, found := errors.AsType[*net.AddrError](err); found && family != AnyFamily {
		return &wrongFamilyError{host, family}
	}
	return err
}
