package http3_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/require"

	"sonde/probe"
	sonde "sonde/probe/http3"
	"sonde/text"
)

// serve serves HTTP/3 on loopback, and returns its address.
func serve(t testing.TB, config *tls.Config, handler http.Handler) string {
	t.Helper()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http3.Server{Handler: handler, TLSConfig: http3.ConfigureTLSConfig(config)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(packets)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		_ = packets.Close()
		<-ended
	})
	return packets.LocalAddr().String()
}

func target(t testing.TB, address string, options ...func(*probe.Target)) *probe.Target {
	t.Helper()
	u, err := url.Parse("https://" + address)
	require.NoError(t, err)
	asked := &probe.Target{Name: "test", URL: u, Timeout: 2 * time.Second, Redirect: 5, Transport: probe.Transport{Protocol: probe.HTTP3}}
	for _, option := range options {
		option(asked)
	}
	return asked
}

func within(d time.Duration) func(*probe.Target) { return func(t *probe.Target) { t.Timeout = d } }

func run(t testing.TB, roots *x509.CertPool, asked *probe.Target) (probe.Result, probe.Attempt) {
	t.Helper()
	runner := &probe.Runner{Roots: roots, QUIC: sonde.Dialer{}, Detail: true}
	result := runner.Run(t.Context(), asked, probe.Recheck, time.Now())
	require.NotEmpty(t, result.Attempts)
	return result, result.Attempts[len(result.Attempts)-1]
}

// moody misbehaves as the path says.
func moody(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "test")
	switch r.URL.Path {
	case "/hints":
		w.Header().Set("Link", "</a.css>")
		w.WriteHeader(http.StatusEarlyHints)
	case "/flood":
		w.Header().Set("Link", strings.Repeat("x", 8<<10))
		for range 20 {
			w.WriteHeader(http.StatusEarlyHints)
		}
	case "/large":
		w.Header().Set("X", strings.Repeat("x", 128<<10))
	case "/abort":
		panic(http.ErrAbortHandler)
	case "/truncate":
		w.Header().Set("Content-Length", "100")
	case "/silence":
		<-r.Context().Done()
		return
	case "/stall":
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return
	case "/endless":
		for {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	case "/503":
		w.WriteHeader(http.StatusServiceUnavailable)
	case "/redirect":
		w.Header().Set("Location", "/end")
		w.WriteHeader(http.StatusFound)
	}
	body, _ := io.ReadAll(r.Body)
	_, _ = w.Write(append([]byte("ok "), body...))
}

func TestWhatComesOverHTTP3(t *testing.T) {
	issuer := newAuthority(t)
	end := time.Now().Add(5 * time.Hour).Truncate(time.Second).UTC()
	address := serve(t, &tls.Config{Certificates: []tls.Certificate{issuer.issue(t, func(c *x509.Certificate) { c.NotAfter = end })}}, http.HandlerFunc(moody))
	for name, tc := range map[string]struct {
		path string
		want probe.Reason
		slow bool
	}{
		"an answer":                      {"/", probe.OK, false},
		"an error":                       {"/503", probe.ServerError, false},
		"a redirect":                     {"/redirect", probe.OK, false},
		"an interim answer":              {"/hints", probe.OK, false},
		"too many bytes of interim ones": {"/flood", probe.ProtocolError, false},
		"a head that is too large":       {"/large", probe.ProtocolError, false},
		"a broken stream":                {"/abort", probe.ProtocolError, false},
		"a length that is too long":      {"/truncate", probe.BodyTruncated, false},
		"silence":                        {"/silence", probe.FirstByteTimeout, true},
		"a body that stalls":             {"/stall", probe.BodyTimeout, true},
		"a body without end is cut":      {"/endless", probe.OK, false},
	} {
		t.Run(name, func(t *testing.T) {
			limit := 5 * time.Second
			if tc.slow {
				limit = 300 * time.Millisecond
			}
			result, got := run(t, issuer.pool(), target(t, address+tc.path, within(limit)))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String(), got.Evidence.Error)
			require.Less(t, result.Elapsed, limit+100*time.Millisecond)
			require.Equal(t, []any{"TLS 1.3", end, false}, []any{got.Evidence.TLS.Version, got.Evidence.TLS.NotAfter, got.Evidence.TLS.Unverified})
			require.Equal(t, address, got.Evidence.RemoteAddr)
			require.LessOrEqual(t, got.Evidence.BodyBytes, int64(probe.UsualBody))
			phases := got.Timings
			require.Positive(t, phases.Connect)
			require.Positive(t, phases.TLS)
			require.Positive(t, phases.FirstByte)
			require.LessOrEqual(t, phases.DNS+phases.Connect+phases.TLS+phases.FirstByte+phases.Transfer, phases.Total)
			if tc.want == probe.OK {
				require.Equal(t, "HTTP/3.0", got.Evidence.Protocol)
				require.Equal(t, "test", got.Evidence.AnsweredBy)
			}
			if tc.path == "/hints" {
				require.Len(t, got.Evidence.Interim, 1)
			}
		})
	}
	t.Run("a request with a body", func(t *testing.T) {
		_, got := run(t, issuer.pool(), target(t, address, func(t *probe.Target) {
			t.Method, t.Body, t.Expect.Body.Contains = http.MethodPost, text.NewSecret("hello"), []string{"ok hello"}
		}))
		require.Equal(t, probe.OK, got.Verdict.Reason, got.Evidence.Error)
	})
}

func TestWhatIsWrongBeforeAnAnswerOverHTTP3(t *testing.T) {
	trusted, stranger := newAuthority(t), newAuthority(t)
	good := func(t *testing.T) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{trusted.issue(t, nil)}}
	}
	bad := func(by *authority, change func(*x509.Certificate)) func(*testing.T) string {
		return func(t *testing.T) string {
			return serve(t, &tls.Config{Certificates: []tls.Certificate{by.issue(t, change)}}, http.HandlerFunc(moody))
		}
	}
	for name, tc := range map[string]struct {
		address func(*testing.T) string
		want    probe.Reason
		note    string
		change  func(*probe.Target)
	}{
		"an expired certificate": {address: bad(trusted, func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-time.Hour)
		}), want: probe.TLSExpired},
		"a certificate of tomorrow": {address: bad(trusted, func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(time.Hour), time.Now().Add(48*time.Hour)
		}), want: probe.TLSNotYetValid},
		"a certificate for another name": {address: bad(trusted, func(c *x509.Certificate) { c.IPAddresses = nil }), want: probe.TLSNameMismatch},
		"a certificate of a stranger":    {address: bad(stranger, nil), want: probe.TLSUnknownAuthority},
		"a certificate of a stranger that will do": {address: bad(stranger, nil), want: probe.OK, note: "refused: tls_unknown_authority",
			change: func(t *probe.Target) { t.Transport.Insecure = true }},
		"a client certificate is asked for": {address: func(t *testing.T) string {
			config := good(t)
			config.ClientAuth = tls.RequireAnyClientCert
			return serve(t, config, http.HandlerFunc(moody))
		}, want: probe.Unauthenticated, note: "certificate"},
		"the server does not speak HTTP/3": {address: func(t *testing.T) string { return serveQUIC(t, trusted, "other") }, want: probe.ProtocolError, note: "only HTTP/3 was offered"},
		"nothing listens there":            {address: closed, want: probe.ConnectRefused},
		"everything is swallowed":          {address: blackhole, want: probe.ConnectTimeout},
		"what comes is not QUIC":           {address: babble, want: probe.TLSTimeout},
		"nobody may ask there":             {address: func(*testing.T) string { return "169.254.169.254" }, want: probe.AddressBlocked, note: "where sonde never asks"},
		"the address is of another family": {address: closed, want: probe.DNSNotFound, change: func(t *probe.Target) { t.Transport.Family = probe.IPv6 }},
	} {
		t.Run(name, func(t *testing.T) {
			asked := target(t, tc.address(t), within(300*time.Millisecond))
			if tc.change != nil {
				tc.change(asked)
			}
			result, got := run(t, trusted.pool(), asked)
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String(), got.Evidence.Error)
			require.Contains(t, strings.Join(got.Evidence.Notes, "\n"), tc.note)
			require.Less(t, result.Elapsed, 400*time.Millisecond)
			if slices.Contains([]probe.Reason{probe.TLSExpired, probe.TLSNotYetValid, probe.TLSNameMismatch, probe.TLSUnknownAuthority}, tc.want) {
				require.NotNil(t, got.Evidence.Certificate, "a certificate that is refused is shown")
			}
			if tc.want != probe.OK && tc.want != probe.AddressBlocked && tc.want != probe.DNSNotFound {
				require.Positive(t, got.Timings.Connect)
				require.NotEmpty(t, got.Evidence.RemoteAddr)
			}
		})
	}
}

// serveQUIC speaks QUIC and a protocol of its own.
func serveQUIC(t *testing.T, issuer *authority, protocol string) string {
	t.Helper()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	transport := &quic.Transport{Conn: packets}
	listener, err := transport.Listen(&tls.Config{Certificates: []tls.Certificate{issuer.issue(t, nil)}, NextProtos: []string{protocol}}, nil)
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = listener.Close()
		_ = transport.Close()
		_ = packets.Close()
	})
	return listener.Addr().String()
}

func closed(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	return conn.LocalAddr().String()
}

func blackhole(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn.LocalAddr().String()
}

// babble answers every packet with something else.
func babble(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for b := make([]byte, 2048); ; {
			_, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo([]byte("\xff\x00garbage\x1b[2J"), from)
		}
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-ended
	})
	return conn.LocalAddr().String()
}

func TestAServerThatGoesAwayDuringARequest(t *testing.T) {
	issuer := newAuthority(t)
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	asked := make(chan struct{}, 1)
	server := &http3.Server{TLSConfig: http3.ConfigureTLSConfig(&tls.Config{Certificates: []tls.Certificate{issuer.issue(t, nil)}}),
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			asked <- struct{}{}
			<-r.Context().Done()
		})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(packets)
	}()
	go func() {
		<-asked
		_ = server.Close()
		_ = packets.Close()
	}()
	_, got := run(t, issuer.pool(), target(t, packets.LocalAddr().String()))
	<-ended
	require.Equal(t, probe.ConnectionClosed.String(), got.Verdict.Reason.String(), got.Evidence.Error)
}

func TestTheNextAddressIsTriedOverHTTP3(t *testing.T) {
	issuer := newAuthority(t)
	address := netip.MustParseAddrPort(serve(t, &tls.Config{Certificates: []tls.Certificate{issuer.issue(t, nil)}}, http.HandlerFunc(moody)))
	names := serveNames(t, "shop.test.", "127.0.0.1", "::1") // ::1 comes first, and nothing listens there
	u := "shop.test.:" + address.String()[strings.LastIndexByte(address.String(), ':')+1:]
	asked := target(t, u, func(t *probe.Target) {
		t.Transport.Resolvers, t.Transport.ServerName = []netip.AddrPort{names}, "localhost"
	})
	_, got := run(t, issuer.pool(), asked)
	require.Equal(t, probe.OK.String(), got.Verdict.Reason.String(), got.Evidence.Error)
	require.Equal(t, address.String(), got.Evidence.RemoteAddr)
	require.Positive(t, got.Timings.DNS)
}

func TestARunOverHTTP3EndsWhenItIsCanceled(t *testing.T) {
	runner := &probe.Runner{QUIC: sonde.Dialer{}}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	result := runner.Run(ctx, target(t, blackhole(t)), probe.Scheduled, time.Now())
	require.Equal(t, probe.Canceled, result.Verdict.Reason)
	require.Less(t, result.Elapsed, 150*time.Millisecond)
}

func TestNothingIsLoggedBesides(t *testing.T) {
	var out strings.Builder
	log.SetOutput(&out)
	t.Cleanup(func() { log.SetOutput(io.Discard) })
	issuer := newAuthority(t)
	address := serve(t, &tls.Config{Certificates: []tls.Certificate{issuer.issue(t, nil)}}, http.HandlerFunc(moody))
	_, got := run(t, issuer.pool(), target(t, address))
	require.Equal(t, probe.OK, got.Verdict.Reason, got.Evidence.Error)
	require.NotContains(t, out.String(), "connection doesn't allow")
}

func BenchmarkRun(b *testing.B) {
	issuer := newAuthority(b)
	address := serve(b, &tls.Config{Certificates: []tls.Certificate{issuer.issue(b, nil)}}, http.HandlerFunc(moody))
	runner, asked := &probe.Runner{Roots: issuer.pool(), QUIC: sonde.Dialer{}}, target(b, address)
	b.ReportAllocs()
	for b.Loop() {
		if got := runner.Run(context.Background(), asked, probe.Scheduled, time.Time{}); got.Verdict.Reason != probe.OK {
			b.Fatal(got.Attempts[0].Evidence.Error)
		}
	}
}
