package probe

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	maxHead   = 64 << 10 // bytes of status lines and headers, those of 1xx answers included
	largeBody = 16 << 10 // what no longer surely fits the send buffer
)

var (
	readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 4<<10) }}
	writers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 4<<10) }}
)

// askHTTP1 sends the request over HTTP/1.1 and reads the head of the final
// answer. A client of net/http would do, but costs two goroutines and a third
// more processor time for each connection that serves one request, and hides
// the type of some errors.
func (x *exchange) askHTTP1(ctx context.Context) error {
	var conn net.Conn = x.conn
	if x.secured != nil {
		conn = x.secured
	}
	x.disarm = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	sent, err := x.send(conn)
	if err != nil && timedOut(err) {
		return err
	}
	// Any other trouble with sending shows when reading, unless the server has
	// answered before it hung up: then that is the answer.
	x.source = source{from: conn, left: maxHead}
	x.reader = readers.Get().(*bufio.Reader)
	x.reader.Reset(&x.source)
	if err := x.readHead(); err != nil {
		return err
	}
	select {
	case written := <-sent:
		if written.Before(x.first) {
			x.sent = written
		}
	default:
	}
	return nil
}

// send writes the request and reports when that was done. A large body is
// written beside, for the answer may come before the server has read it all.
func (x *exchange) send(conn io.Writer) (sent <-chan time.Time, err error) {
	done := make(chan time.Time, 1)
	write := func() error {
		w := writers.Get().(*bufio.Writer)
		w.Reset(conn)
		err := x.write(w)
		if err == nil {
			err = w.Flush()
		}
		done <- time.Now()
		w.Reset(nil)
		writers.Put(w)
		return err
	}
	if x.request.ContentLength <= largeBody {
		return done, write()
	}
	x.writing.Go(func() { _ = write() })
	return done, nil
}

// write writes the request; for a proxy that forwards it, with the whole address.
func (x *exchange) write(w io.Writer) error {
	if !x.forward {
		return x.request.Write(w)
	}
	if credential := x.target.Transport.Proxy.credential(); credential != "" {
		x.request.Header.Set("Proxy-Authorization", credential)
	}
	return x.request.WriteProxy(w)
}

// readHead reads heads of answers until the final one.
func (x *exchange) readHead() error {
	for {
		if _, err := x.reader.Peek(1); err != nil {
			return err
		}
		x.first = time.Now()
		answer, err := http.ReadResponse(x.reader, x.request)
		if err != nil && x.source.left == 0 {
			return errHeadTooLong // whatever net/http makes of its beginning
		}
		if err != nil {
			return err
		}
		if isInterim(answer.StatusCode) {
			x.noteInterim(answer.StatusCode, answer.Header)
			continue
		}
		if answer.StatusCode == 0 {
			return errNoStatus
		}
		x.answer = answer
		x.source.left = unlimited
		return nil
	}
}

// isInterim reports whether another answer follows. 101 is final: what follows
// it is no longer HTTP.
func isInterim(status int) bool {
	return ClassOf(status) == ClassInformational && status != http.StatusSwitchingProtocols
}

// unlimited is how much a body may take of a connection: readBody bounds it.
const unlimited = -1

// source reads from a connection and bounds the head of the answer.
type source struct {
	from io.Reader
	left int // bytes until the head is too long, or unlimited
}

// Read reads at most what is left.
func (s *source) Read(p []byte) (int, error) {
	switch s.left {
	case 0:
		return 0, errHeadTooLong
	case unlimited:
		return s.from.Read(p)
	}
	n, err := s.from.Read(p[:min(len(p), s.left)])
	s.left -= n
	return n, err
}
