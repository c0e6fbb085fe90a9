package web_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/store"
	"sonde/web"
)

// stuck is a source that is being read until it is released, or nobody waits any more.
type stuck struct {
	reading chan struct{} // one for each that reads
	release chan struct{}
	left    chan error // why a read ended
}

func newStuck() *stuck {
	return &stuck{make(chan struct{}, 10), make(chan struct{}), make(chan error, 10)}
}

func (s *stuck) Snapshot(ctx context.Context, _ time.Time) (*store.Snapshot, error) {
	s.reading <- struct{}{}
	select {
	case <-s.release:
		s.left <- nil
		return &store.Snapshot{}, nil
	case <-ctx.Done():
		s.left <- ctx.Err()
		return nil, ctx.Err()
	}
}

// within is a context of the test's own that ends in time.
func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// begin makes a server that the test closes itself.
func begin(t *testing.T, source web.Source) (*web.Server, *page) {
	t.Helper()
	s, err := web.Listen(t.Context(), "127.0.0.1:0", usual(source, web.NewTallies()))
	require.NoError(t, err)
	s.Serve()
	client := &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}
	t.Cleanup(client.CloseIdleConnections)
	return s, &page{Server: s, url: "http://" + s.Address(), client: client}
}

// asked is what came of a request that another goroutine made.
type asked struct {
	code int
	body string
	err  error
}

func askLater(p *page, path string) chan asked {
	answers := make(chan asked, 1)
	go func() {
		code, _, body, err := p.try(http.MethodGet, path)
		answers <- asked{code, body, err}
	}()
	return answers
}

func TestCloseWaitsForAnswersUnderWay(t *testing.T) {
	source := newStuck()
	s, p := begin(t, source)
	answers := askLater(p, "/api/v1/status")
	<-source.reading
	closed := make(chan error, 1)
	go func() { closed <- s.Close(within(t, 20*time.Second)) }()
	require.Eventually(t, func() bool { return refuses(s.Address()) }, 5*time.Second, time.Millisecond, "nobody new is let in")
	require.Empty(t, closed, "the answer is awaited")
	close(source.release)
	got := <-answers
	require.NoError(t, got.err)
	require.Equal(t, http.StatusOK, got.code)
	require.Contains(t, got.body, `"probes": []`)
	require.NoError(t, <-closed)
}

func refuses(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err == nil {
		_ = conn.Close()
	}
	return err != nil
}

func TestCloseCutsAnswersThatTakeTooLong(t *testing.T) {
	for _, path := range []string{"/api/v1/status", "/metrics"} {
		t.Run(path, func(t *testing.T) {
			source := newStuck()
			s, p := begin(t, source)
			answers := askLater(p, path)
			<-source.reading
			began := time.Now()
			require.NoError(t, s.Close(within(t, 50*time.Millisecond)), "to cut is what was asked for")
			require.Less(t, time.Since(began), 5*time.Second)
			require.Error(t, (<-answers).err)
			require.ErrorIs(t, <-source.left, context.Canceled, "whoever read for it stops")
		})
	}
}

func TestAReaderThatNeverFinishesItsRequestDoesNotHoldUpTheEnd(t *testing.T) {
	for name, sends := range map[string]string{
		"nothing":           "",
		"half a line":       "GET /heal",
		"half a header":     "GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ",
		"a body that stops": "POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nx",
	} {
		t.Run(name, func(t *testing.T) {
			s, p := begin(t, newLab(t).reader)
			conn, err := net.Dial("tcp", s.Address())
			require.NoError(t, err)
			defer func() { _ = conn.Close() }()
			_, err = conn.Write([]byte(sends))
			require.NoError(t, err)
			code, _, _ := p.get(t, "/healthz")
			require.Equal(t, http.StatusOK, code, "others are answered meanwhile")
			began := time.Now()
			require.NoError(t, s.Close(within(t, 100*time.Millisecond)))
			require.Less(t, time.Since(began), 5*time.Second)
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
			reader := bufio.NewReader(conn)
			for err == nil {
				_, err = reader.ReadByte()
			}
			require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the connection is over")
		})
	}
}

func TestCloseGivesTheAddressBackWhetherServedOrNot(t *testing.T) {
	s, err := web.Listen(t.Context(), "127.0.0.1:0", usual(newLab(t).reader, web.NewTallies()))
	require.NoError(t, err)
	address := s.Address()
	require.NoError(t, s.Close(within(t, time.Second)))
	again, err := web.Listen(t.Context(), address, usual(newLab(t).reader, web.NewTallies()))
	require.NoError(t, err)
	again.Serve()
	require.NoError(t, again.Close(within(t, time.Second)))
	require.True(t, refuses(address))
}

// Nobody who only connects takes more than the places there are.
func TestConnectionsBeyondTheLimitWaitForAPlace(t *testing.T) {
	s, p := begin(t, newLab(t).reader)
	idle := make([]net.Conn, 100)
	for i := range idle {
		conn, err := net.Dial("tcp", s.Address())
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		idle[i] = conn
	}
	answers := askLater(p, "/healthz")
	select {
	case got := <-answers:
		require.Fail(t, "answered although all places are taken", "%v", got)
	case <-time.After(100 * time.Millisecond):
	}
	require.NoError(t, idle[0].Close())
	got := <-answers
	require.NoError(t, got.err)
	require.Equal(t, http.StatusOK, got.code)
	require.NoError(t, s.Close(within(t, 100*time.Millisecond)), "waiting for a place does not hold up the end")
}
