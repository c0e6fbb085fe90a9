package probe

import (
	"context"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"time"
)

// hopHeaders belong to one connection and are not allowed in HTTP/2 (RFC 9113
// section 8.2.2).
var hopHeaders = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade"}

// askHTTP2 sends the request over HTTP/2 and waits for the head of the final answer.
func (x *exchange) askHTTP2(ctx context.Context) error {
	given := false
	x.headLeft = maxHead
	x.transport = &http.Transport{
		ForceAttemptHTTP2:      true,
		DisableKeepAlives:      true,
		DisableCompression:     true, // readBody decompresses
		MaxResponseHeaderBytes: maxHead,
	}
	give := func(conn net.Conn) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) {
			if given {
				return nil, errOneConnection
			}
			given = true
			return conn, nil
		}
	}
	if x.secured != nil {
		x.transport.DialTLSContext = give(x.secured)
	} else {
		x.transport.DialContext = give(x.conn)
		x.transport.Protocols = new(http.Protocols)
		x.transport.Protocols.SetUnencryptedHTTP2(true) // RFC 9113 section 3.3
	}
	for _, name := range hopHeaders {
		x.request.Header.Del(name)
	}
	x.request.Close = false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got1xxResponse: x.gotInterim})
	answer, err := x.transport.RoundTrip(x.request.WithContext(ctx))
	if err != nil {
		return err
	}
	x.first = time.Now()
	x.answer = answer
	return nil
}

// gotInterim is called for each 1xx answer.
func (x *exchange) gotInterim(status int, header textproto.MIMEHeader) error {
	x.interimMu.Lock()
	defer x.interimMu.Unlock()
	x.headLeft -= len(":status") + 3
	for name, values := range header {
		for _, value := range values {
			x.headLeft -= len(name) + len(value)
		}
	}
	if x.headLeft < 0 {
		return errHeadTooLong
	}
	x.noteInterim(status, header)
	return nil
}

// closeHTTP2 ends what the transport runs. The connection is closed before, so
// that nothing waits for the other side.
func (x *exchange) closeHTTP2() {
	if x.answer != nil {
		_ = x.answer.Body.Close()
	}
	x.transport.CloseIdleConnections()
}
