package fakeslack

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"

	"golang.org/x/sys/unix"
)

// Transport reaches the server without a network.
func (s *Server) Transport() http.RoundTripper { return direct{s} }

type direct struct{ server *Server }

// RoundTrip has the server answer, as a client sees it.
func (d direct) RoundTrip(r *http.Request) (response *http.Response, err error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	if d.server.refuses() {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: unix.ECONNREFUSED}
	}
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	w := &answer{header: http.Header{}, status: http.StatusOK}
	defer func() {
		switch cut := recover(); {
		case cut == nil:
		case cut != http.ErrAbortHandler:
			panic(cut)
		case r.Context().Err() != nil:
			response, err = nil, r.Context().Err()
		case w.flushed:
			response, err = w.response(r, io.ErrUnexpectedEOF), nil
		default:
			response, err = nil, io.EOF
		}
	}()
	asked := r.Clone(r.Context())
	asked.RequestURI = r.URL.RequestURI()
	d.server.http.Handler.ServeHTTP(w, asked)
	return w.response(r, nil), r.Context().Err()
}

// refuses takes the fault by which no connection is made.
func (s *Server) refuses() bool {
	s.mu.Lock()
	refuse := len(s.faults) > 0 && s.faults[0].Refuse && s.faults[0].Method == "" && s.faults[0].Channel == "" && s.faults[0].Skip == 0
	s.mu.Unlock()
	return refuse && s.fault("", "") != nil
}

// answer is what the server writes.
type answer struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	flushed bool
}

func (a *answer) Header() http.Header            { return a.header }
func (a *answer) WriteHeader(status int)         { a.status = status }
func (a *answer) Write(part []byte) (int, error) { return a.body.Write(part) }
func (a *answer) Flush()                         { a.flushed = true }

func (a *answer) response(r *http.Request, ends error) *http.Response {
	var body io.Reader = &a.body
	if ends != nil {
		body = io.MultiReader(&a.body, failing{ends})
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: io.NopCloser(body), ContentLength: -1, Request: r,
	}
}

// failing is a connection that breaks.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
