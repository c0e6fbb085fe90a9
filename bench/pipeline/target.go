package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// target is the process that is asked, as the measuring process sees it.
type target struct {
	*process
	url, control string
}

// hit is one request as the target saw it.
type hit struct {
	Probe int
	At    time.Time     // the first byte was read
	Took  time.Duration // from then until the last byte of the answer was written
}

// progress is how far the probes have come since the target was last reset.
type progress struct {
	Asked  int       // requests
	Probes int       // probes that were seen
	First  time.Time // the first of the requests

	Received int64 // bytes
}

// reset makes the target forget what it saw.
func (t *target) reset(ctx context.Context) error {
	_, err := fetch(ctx, t.control+"/reset")
	return err
}

// calm makes the target forget what it saw once nothing comes any more: requests of a
// process that was killed may still be on their way.
func (t *target) calm(ctx context.Context) error {
	for range 50 {
		if err := t.reset(ctx); err != nil {
			return err
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		if seen, err := t.progress(ctx); err != nil || seen.Asked == 0 {
			return err
		}
	}
	return errors.New("the target is asked although nobody should")
}

func (t *target) progress(ctx context.Context) (p progress, err error) {
	return p, fetchJSON(ctx, t.control+"/progress", &p)
}

// hits are all requests since the target was last reset whose connections have ended.
func (t *target) hits(ctx context.Context) (h []hit, err error) {
	return h, fetchJSON(ctx, t.control+"/hits", &h)
}

// book is what the target notes.
type book struct {
	mu    sync.Mutex
	hits  []hit
	seen  map[int]bool
	asked int
	first time.Time
	bytes int64 // received
}

func (b *book) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hits, b.seen, b.asked, b.first, b.bytes = nil, map[int]bool{}, 0, time.Time{}, 0
}

func (b *book) arrived(id int, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	b.seen[id] = true
	if b.first.IsZero() || at.Before(b.first) {
		b.first = at
	}
}

func (b *book) ended(h hit, bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bytes += bytes
	b.hits = append(b.hits, h)
}

// serve answers questions about the book.
func (b *book) serve() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/reset", func(http.ResponseWriter, *http.Request) { b.reset() })
	mux.HandleFunc("/progress", func(w http.ResponseWriter, _ *http.Request) {
		b.mu.Lock()
		p := progress{b.asked, len(b.seen), b.first, b.bytes}
		b.mu.Unlock()
		_ = json.NewEncoder(w).Encode(p)
	})
	mux.HandleFunc("/hits", func(w http.ResponseWriter, _ *http.Request) {
		b.mu.Lock()
		hits := b.hits
		b.mu.Unlock()
		_ = json.NewEncoder(w).Encode(hits)
	})
	return mux
}

// watchedConn notes when its first byte was read and its last one written. One goroutine
// at a time uses it: each connection serves one request.
type watchedConn struct {
	net.Conn
	book        *book
	probe       int // none before the request was understood
	first, last time.Time
	bytes       int64
	closed      sync.Once
}

const none = -1

func (c *watchedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && c.first.IsZero() {
		c.first = time.Now()
	}
	c.bytes += int64(n)
	return n, err
}

func (c *watchedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.last = time.Now()
	return n, err
}

func (c *watchedConn) Close() error {
	c.closed.Do(func() {
		if c.probe != none {
			c.book.ended(hit{c.probe, c.first, c.last.Sub(c.first)}, c.bytes)
		}
	})
	return c.Conn.Close()
}

// watching makes the connections of a listener watched ones.
type watching struct {
	net.Listener
	book *book
}

func (l watching) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &watchedConn{Conn: conn, book: l.book, probe: none}, nil
}

// connKey finds the connection of a request.
type connKey struct{}

func watched(ctx context.Context, conn net.Conn) context.Context {
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	return context.WithValue(ctx, connKey{}, conn)
}

// serveTarget answers every path after a delay, and notes it under the number that the
// path is. It prints two addresses: its own, and that of its book.
func serveTarget(ctx context.Context, delay time.Duration, certificate string) error {
	b := &book{}
	b.reset()
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn := r.Context().Value(connKey{}).(*watchedConn)
		id, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if err == nil {
			conn.probe = id
			b.arrived(id, conn.first)
		}
		time.Sleep(delay)
		_, _ = io.WriteString(w, "ok\n")
	})
	var config net.ListenConfig
	asked, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	control, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var listener net.Listener = watching{asked, b}
	scheme := "http"
	if certificate != "" {
		secured, err := serverTLS(certificate)
		if err != nil {
			return err
		}
		listener, scheme = tls.NewListener(listener, secured), "https"
	}
	fmt.Printf("%s://%s\nhttp://%s\n", scheme, asked.Addr(), control.Addr())
	aside := &http.Server{Handler: b.serve(), ReadHeaderTimeout: 10 * time.Second}
	server := &http.Server{Handler: answer, ReadHeaderTimeout: 10 * time.Second, ConnContext: watched}
	stop := context.AfterFunc(ctx, func() { _, _ = server.Close(), aside.Close() })
	defer stop()
	go func() { _ = aside.Serve(control) }()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func fetch(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	return io.ReadAll(response.Body)
}

func fetchJSON(ctx context.Context, url string, into any) error {
	body, err := fetch(ctx, url)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}
