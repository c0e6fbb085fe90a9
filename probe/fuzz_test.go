package probe

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func FuzzAnswer(f *testing.F) {
	for _, answer := range []string{
		fine, error500, lost,
		"HTTP/1.1 103 Early Hints\r\n\r\n" + fine,
		"HTTP/1.1 100 Continue\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nxyz",
		"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: http://b.test/?a=b\r\n\r\n",
		"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + zipped("ok"),
		"HTTP/1.0 999 \x1b[31m\r\nServer: \u202e\r\n\r\n",
		"SSH-2.0-OpenSSH_9.6\r\n",
	} {
		f.Add([]byte(answer))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(f, err)
	answers := make(chan []byte, 1)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = conn.Write(<-answers)
			_ = conn.Close()
		}
	}()
	f.Cleanup(func() {
		_ = listener.Close()
		<-stopped
	})
	runner := &Runner{Detail: true}
	f.Fuzz(func(t *testing.T, answer []byte) {
		answers <- answer
		asked := target(t, "http://"+listener.Addr().String(), redirects(0), within(2*time.Second), containing("ok"))
		got := lastAttempt(t, runner, asked)
		require.NotEqual(t, ProberPanic, got.Verdict.Reason)
		require.True(t, got.Verdict.Valid())
		require.LessOrEqual(t, got.RetryAfter.Wait, maxRetryAfter)
		requireBounded(t, got)
	})
}
