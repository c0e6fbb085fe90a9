package probe

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/text"
)

// hostile are servers that no client should have to meet.
var hostile = map[string]struct {
	answer   func(net.Conn)
	contains string // what the body should contain
	want     Reason
	timeout  bool // it takes the whole timeout to be sure
}{
	"a body without end is cut and judged as far as read": {
		answer: saysForEver("HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("x", 4096)), want: OK},
	"a body without end that lacks what is expected": {
		answer: saysForEver("HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("x", 4096)), contains: "ok", want: BodyMismatch},
	"a body that drips never ends": {
		answer: drips("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", "x"), want: BodyTimeout, timeout: true},
	"a body that stalls": {
		answer: thenSilence("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), want: BodyTimeout, timeout: true},
	"a 503 whose body stalls stays a 503": {
		answer: thenSilence("HTTP/1.1 503 Unavailable\r\nContent-Length: 10\r\n\r\nhalf"), want: ServerError, timeout: true},
	"a declared length that is too long": {
		answer: says("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), want: BodyTruncated},
	"a declared length that is too short": {
		answer: says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more"), contains: "ok", want: OK},
	"two declared lengths": {
		answer: says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"), want: ProtocolError},
	"a chunk whose size is no number": {
		answer: says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nok\r\n"), want: ProtocolError},
	"chunks that stop before the last": {
		answer: says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"), want: BodyTruncated},
	"chunks with trailers": {
		answer: says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n"), contains: "ok", want: OK},
	"trailers without end": {
		answer: saysForEver("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n"), want: ProtocolError},
	"headers without end": {
		answer: saysForEver("HTTP/1.1 200 OK\r\n", "X-Flood: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n"), want: ProtocolError},
	"one header without end": {
		answer: saysForEver("HTTP/1.1 200 OK\r\nX: ", strings.Repeat("y", 4096)), want: ProtocolError},
	"a status line without end": {
		answer: saysForEver("HTTP/1.1 200 ", strings.Repeat("y", 4096)), want: ProtocolError},
	"interim answers without end": {
		answer: saysForEver("", "HTTP/1.1 102 Processing\r\n\r\n"), want: ProtocolError},
	"interim answers with large headers": {
		answer: saysForEver("", "HTTP/1.1 103 Early Hints\r\nLink: "+strings.Repeat("y", 4096)+"\r\n\r\n"), want: ProtocolError},
	"headers that drip": {
		answer: drips("HTTP/1.1 200 OK\r\n", "X: y\r\n"), want: FirstByteTimeout, timeout: true},
	"silence": {
		answer: thenSilence(""), want: FirstByteTimeout, timeout: true},
	"garbage": {
		answer: says("\x00\xff\x1b[2J garbage\r\n\r\n"), want: ProtocolError},
	"the greeting of another protocol": {
		answer: says("SSH-2.0-OpenSSH_9.6\r\n"), want: ProtocolError},
	"a status that is no number": {
		answer: says("HTTP/1.1 OK 200\r\n\r\n"), want: ProtocolError},
	"a header that is none": {
		answer: says("HTTP/1.1 200 OK\r\nno colon here\r\n\r\n"), want: ProtocolError},
	"an end in the middle of the head": {
		answer: says("HTTP/1.1 200 OK\r\nServer: x"), want: ConnectionClosed},
	"an end before the answer": {
		answer: func(net.Conn) {}, want: ConnectionClosed},
	"a reset before the answer": {
		answer: resets(""), want: ConnectionReset},
	"a reset in the middle of the body": {
		answer: resets("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), want: ConnectionReset},
	"a status beyond all classes": {
		answer: says("HTTP/1.1 999 Go Away\r\nContent-Length: 0\r\n\r\n"), want: ServerError},
	"compressed bytes that are not": {
		answer: says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 15\r\n\r\nnot compressed!"), want: ProtocolError},
	"compressed bytes that break off": {
		answer: says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n%s", zipped("ok")[:12]), want: BodyTruncated},
	"a compressed bomb is cut and judged as far as read": {
		answer: says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n%s", zipped(strings.Repeat("x", 50<<20))), contains: "xxx", want: OK},
	"a compressed answer without a body": {
		answer: says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"), want: OK},
}

// resets says a text and then breaks the connection.
func resets(start string) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = conn.Write([]byte(start))
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

func zipped(s string) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return out.String()
}

func TestHostileServers(t *testing.T) {
	const timeout = 300 * time.Millisecond
	late := watchLag(t)
	for name, tc := range hostile {
		t.Run(name, func(t *testing.T) {
			server := serveRaw(t, tc.answer)
			limit := 5 * time.Second
			if tc.timeout {
				limit = timeout
			}
			result := runOnce(t, quick(), target(t, server.url, within(limit), containing(tc.contains)))
			require.Equal(t, tc.want.String(), result.Verdict.Reason.String(), result.Attempts[0].Evidence.Error)
			require.Less(t, result.Elapsed, limit+late())
			requireBounded(t, result.Attempts[0])
		})
	}
}

// requireBounded checks what must hold whatever a target says.
func requireBounded(t *testing.T, a Attempt) {
	t.Helper()
	e := a.Evidence
	require.LessOrEqual(t, e.BodyBytes, int64(UsualBody))
	require.LessOrEqual(t, len(e.Interim), maxInterim)
	for _, shown := range append([]string{e.Error, e.AnsweredBy, e.Protocol, e.StatusLine, e.Gateway, e.TraceID}, e.Notes...) {
		require.Equal(t, text.Printable(shown, maxText), shown)
	}
	for name, values := range e.Header {
		require.LessOrEqual(t, len(values), maxValues, name)
		for _, value := range values {
			require.Equal(t, text.Printable(value, maxText), value)
		}
	}
	phases := a.Timings
	require.LessOrEqual(t, phases.DNS+phases.Connect+phases.TLS+phases.FirstByte+phases.Transfer, phases.Total)
}

func TestHostileServersAllAtOnce(t *testing.T) {
	server := serveRaw(t, saysForEver("HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("x", 64<<10)))
	runner, asked := quick(), target(t, server.url, containing("not there"))
	verdicts := make(chan Verdict, 50)
	for range cap(verdicts) {
		go func() { verdicts <- runIn(t.Context(), runner, asked).Verdict }()
	}
	for i := range cap(verdicts) {
		require.Equal(t, BodyMismatch, (<-verdicts).Reason, fmt.Sprint("run ", i))
	}
}

func TestHostileTextIsMadePrintable(t *testing.T) {
	server := serveRaw(t, says("HTTP/1.1 500 \x1b[31m\r\nServer: a\u202eb\u009bc\r\nVia: d\r\nLocation: /x?token=s3cret\r\nSet-Cookie: s3cret\r\nDate: %s\r\n\r\n",
		strings.Repeat("long", 200)))
	got := lastAttempt(t, quick(), target(t, server.url)).Evidence
	require.Equal(t, `a\u202eb\u009bc`, got.AnsweredBy)
	require.Equal(t, []string{`a\u202eb\u009bc`}, got.Header["server"])
	require.Equal(t, []string{"/x?token=…"}, got.Header["location"])
	require.Len(t, []rune(got.Header["date"][0]), 256)
	require.NotContains(t, got.Header, "set-cookie")
}
