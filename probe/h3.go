package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// QUIC opens connections for HTTP/3. It is apart from this package because of the
// library that it needs; package probe/http3 has it.
type QUIC interface {
	// Dial makes a handshake with whom the packets go to. The head of an answer may take
	// most bytes. Errors are of the types of crypto/tls, net and syscall, or a [Failure].
	Dial(ctx context.Context, packets net.PacketConn, config *tls.Config, most int) (QUICConn, error)
}

// QUICConn is a connection that carries a request.
type QUICConn interface {
	http.RoundTripper
	ConnectionState() tls.ConnectionState
	Close() error
}

// Failure is an error whose reason is known where it arises.
type Failure struct {
	Reason Reason
	Err    error
}

func (f *Failure) Error() string { return f.Err.Error() }
func (f *Failure) Unwrap() error { return f.Err }

// maxAddresses is how many addresses of a name are tried.
const maxAddresses = 8

// beginHTTP3 connects over QUIC, sends the request and reads the head of the final answer.
func (x *exchange) beginHTTP3(ctx context.Context) error {
	if x.runner.QUIC == nil {
		panic("a runner without HTTP/3 has a target that needs it")
	}
	if err := x.connectHTTP3(ctx); err != nil {
		return err
	}
	x.at = waiting
	x.sent = time.Now()
	err := x.askHTTP3(ctx)
	if err != nil {
		x.timings.FirstByte = time.Since(x.sent)
		return x.packets.refusalOr(err)
	}
	x.timings.FirstByte = x.first.Sub(x.sent)
	return nil
}

// connectHTTP3 tries the addresses of the host in turn, until one has answered: all but
// the last have their share of the time.
func (x *exchange) connectHTTP3(ctx context.Context) error {
	to := x.request.URL
	port, err := strconv.ParseUint(portOf(to), 10, 16)
	if err != nil {
		return err
	}
	addresses, err := x.addresses(ctx, to.Hostname())
	if err != nil {
		return err
	}
	for i, address := range addresses {
		trying, cancel := context.WithDeadline(ctx, share(ctx, len(addresses)-i))
		err = x.shakeHTTP3(trying, to.Hostname(), netip.AddrPortFrom(address, uint16(port)))
		cancel()
		if err == nil || x.at == handshaking || ctx.Err() != nil {
			break
		}
	}
	return refusedProtocol(HTTP3, err)
}

// addresses are those of a host, in the order in which to try them.
func (x *exchange) addresses(ctx context.Context, host string) (all []netip.Addr, err error) {
	family := x.target.Transport.Family
	if literal, err := netip.ParseAddr(host); err == nil {
		if !family.fits(literal) {
			return nil, &wrongFamilyError{host, family}
		}
		return []netip.Addr{literal}, nil
	}
	since := time.Now()
	err = x.resolve(ctx, func(resolver *net.Resolver) (err error) {
		all, err = resolver.LookupNetIP(ctx, "ip"+family.suffix(), host)
		return err
	})
	x.timings.DNS += time.Since(since)
	return all[:min(len(all), maxAddresses)], err
}

// shakeHTTP3 makes a handshake with one address. The time until the first packet comes
// back is that of connecting, the rest that of TLS.
func (x *exchange) shakeHTTP3(ctx context.Context, host string, to netip.AddrPort) error {
	x.at = connecting
	since := time.Now()
	dialer := net.Dialer{ControlContext: x.guard.control}
	conn, err := dialer.DialContext(ctx, "udp", netip.AddrPortFrom(to.Addr().Unmap(), to.Port()).String())
	if err != nil {
		x.timings.Connect += time.Since(since)
		return err
	}
	x.conn = conn
	config := x.tlsConfig(host)
	config.MinVersion = tls.VersionTLS13 // RFC 9001 section 4.2
	packets := &packets{UDPConn: conn.(*net.UDPConn)}
	x.quic, err = x.runner.QUIC.Dial(ctx, packets, config, maxHead)
	until := time.Now()
	if heard := packets.firstHeard(); heard.IsZero() {
		x.timings.Connect += until.Sub(since)
	} else {
		x.at = handshaking
		x.timings.Connect += heard.Sub(since)
		x.timings.TLS += until.Sub(heard)
	}
	if err != nil {
		_ = conn.Close()
		return packets.refusalOr(err)
	}
	x.packets, x.reached = packets, to.Addr().Unmap()
	return nil
}

// askHTTP3 sends the request and waits for the head of the final answer.
func (x *exchange) askHTTP3(ctx context.Context) error {
	x.headLeft = maxHead
	for _, name := range hopHeaders { // RFC 9114 section 4.2
		x.request.Header.Del(name)
	}
	x.request.Close = false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got1xxResponse: x.gotInterim})
	answer, err := x.quic.RoundTrip(x.request.WithContext(ctx))
	if err != nil {
		return err
	}
	x.first = time.Now()
	x.answer = answer
	return nil
}

// closeHTTP3 ends the connection. It waits for nothing that the other side could delay.
func (x *exchange) closeHTTP3() {
	if x.answer != nil {
		_ = x.answer.Body.Close()
	}
	_ = x.quic.Close()
}

// packets are exchanged with one address. They remember when the first came, and what
// ICMP said: QUIC itself takes that for silence.
type packets struct {
	*net.UDPConn

	mu     sync.Mutex
	heard  time.Time
	refuse error
}

// ReadFrom reads a packet.
func (p *packets) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := p.UDPConn.Read(b)
	p.note(err, true)
	return n, p.UDPConn.RemoteAddr(), err
}

// WriteTo sends a packet to the one address there is.
func (p *packets) WriteTo(b []byte, _ net.Addr) (int, error) {
	n, err := p.UDPConn.Write(b)
	p.note(err, false)
	return n, err
}

func (p *packets) note(err error, came bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil && came && p.heard.IsZero() {
		p.heard = time.Now()
	}
	if _, system := errors.AsType[syscall.Errno](err); system && p.refuse == nil {
		p.refuse = err
	}
}

func (p *packets) firstHeard() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heard
}

// refusalOr is what the system said about the packets, or else err.
func (p *packets) refusalOr(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse != nil {
		return p.refuse
	}
	return err
}
