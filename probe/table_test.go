package probe

import (
	"compress/flate"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func newExampleServer(status int) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
}

func newBodyServer(body string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
}

func exampleTarget(address string) *Target {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return &Target{Name: "example", URL: u, Timeout: 5 * time.Second}
}

func ExampleParseStatus() {
	set, _ := ParseStatus("2xx, 304, 401")
	fmt.Println(set, set.Has(204), set.Has(404))
	_, err := ParseStatus("2000")
	fmt.Println(err)
	// Output:
	// 2xx, 304, 401 true false
	// "2000" is no status; use a code from 100 to 599 or a class from 1xx to 5xx
}

func TestParseStatus(t *testing.T) {
	for in, want := range map[string]string{
		"200": "200", "2xx": "2xx", "2XX": "2xx", " 204 , 200 ": "200, 204", "100": "100", "599": "599",
		"1xx,5xx": "1xx, 5xx", "200, 2xx": "2xx", "4xx,404": "4xx", "503,401,200": "200, 401, 503",
	} {
		got, err := ParseStatus(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got.String(), in)
	}
	for _, in := range []string{"", ",", "200,", "99", "600", "20", "2000", "0200", "6xx", "0xx", "xxx", "2x", "22xx", "+20", "-200", "ok", "２00"} {
		_, err := ParseStatus(in)
		require.ErrorContains(t, err, "use a code from 100 to 599", in)
	}
}

func TestStatusSet(t *testing.T) {
	var set StatusSet
	require.True(t, set.Empty())
	require.Empty(t, set.String())
	for _, code := range []int{-1, 0, 99, 600, 1000} {
		set.Add(code)
		require.False(t, set.Has(code))
	}
	set.AddClass(ClassNoResponse)
	set.AddClass(Class(9))
	require.True(t, set.Empty())
	set.Add(100)
	set.Add(163)
	set.Add(164)
	set.Add(599)
	require.Equal(t, "100, 163, 164, 599", set.String())
	require.Equal(t, 4, set.size())
	var other StatusSet
	other.AddClass(ClassSuccess)
	require.Equal(t, "100, 163, 164, 2xx, 599", set.Union(other).String())
	require.Equal(t, "100, 163, 164, 599", set.String(), "a union leaves its parts alone")
}

func FuzzParseStatus(f *testing.F) {
	for _, seed := range []string{"200", "2xx,404", "", "９９９"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		set, err := ParseStatus(s)
		if err != nil {
			return
		}
		require.False(t, set.Empty())
		again, err := ParseStatus(set.String())
		require.NoError(t, err)
		require.Equal(t, set, again)
	})
}

func dialing(errno syscall.Errno) error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno)}
}

func reads(errno syscall.Errno) error {
	return fmt.Errorf("read: %w", &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", errno)})
}

var causes = map[string]struct {
	err  error
	at   phase
	want Reason
}{
	"nothing listens":                   {dialing(syscall.ECONNREFUSED), connecting, ConnectRefused},
	"no host there":                     {dialing(syscall.EHOSTUNREACH), connecting, ConnectUnreachable},
	"no network here":                   {dialing(syscall.ENETUNREACH), connecting, ProberNetwork},
	"our link is down":                  {dialing(syscall.ENETDOWN), connecting, ProberNetwork},
	"no answer to the first packet":     {dialing(syscall.ETIMEDOUT), connecting, ConnectTimeout},
	"no descriptor left":                {dialing(syscall.EMFILE), connecting, ProberResource},
	"no descriptor left in the system":  {dialing(syscall.ENFILE), connecting, ProberResource},
	"no buffer left":                    {dialing(syscall.ENOBUFS), connecting, ProberResource},
	"no memory left":                    {dialing(syscall.ENOMEM), connecting, ProberResource},
	"no port left":                      {dialing(syscall.EADDRNOTAVAIL), connecting, ProberResource},
	"our firewall refuses":              {dialing(syscall.EPERM), connecting, ProberResource},
	"another error of the system":       {dialing(syscall.EINVAL), connecting, ConnectUnreachable},
	"an address that is none":           {&net.AddrError{Err: "missing port"}, connecting, ConnectUnreachable},
	"a reset in the handshake":          {reads(syscall.ECONNRESET), handshaking, ConnectionReset},
	"a reset before the answer":         {reads(syscall.ECONNRESET), waiting, ConnectionReset},
	"a broken pipe":                     {reads(syscall.EPIPE), waiting, ConnectionReset},
	"a connection that died in silence": {reads(syscall.ETIMEDOUT), reading, BodyTimeout},
	"an end in the handshake":           {io.EOF, handshaking, ConnectionClosed},
	"an end before the answer":          {io.ErrUnexpectedEOF, waiting, ConnectionClosed},
	"an end in the body":                {io.ErrUnexpectedEOF, reading, BodyTruncated},
	"a connection that HTTP/2 gave up":  {errOneConnection, waiting, ConnectionClosed},
	"our cap on heads":                  {errHeadTooLong, waiting, ProtocolError},
	"corrupt compression":               {flate.CorruptInputError(3), reading, ProtocolError},
	"anything before the look-up ended": {errors.ErrUnsupported, resolving, DNSFailure},
	"anything in the handshake":         {errors.ErrUnsupported, handshaking, TLSFailure},
	"anything after the request":        {errors.ErrUnsupported, waiting, ProtocolError},
	"a record that is none":             {tls.RecordHeaderError{Msg: "x"}, handshaking, TLSFailure},
	"an alert after the handshake":      {&net.OpError{Op: "remote error", Err: tls.AlertError(116)}, waiting, TLSFailure},
	"an alert about the version":        {tls.AlertError(70), handshaking, TLSVersion},
	"no such name":                      {&net.DNSError{IsNotFound: true}, resolving, DNSNotFound},
	"no answer from the resolver":       {&net.DNSError{IsTimeout: true}, resolving, DNSTimeout},
	"a failing resolver":                {&net.DNSError{IsTemporary: true}, resolving, DNSFailure},
	"a look-up without a descriptor":    {&net.DNSError{UnwrapErr: syscall.EMFILE}, resolving, ProberResource},
	"time ran out in the look-up":       {context.DeadlineExceeded, resolving, DNSTimeout},
	"time ran out in connecting":        {os.ErrDeadlineExceeded, connecting, ConnectTimeout},
	"time ran out in the handshake":     {context.DeadlineExceeded, handshaking, TLSTimeout},
	"time ran out before the answer":    {os.ErrDeadlineExceeded, waiting, FirstByteTimeout},
	"time ran out in the body":          {os.ErrDeadlineExceeded, reading, BodyTimeout},
}

func TestCauseOfAnError(t *testing.T) {
	for name, tc := range causes {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want.String(), cause(t.Context(), tc.err, tc.at).String())
			stopped, stop := context.WithCancel(t.Context())
			stop()
			require.Equal(t, Canceled, cause(stopped, tc.err, tc.at), "a shutdown explains everything")
		})
	}
	t.Run("an error without a type after time ran out is that", func(t *testing.T) {
		late, cancel := context.WithTimeout(t.Context(), -time.Second)
		defer cancel()
		require.Equal(t, FirstByteTimeout, cause(late, errors.New("stream ended"), waiting))
		require.Equal(t, ConnectionReset, cause(late, reads(syscall.ECONNRESET), waiting))
	})
}
