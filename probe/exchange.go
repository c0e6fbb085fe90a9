package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"sync"
	"time"
)

// exchange is one request and its answer, on a connection of their own.
type exchange struct {
	runner *Runner
	began  time.Time // of the whole asking

	at      phase
	timings Timings
	conn    net.Conn // as dialled
	secured *tls.Conn
	request *http.Request
	answer  *http.Response
	sent    time.Time // when the request was written, or begun if the answer came before that
	first   time.Time // when the first byte of the final answer came
	cleanly bool      // the answer was read to its end
	size    int64     // of the body, as far as read
	cut     bool      // the body went on

	interimMu sync.Mutex // HTTP/2 reports from a goroutine of its own
	interim   []Interim
	latest    int // status of the last interim answer
	headLeft  int // bytes that interim answers may still take (HTTP/2)

	// HTTP/1.1 only.
	source  source
	reader  *bufio.Reader
	writing sync.WaitGroup
	disarm  func() bool

	transport *http.Transport // HTTP/2 only
}

// begin connects, sends the request and reads the head of the final answer.
func (x *exchange) begin(ctx context.Context) error {
	if err := x.connect(ctx, x.request.URL); err != nil {
		return err
	}
	x.at = waiting
	x.sent = time.Now()
	ask := x.askHTTP1
	if x.secured != nil && x.secured.ConnectionState().NegotiatedProtocol == "h2" {
		ask = x.askHTTP2
	}
	if err := ask(ctx); err != nil {
		x.timings.FirstByte = time.Since(x.sent)
		return err
	}
	x.timings.FirstByte = x.first.Sub(x.sent)
	return nil
}

// connect opens the connection, and secures it for https.
func (x *exchange) connect(ctx context.Context, to *url.URL) (err error) {
	host, port := to.Hostname(), portOf(to)
	if x.conn, err = x.dial(ctx, host, port); err != nil {
		return err
	}
	if to.Scheme != "https" {
		return nil
	}
	x.at = handshaking
	began := time.Now()
	x.secured, err = handshake(ctx, x.conn, host, x.runner.Roots)
	x.timings.TLS = time.Since(began)
	return err
}

// dial resolves the name and connects, and times the two apart.
func (x *exchange) dial(ctx context.Context, host, port string) (net.Conn, error) {
	var lookup lookups
	dialer := net.Dialer{KeepAlive: -1}
	since := time.Now()
	x.at = connecting
	if _, err := netip.ParseAddr(host); err != nil {
		x.at = resolving
		dialer.Resolver = lookup.resolver(x.runner.Resolver)
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{DNSDone: func(done httptrace.DNSDoneInfo) {
			x.timings.DNS = time.Since(since)
			if done.Err == nil {
				x.at = connecting
				since = time.Now()
			}
		}})
	}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if x.at == connecting {
		x.timings.Connect = time.Since(since)
	}
	return conn, lookup.explain(err)
}

// portOf is the port that a URL names or that its scheme implies.
func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	if u.Scheme == "https" {
		return "443"
	}
	return "80"
}

// noteInterim keeps a 1xx answer.
func (x *exchange) noteInterim(status int) {
	x.latest = status
	if len(x.interim) < maxInterim {
		x.interim = append(x.interim, Interim{Status: status, At: time.Since(x.began)})
	}
}

// lastInterim is the status of the last 1xx answer; 0 if none.
func (x *exchange) lastInterim() int {
	x.interimMu.Lock()
	defer x.interimMu.Unlock()
	return x.latest
}

func (x *exchange) interims() []Interim {
	x.interimMu.Lock()
	defer x.interimMu.Unlock()
	return x.interim
}

// close ends the exchange. It waits for nothing that the other side could delay:
// a TLS connection is closed politely only after a complete answer.
func (x *exchange) close() {
	if x.conn == nil {
		return
	}
	if x.disarm != nil {
		x.disarm()
	}
	if x.cleanly && x.secured != nil && x.transport == nil {
		_ = x.secured.Close()
	}
	_ = x.conn.Close()
	x.writing.Wait()
	if x.transport != nil {
		x.closeHTTP2()
	}
	if x.reader != nil {
		x.reader.Reset(nil)
		readers.Put(x.reader)
		x.reader = nil
	}
}

func (x *exchange) remoteAddr() string {
	if x.conn == nil {
		return ""
	}
	return x.conn.RemoteAddr().String()
}
