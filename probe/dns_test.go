package probe

import (
	"context"
	"encoding/binary"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serveDNS answers every question over UDP with a response code, or with
// 127.0.0.1 if that is 0; a negative one is silence.
func serveDNS(t *testing.T, code int) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	var serving sync.WaitGroup
	serving.Go(func() {
		question := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(question)
			if err != nil {
				return
			}
			if code >= 0 {
				_, _ = conn.WriteTo(dnsAnswer(question[:n], code), from)
			}
		}
	})
	t.Cleanup(func() {
		_ = conn.Close()
		serving.Wait()
	})
	return resolverAt(func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	})
}

func resolverAt(dial func(context.Context) (net.Conn, error)) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }}
}

// dnsAnswer answers a question (RFC 1035 section 4) for an A record; other types
// of record are not there.
func dnsAnswer(question []byte, code int) []byte {
	end := 12
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5
	answer := append([]byte(nil), question[:end]...)
	binary.BigEndian.PutUint16(answer[2:], 0x8180|uint16(code))
	binary.BigEndian.PutUint16(answer[6:], 0)
	binary.BigEndian.PutUint32(answer[8:], 0)
	if isA := binary.BigEndian.Uint16(question[end-4:]) == 1; code == 0 && isA {
		binary.BigEndian.PutUint16(answer[6:], 1)
		answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1)
	}
	return answer
}

func TestWhatIsWrongWithANameOrItsResolver(t *testing.T) {
	failing := func(errno syscall.Errno) *net.Resolver {
		return resolverAt(func(context.Context) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "udp", Err: errno}
		})
	}
	for name, tc := range map[string]struct {
		resolver *net.Resolver
		want     Reason
	}{
		"the name does not exist":                {serveDNS(t, 3), DNSNotFound},
		"the server fails":                       {serveDNS(t, 2), DNSFailure},
		"the server refuses":                     {serveDNS(t, 5), DNSFailure},
		"the server says nothing":                {serveDNS(t, -1), DNSTimeout},
		"we have no file descriptor to ask with": {failing(syscall.EMFILE), ProberResource},
		"we have no buffer to ask with":          {failing(syscall.ENOBUFS), ProberResource},
		"we have no network to ask over":         {failing(syscall.ENETUNREACH), ProberNetwork},
		"the server's port is closed":            {failing(syscall.ECONNREFUSED), DNSFailure},
	} {
		t.Run(name, func(t *testing.T) {
			runner := quick()
			runner.Resolver = tc.resolver
			got := lastAttempt(t, runner, target(t, "http://shop.example.test./", within(300*time.Millisecond)))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String(), got.Evidence.Error)
			require.Positive(t, got.Timings.DNS)
			require.Zero(t, got.Timings.Connect)
			require.Empty(t, got.Evidence.RemoteAddr)
		})
	}
}

func TestAResolverThatCouldBeAskedOnceIsNotOurTrouble(t *testing.T) {
	servfail := serveDNS(t, 2)
	var mu sync.Mutex
	calls := 0
	runner := quick()
	runner.Resolver = resolverAt(func(ctx context.Context) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls%2 == 0 {
			return nil, &net.OpError{Op: "dial", Net: "udp", Err: syscall.ENETUNREACH}
		}
		return servfail.Dial(ctx, "", "")
	})
	got := lastAttempt(t, runner, target(t, "http://shop.example.test./"))
	require.Equal(t, DNSFailure, got.Verdict.Reason, got.Evidence.Error)
}

func TestANameIsResolvedAndTimedApart(t *testing.T) {
	server := serveRaw(t, says("HTTP/1.1 204 No Content\r\n\r\n"))
	runner := quick()
	runner.Resolver = serveDNS(t, 0)
	address := strings.Replace(server.url, "127.0.0.1", "shop.example.test.", 1)
	got := lastAttempt(t, runner, target(t, address))
	require.Equal(t, OK, got.Verdict.Reason, got.Evidence.Error)
	require.Positive(t, got.Timings.DNS)
	require.Positive(t, got.Timings.Connect)
	require.Positive(t, got.Timings.FirstByte)
	require.Equal(t, strings.TrimPrefix(server.url, "http://"), got.Evidence.RemoteAddr)
	requireBounded(t, got)
}

func TestConnectFailures(t *testing.T) {
	result := runOnce(t, quick(), target(t, "http://"+closedTCP(t), retrying(2)))
	require.Equal(t, ConnectRefused, result.Verdict.Reason)
	require.Equal(t, ClassNoResponse, result.Verdict.Class)
	require.Len(t, result.Attempts, 3)
	require.Positive(t, result.Attempts[0].Timings.Connect)
}
