package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"
)

// exchange is one request and its answer, on a connection of their own.
type exchange struct {
	runner *Runner
	target *Target
	home   bool      // the request goes to the origin that the target names
	guard  guard     // which addresses may be asked
	began  time.Time // of the whole asking

	client  clientPart
	at      phase
	timings Timings
	conn    net.Conn // to the target, plain; a tunnel if there is a proxy
	base    net.Conn // what carries conn, if that is TLS to a proxy
	secured *tls.Conn
	reached netip.Addr // the target's address; none behind a proxy
	forward bool       // the request goes to a proxy in full, which forwards it
	doubt   error      // what verifying the certificate would have said (insecure)
	request *http.Request
	answer  *http.Response
	sent    time.Time // when the request was written, or begun if the answer came before that
	first   time.Time // when the first byte of the final answer came
	cleanly bool      // the answer was read to its end
	size    int64     // of the body, as far as read
	cut     bool      // the body went on

	beginning *[maxBeginning]byte // of a body that was not wanted; whoever takes it gives it back

	interimMu sync.Mutex // HTTP/2 reports from a goroutine of its own
	interim   []Interim
	latest    int // status of the last interim answer
	heard     int // interim answers, those that were not kept too
	headLeft  int // bytes that interim answers may still take (HTTP/2)

	// HTTP/1.1 only.
	source  source
	reader  *bufio.Reader
	writing sync.WaitGroup
	disarm  func() bool

	transport *http.Transport // HTTP/2 only

	// HTTP/3 only.
	quic    QUICConn
	packets *packets
}

// begin connects, sends the request and reads the head of the final answer.
func (x *exchange) begin(ctx context.Context) error {
	if x.target.Transport.Protocol == HTTP3 {
		return x.beginHTTP3(ctx)
	}
	if err := x.connect(ctx, x.request.URL); err != nil {
		return err
	}
	x.at = waiting
	x.sent = time.Now()
	ask := x.askHTTP1
	if x.speaksHTTP2() {
		ask = x.askHTTP2
	}
	if err := ask(ctx); err != nil {
		x.timings.FirstByte = time.Since(x.sent)
		return err
	}
	x.timings.FirstByte = x.first.Sub(x.sent)
	return nil
}

// speaksHTTP2 reports whether the request goes over HTTP/2: the handshake said so, or
// without TLS the target does.
func (x *exchange) speaksHTTP2() bool {
	if x.secured != nil {
		return x.secured.ConnectionState().NegotiatedProtocol == "h2"
	}
	return x.target.Transport.Protocol == HTTP2
}

// agreed is what a TLS handshake has agreed on; false if there was none, or no end to it.
func (x *exchange) agreed() (state tls.ConnectionState, done bool) {
	switch {
	case x.quic != nil:
		state = x.quic.ConnectionState()
	case x.secured != nil:
		state = x.secured.ConnectionState()
	}
	return state, state.HandshakeComplete
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
func (x *exchange) noteInterim(status int, header map[string][]string) {
	x.latest = status
	x.heard++
	if len(x.interim) < maxInterim {
		x.interim = append(x.interim, Interim{Status: status, At: time.Since(x.began), Links: hints(status, header["Link"])})
	}
}

// lastInterim is the status of the last 1xx answer; 0 if none.
func (x *exchange) lastInterim() int {
	x.interimMu.Lock()
	defer x.interimMu.Unlock()
	return x.latest
}

// interims are the 1xx answers that were kept, and how many there were.
func (x *exchange) interims() (kept []Interim, heard int) {
	x.interimMu.Lock()
	defer x.interimMu.Unlock()
	return x.interim, x.heard
}

// close ends the exchange. It waits for nothing that the other side could delay:
// a TLS connection is closed politely only after a complete answer.
func (x *exchange) close() {
	if x.conn == nil {
		return
	}
	if x.quic != nil {
		x.closeHTTP3()
		return
	}
	if x.disarm != nil {
		x.disarm()
	}
	if x.cleanly && x.secured != nil && x.transport == nil {
		_ = x.secured.Close()
	}
	if x.base != nil {
		_ = x.base.Close() // at once: what is above it says no goodbye to a proxy
	} else {
		_ = x.conn.Close()
	}
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
