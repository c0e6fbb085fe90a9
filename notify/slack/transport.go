package slack

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

const (
	userAgent    = "sonde"
	maxAnswer    = 1 << 20
	clientWait   = 10 * time.Second
	deliveryWait = 15 * time.Second // for a client that has no limit of its own
)

// exchange is what happened on the wire during one request.
type exchange struct {
	connected  atomic.Bool // something may have been written
	status     int         // 0 if no answer came
	retryAfter string
	body       []byte // of the answer, as far as it is read
}

type exchangeKey struct{}

// recording returns a context whose request is written down in the exchange.
func recording(ctx context.Context) (context.Context, *exchange) {
	x := &exchange{}
	ctx = context.WithValue(ctx, exchangeKey{}, x)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { x.connected.Store(true) },
	}), x
}

// wire sends requests under our name and bounds their answers, which slack-go does
// not. It writes down what slack-go throws away: the status and the pause of an
// answer that it cannot read, and the body of an error.
type wire struct{ next http.RoundTripper }

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", userAgent)
	response, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	_ = response.Body.Close()
	if x, ok := r.Context().Value(exchangeKey{}).(*exchange); ok {
		x.status, x.retryAfter, x.body = response.StatusCode, response.Header.Get("Retry-After"), body
	}
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// newClient returns a client that talks through a wire. It follows no redirect,
// for that would carry the message and the token somewhere else.
func newClient(given *http.Client) *http.Client {
	client := &http.Client{Timeout: clientWait, Transport: ownTransport()}
	if given != nil {
		copied := *given
		client = &copied
		if client.Transport == nil {
			client.Transport = ownTransport()
		}
	}
	client.Transport = wire{client.Transport}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}

// ownTransport connects anew for every message. Messages are rare, and one that
// meets a connection which the other side has just closed may have got through or
// not. The environment names no proxy: what is not in the configuration is not used.
func ownTransport() *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: clientWait}).DialContext,
		TLSHandshakeTimeout:    clientWait,
		DisableKeepAlives:      true,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: 64 << 10,
	}
}
