package probe

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/text"
)

// rawServer is a TCP server on loopback that says what a test wants it to say.
type rawServer struct {
	url string

	mu    sync.Mutex
	heads []string // request lines, in the order of arrival
	conns map[net.Conn]bool
	busy  sync.WaitGroup
}

// serveRaw answers each connection with a function, after the request's head was
// read. The connection is closed when the function returns, or the test ends.
func serveRaw(t *testing.T, answer func(conn net.Conn)) *rawServer {
	return serveConns(t, func(s *rawServer, conn net.Conn) {
		reader := textproto.NewReader(bufio.NewReader(conn))
		line, err := reader.ReadLine()
		if err != nil {
			return
		}
		_, _ = reader.ReadMIMEHeader()
		s.mu.Lock()
		s.heads = append(s.heads, line)
		s.mu.Unlock()
		answer(conn)
	})
}

// serveConns hands each connection to a function.
func serveConns(t *testing.T, serve func(s *rawServer, conn net.Conn)) *rawServer {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &rawServer{url: "http://" + listener.Addr().String(), conns: make(map[net.Conn]bool)}
	s.busy.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.track(conn, true)
			s.busy.Go(func() {
				defer s.track(conn, false)
				serve(s, conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		s.mu.Lock()
		for conn := range s.conns {
			_ = conn.Close()
		}
		s.mu.Unlock()
		s.busy.Wait()
	})
	return s
}

func (s *rawServer) track(conn net.Conn, open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if open {
		s.conns[conn] = true
		return
	}
	delete(s.conns, conn)
	_ = conn.Close()
}

// requests returns the request lines so far.
func (s *rawServer) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.heads...)
}

// says answers with a text.
func says(format string, args ...any) func(net.Conn) {
	return func(conn net.Conn) { _, _ = fmt.Fprintf(conn, format, args...) }
}

// saysForEver repeats a text until the connection is closed.
func saysForEver(start, again string) func(net.Conn) {
	more := []byte(again)
	return func(conn net.Conn) {
		_, err := conn.Write([]byte(start))
		for err == nil {
			_, err = conn.Write(more)
		}
	}
}

// thenSilence says a text and keeps the connection open until the other side closes it.
func thenSilence(start string) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = conn.Write([]byte(start))
		_, _ = conn.Read(make([]byte, 1))
	}
}

// drips says a text and then a byte every few milliseconds.
func drips(start, drop string) func(net.Conn) {
	return func(conn net.Conn) {
		_, err := conn.Write([]byte(start))
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for err == nil {
			<-tick.C
			_, err = conn.Write([]byte(drop))
		}
	}
}

// target is a target with the given address; the options change it.
func target(t testing.TB, address string, options ...func(*Target)) *Target {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	asked := &Target{Name: "test", URL: u, Timeout: 5 * time.Second, Redirect: 5}
	for _, option := range options {
		option(asked)
	}
	return asked
}

func within(d time.Duration) func(*Target) { return func(t *Target) { t.Timeout = d } }
func retrying(n int) func(*Target)         { return func(t *Target) { t.Retries = n } }
func redirects(n int) func(*Target)        { return func(t *Target) { t.Redirect = n } }
func using(method string) func(*Target)    { return func(t *Target) { t.Method = method } }
func containing(s string) func(*Target) {
	return func(t *Target) {
		if s != "" {
			t.Expect.Body.Contains = []string{s}
		}
	}
}

func sending(body string) func(*Target) {
	return func(t *Target) { t.Method, t.Body = http.MethodPost, text.NewSecret(body) }
}

func with(name, value string) func(*Target) {
	return func(t *Target) {
		if t.Header == nil {
			t.Header = make(map[string]text.Secret)
		}
		t.Header[name] = text.NewSecret(value)
	}
}

func expecting(codes ...int) func(*Target) {
	return func(t *Target) {
		for _, code := range codes {
			t.Expect.Status.Add(code)
		}
	}
}

// quick is a runner whose waits between attempts are short.
func quick() *Runner { return &Runner{pauses: pauseRange{time.Millisecond, 4 * time.Millisecond}} }

// runOnce makes one scheduled run.
func runOnce(t testing.TB, r *Runner, asked *Target) Result {
	t.Helper()
	result := r.Run(t.Context(), asked, Scheduled, time.Now())
	require.NotEmpty(t, result.Attempts)
	return result
}

// lastAttempt makes one run and returns its last attempt.
func lastAttempt(t testing.TB, r *Runner, asked *Target) Attempt {
	t.Helper()
	result := runOnce(t, r, asked)
	return result.Attempts[len(result.Attempts)-1]
}

// runIn makes one run under a context.
func runIn(ctx context.Context, r *Runner, asked *Target) Result {
	return r.Run(ctx, asked, Scheduled, time.Now())
}

func mustParse(address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return u
}

func queryEscaped(s string) string { return url.QueryEscape(s) }

// requirePrintable checks that a text can be shown anywhere.
func requirePrintable(t *testing.T, s string) {
	t.Helper()
	require.Equal(t, text.Printable(s, len(s)+1), s)
}

var exampleTime = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)

func exampleContext() context.Context { return context.Background() }
