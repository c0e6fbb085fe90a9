package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"sonde/text"
)

// Proxy is what a request goes through. It resolves the target's name, so that neither
// the resolver nor the family of addresses is ours to choose, and the guard of
// addresses sees only the proxy's own address and those that stand in a URL.
type Proxy struct {
	URL      *url.URL // http, https or socks5; a host and nothing behind it
	User     text.Secret
	Password text.Secret
}

// String is the proxy without its credential.
func (p *Proxy) String() string { return p.URL.Scheme + "://" + p.URL.Host }

// MarshalText writes the proxy without its credential.
func (p *Proxy) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// port is the proxy's port; 1080 is that of SOCKS (RFC 1928 section 3).
func (p *Proxy) port() string {
	if p.URL.Port() == "" && p.URL.Scheme == "socks5" {
		return "1080"
	}
	return portOf(p.URL)
}

// credential is the value of Proxy-Authorization (RFC 7617); empty if there is none.
func (p *Proxy) credential() string {
	if p.User.IsZero() && p.Password.IsZero() {
		return ""
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(p.User.Reveal()+":"+p.Password.Reveal()))
}

// proxyError says that the proxy itself could not be used: nothing is known of the target.
type proxyError struct {
	proxy string
	err   error
}

func (e *proxyError) Error() string {
	return "the proxy " + e.proxy + " cannot be reached: " + e.err.Error()
}
func (e *proxyError) Unwrap() error { return e.err }

func (e *proxyError) note() string {
	return "the proxy " + e.proxy + " cannot be used, so that nothing is known of the target"
}

// refusalError says that the proxy was reached and opened no way to the target.
type refusalError struct {
	proxy  string
	reason Reason
	answer *http.Response // to CONNECT; nil for SOCKS
	what   string         // it said
}

func (e *refusalError) Error() string { return "the proxy " + e.proxy + " answered: " + e.what }

// note tells people whose answer it is.
func (e *refusalError) note() string {
	switch e.reason {
	case Unauthenticated:
		return "the proxy " + e.proxy + " does not accept our credential for it (proxy:); the target was not asked"
	case Forbidden:
		return "the proxy " + e.proxy + " does not allow this target; the target was not asked"
	}
	return "this is what the proxy " + e.proxy + " answered; it opened no way to the target"
}

// connectThrough opens a way to the target through a proxy: for http a connection to a
// proxy that forwards requests, else a tunnel.
func (x *exchange) connectThrough(ctx context.Context, p *Proxy, to *url.URL) (err error) {
	if literal, err := netip.ParseAddr(to.Hostname()); err == nil {
		if err := x.guard.permit(literal); err != nil {
			return err
		}
		x.reached = literal.Unmap()
	}
	var own guard // the proxy is named by the target, wherever a redirect leads
	if x.conn, err = x.dial(ctx, &own, p.URL.Hostname(), p.port()); err != nil {
		return &proxyError{p.String(), err}
	}
	since := time.Now()
	defer func() { x.timings.Connect += time.Since(since) }()
	if p.URL.Scheme == "https" {
		secured := tls.Client(x.conn, &tls.Config{ServerName: p.URL.Hostname(), RootCAs: x.runner.Roots, NextProtos: []string{"http/1.1"}})
		if err := secured.HandshakeContext(ctx); err != nil {
			return &proxyError{p.String(), err}
		}
		x.base, x.conn = x.conn, secured
	}
	x.forward = p.URL.Scheme != "socks5" && to.Scheme == "http" && x.target.Transport.Protocol != HTTP2
	if x.forward {
		return nil
	}
	return x.tunnel(ctx, p, net.JoinHostPort(to.Hostname(), portOf(to)))
}

// tunnel asks a proxy for a way to an address.
func (x *exchange) tunnel(ctx context.Context, p *Proxy, address string) error {
	disarm := context.AfterFunc(ctx, func() { _ = x.conn.SetDeadline(time.Unix(1, 0)) })
	defer disarm()
	var err error
	if p.URL.Scheme == "socks5" {
		err = socksConnect(x.conn, p, address)
	} else {
		err = httpConnect(x.conn, p, address)
	}
	if err == nil {
		return nil
	}
	if _, refused := errors.AsType[*refusalError](err); refused {
		return err
	}
	if _, system := errors.AsType[syscall.Errno](err); system || timedOut(err) || ctx.Err() != nil {
		return &tunnelError{p.String(), err}
	}
	if ended(err) {
		return &refusalError{proxy: p.String(), reason: ConnectionClosed, what: "nothing, and closed the connection"}
	}
	return &refusalError{proxy: p.String(), reason: ProtocolError, what: err.Error()}
}

// tunnelError says that the proxy was reached and nothing came back for the target.
type tunnelError struct {
	proxy string
	err   error
}

func (e *tunnelError) Error() string { return "the proxy " + e.proxy + ": " + e.err.Error() }
func (e *tunnelError) Unwrap() error { return e.err }

func (e *tunnelError) note() string {
	return "the proxy " + e.proxy + " was reached and opened no way to the target"
}

// errSpokeFirst says that something came through a tunnel before anything was asked.
var errSpokeFirst = errors.New("the proxy sent more than its answer to CONNECT")

// httpConnect asks with CONNECT (RFC 9110 section 9.3.6).
func httpConnect(conn net.Conn, p *Proxy, address string) error {
	request := "CONNECT " + address + " HTTP/1.1\r\nHost: " + address + "\r\n"
	if credential := p.credential(); credential != "" {
		request += "Proxy-Authorization: " + credential + "\r\n"
	}
	if _, err := conn.Write([]byte(request + "\r\n")); err != nil {
		return err
	}
	reader := bufio.NewReader(&source{from: conn, left: maxHead})
	answer, err := http.ReadResponse(reader, &http.Request{Method: http.MethodConnect})
	for err == nil && isInterim(answer.StatusCode) {
		answer, err = http.ReadResponse(reader, &http.Request{Method: http.MethodConnect})
	}
	switch {
	case err != nil:
		return err
	case ClassOf(answer.StatusCode) != ClassSuccess:
		what := text.Printable(fmt.Sprintf("%d %s", answer.StatusCode, http.StatusText(answer.StatusCode)), maxText)
		return &refusalError{proxy: p.String(), reason: judgeStatus(StatusSet{}, answer.StatusCode), answer: answer, what: what}
	case reader.Buffered() > 0:
		return errSpokeFirst
	}
	return nil
}
