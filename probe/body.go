package probe

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

var inflaters = sync.Pool{New: func() any { return new(gzip.Reader) }}

// readBody reads the body to its end or as far as the target says, into buf unless that is nil.
func (x *exchange) readBody(buf *bytes.Buffer) error {
	x.at = reading
	err := x.copyBody(buf)
	x.timings.Transfer = time.Since(x.first)
	x.cleanly = err == nil && !x.cut
	return err
}

func (x *exchange) copyBody(buf *bytes.Buffer) error {
	body := io.Reader(x.answer.Body)
	if x.answer.Body != http.NoBody && x.compressed() {
		inflater := inflaters.Get().(*gzip.Reader)
		defer inflaters.Put(inflater)
		whole := &ending{from: body}
		switch err := inflater.Reset(whole); {
		case err == io.EOF:
			return nil // an empty body need not be compressed
		case errors.Is(err, gzip.ErrHeader), err == io.ErrUnexpectedEOF && whole.ended:
			return errNotGzip
		case err != nil:
			return err
		}
		body = inflater
	}
	most := x.target.Transport.maxBody()
	limited := io.LimitReader(body, most+1)
	var err error
	if buf != nil {
		x.size, err = fill(buf, limited, int(x.mostOf(most))+1)
		buf.Truncate(min(buf.Len(), int(most)))
	} else {
		err = x.discard(limited)
	}
	if x.size > most {
		x.size, x.cut = most, true
		return nil
	}
	return err
}

// ending reads, and notes whether the end came as it should.
type ending struct {
	from  io.Reader
	ended bool
}

func (e *ending) Read(p []byte) (int, error) {
	n, err := e.from.Read(p)
	e.ended = err == io.EOF
	return n, err
}

// mostOf is how much there can be of a body of which so much is read: no more than the answer
// has announced, unless it is compressed.
func (x *exchange) mostOf(most int64) int64 {
	if announced := x.answer.ContentLength; announced >= 0 && !x.compressed() {
		return min(most, announced)
	}
	return most
}

// smallBody is how much room a body gets at first. Most need no more.
const smallBody = 32 << 10

// fill reads to the end, at most so many bytes. A body that needs more than little room
// gets all that it may take at once: to double it again and again would leave three times
// as much to be collected, and hostile targets send large bodies all at the same time.
func fill(buf *bytes.Buffer, from io.Reader, most int) (int64, error) {
	buf.Grow(min(smallBody, most))
	for {
		room := buf.AvailableBuffer()
		n, err := from.Read(room[:min(cap(room), most-buf.Len())])
		_, _ = buf.Write(room[:n])
		switch {
		case err == io.EOF || err == nil && buf.Len() == most:
			return int64(buf.Len()), nil
		case err != nil:
			return int64(buf.Len()), err
		case buf.Available() == 0:
			buf.Grow(most - buf.Len())
		}
	}
}

// compressed reports whether the body has to be decompressed. A part of a
// compressed body cannot be.
func (x *exchange) compressed() bool {
	return x.answer.StatusCode != http.StatusPartialContent &&
		strings.EqualFold(x.answer.Header.Get("Content-Encoding"), "gzip")
}

// discard reads a body that nothing is expected of, and keeps its beginning.
func (x *exchange) discard(body io.Reader) error {
	x.beginning = beginnings.Get().(*[maxBeginning]byte)
	for x.size < maxBeginning {
		n, err := body.Read(x.beginning[x.size:])
		x.size += int64(n)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	n, err := io.Copy(io.Discard, body)
	x.size += n
	return err
}
