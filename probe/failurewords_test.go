package probe

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// compressedBody is an answer whose body is compressed, and cut to so many bytes.
func compressedBody(t *testing.T, announced, sent int) string {
	t.Helper()
	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	for i := range 1000 { // so that it is longer compressed, too
		_, err := fmt.Fprintf(w, "%d is a number, ", i*i)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", announced, body.Bytes()[:sent])
}

func TestWhatWentWrongIsSaidInWords(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
	for name, tc := range map[string]struct {
		answer func(net.Conn)
		want   Reason
		says   string
	}{
		"hung up":                      {says(""), ConnectionClosed, "the connection was closed before an answer came"},
		"hung up after an interim one": {says("HTTP/1.1 102 Processing\r\n\r\n"), UnexpectedStatus, "the connection was closed before the final answer came"},
		"a body that breaks off":       {says(head + "half"), BodyTruncated, "the connection was closed after 4 of 100 bytes of the body"},
		"a body in chunks that breaks off": {says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"), BodyTruncated,
			"the connection was closed after 4 bytes of the body, which has no announced end"},
		"a compressed body that ends too early": {says("%s", compressedBody(t, 1000, 1000)), BodyTruncated, "the compressed body ends too early, after "},
		"a compressed body that breaks off":     {says("%s", compressedBody(t, 2000, 1000)), BodyTruncated, "the compressed body ends too early, after "},
		"a body that is not compressed":         {says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain"), ProtocolError, "Content-Encoding says gzip, and the body is not"},
		"a long one that is not": {says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 50\r\n\r\n%s", strings.Repeat("plain", 10)), ProtocolError,
			"Content-Encoding says gzip, and the body is not"},
		"silence":                     {thenSilence(""), FirstByteTimeout, "the time ran out before an answer came"},
		"a body that stalls":          {thenSilence(head + "half"), BodyTimeout, "the time ran out after 4 of 100 bytes of the body"},
		"interim answers without end": {saysForEver("", "HTTP/1.1 102 Processing\r\n\r\n"), ProtocolError, "the head of the answer exceeds 64 KiB"},
		"headers without end":         {saysForEver("HTTP/1.1 200 OK\r\n", "X: yyyyyyyyyyyyyyyyyyy\r\n"), ProtocolError, "the head of the answer exceeds 64 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := lastAttempt(t, quick(), target(t, serveRaw(t, tc.answer).url, within(2*time.Second)))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String())
			require.True(t, strings.HasPrefix(got.Evidence.Error, tc.says), got.Evidence.Error)
		})
	}
}

func TestWhatWentWrongInAHandshakeIsSaidInWords(t *testing.T) {
	for name, tc := range map[string]struct {
		serve func(*rawServer, net.Conn)
		want  string
	}{
		"silence": {func(_ *rawServer, conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }, "the time ran out during the TLS handshake"},
		"hung up": {func(_ *rawServer, conn net.Conn) { _, _ = conn.Read(make([]byte, 4096)) }, "the connection was closed during the TLS handshake"},
	} {
		t.Run(name, func(t *testing.T) {
			address := strings.Replace(serveConns(t, tc.serve).url, "http:", "https:", 1)
			require.Equal(t, tc.want, lastAttempt(t, quick(), target(t, address, within(time.Second))).Evidence.Error)
		})
	}
}

func TestAnEmptyBodyNeedNotBeCompressed(t *testing.T) {
	server := serveRaw(t, says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
	require.Equal(t, OK, runOnce(t, quick(), target(t, server.url)).Verdict.Reason)
}
