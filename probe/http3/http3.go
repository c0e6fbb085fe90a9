package http3

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"sonde/probe"
)

// Dialer opens connections. The zero Dialer is ready.
type Dialer struct{}

// patience is longer than any run: the context ends what takes too long.
const patience = time.Hour

// config is that of a connection for one request.
var config = quic.Config{
	HandshakeIdleTimeout: patience,
	MaxIdleTimeout:       patience,
	MaxIncomingStreams:   -1, // nobody asks us

	// What a server may send before it is read: more than a body is cut at would be waste.
	MaxStreamReceiveWindow:     1 << 20,
	MaxConnectionReceiveWindow: 3 << 19,

	DisablePathMTUDiscovery: true, // one request gains nothing from it
}

// Dial makes a handshake with whom the packets go to, and takes the packets over.
func (Dialer) Dial(ctx context.Context, packets net.PacketConn, secure *tls.Config, most int) (probe.QUICConn, error) {
	transport := &quic.Transport{Conn: plain{packets}}
	c, err := transport.Dial(ctx, remote(packets), secure, &config)
	if err != nil {
		_ = transport.Close()
		return nil, explain(err)
	}
	h := http3.Transport{DisableCompression: true, MaxResponseHeaderBytes: most}
	return &conn{client: h.NewClientConn(c), quic: c, transport: transport, packets: packets}, nil
}

// remote is where the packets go.
func remote(packets net.PacketConn) net.Addr {
	if c, ok := packets.(net.Conn); ok {
		return c.RemoteAddr()
	}
	return packets.LocalAddr()
}

// plain hides what a connection of packets can do beyond sending and receiving. The
// buffers of the system are large enough for one answer.
type plain struct{ net.PacketConn }

// SetReadBuffer does nothing.
func (plain) SetReadBuffer(int) error { return nil }

// SetWriteBuffer does nothing.
func (plain) SetWriteBuffer(int) error { return nil }

// conn is a connection that carries one request.
type conn struct {
	client    *http3.ClientConn
	quic      *quic.Conn
	transport *quic.Transport
	packets   net.PacketConn
}

// RoundTrip sends a request and returns the head of its answer.
func (c *conn) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := c.client.RoundTrip(request)
	if err != nil {
		return nil, explain(err)
	}
	answer.Body = body{answer.Body}
	return answer, nil
}

// ConnectionState is what the handshake agreed on.
func (c *conn) ConnectionState() tls.ConnectionState { return c.quic.ConnectionState().TLS }

// Close says goodbye and waits for no answer.
func (c *conn) Close() error {
	return errors.Join(
		c.client.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), ""),
		c.transport.Close(),
		c.packets.Close(),
	)
}

// body explains the errors of reading.
type body struct {
	from interface {
		Read([]byte) (int, error)
		Close() error
	}
}

// Read reads a part of the body.
func (b body) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	return n, explain(err)
}

// Close ends reading.
func (b body) Close() error { return b.from.Close() }

// cryptoErrors is where the alerts of TLS begin among the errors of QUIC (RFC 9001
// section 4.8).
const cryptoErrors = 0x100

// explain makes an error of QUIC and HTTP/3 one that everybody knows.
func explain(err error) error {
	if err == nil {
		return nil
	}
	protocol := &probe.Failure{Reason: probe.ProtocolError, Err: err}
	if _, found := errors.AsType[*quic.StatelessResetError](err); found {
		return fmt.Errorf("%w: %w", err, syscall.ECONNRESET)
	}
	if _, found := errors.AsType[*quic.VersionNegotiationError](err); found {
		return protocol
	}
	if failure, found := errors.AsType[*quic.TransportError](err); found {
		switch {
		case failure.ErrorCode >= cryptoErrors && failure.ErrorCode < 2*cryptoErrors && failure.Remote:
			return fmt.Errorf("%w: %w", err, tls.AlertError(failure.ErrorCode-cryptoErrors))
		case failure.ErrorCode >= cryptoErrors && failure.ErrorCode < 2*cryptoErrors, failure.ErrorCode == quic.NoError:
			return err
		case failure.ErrorCode == quic.ConnectionRefused:
			return &probe.Failure{Reason: probe.ConnectRefused, Err: err}
		}
		return protocol
	}
	if failure, found := errors.AsType[*http3.Error](err); found {
		if failure.Remote && failure.ErrorCode == http3.ErrCodeNoError || !failure.Remote && failure.ErrorCode == http3.ErrCodeRequestCanceled {
			return err
		}
		return protocol
	}
	return err
}
