package probe

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// authority signs certificates for tests.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-365 * 24 * time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{certificate, key}
}

// delegate makes an authority that this one vouches for.
func (a *authority) delegate(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := *a.certificate
	template.SerialNumber, template.Subject = big.NewInt(3), pkix.Name{CommonName: "test intermediate"}
	template.SubjectKeyId, template.AuthorityKeyId = nil, nil
	der, err := x509.CreateCertificate(rand.Reader, &template, a.certificate, &key.PublicKey, a.key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{certificate, key}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// issue signs a certificate for 127.0.0.1; change adapts it before.
func (a *authority) issue(t testing.TB, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "test server"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// serveTLS serves over TLS with a configuration; HTTP/2 where offered is true.
func serveTLS(t testing.TB, config *tls.Config, http2 bool, handler http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.TLS, server.EnableHTTP2 = config, http2
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

var ok = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })

func TestWhatIsWrongWithTLS(t *testing.T) {
	trusted, stranger := newAuthority(t), newAuthority(t)
	runner := quick()
	runner.Roots = trusted.pool()
	for name, tc := range map[string]struct {
		by     *authority
		cert   func(*x509.Certificate)
		config *tls.Config
		want   Reason
	}{
		"a good certificate is good": {by: trusted, want: OK},
		"an expired certificate": {by: trusted, want: TLSExpired, cert: func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-time.Hour)
		}},
		"a certificate of tomorrow": {by: trusted, want: TLSNotYetValid, cert: func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(time.Hour), time.Now().Add(48*time.Hour)
		}},
		"a certificate for another name": {by: trusted, want: TLSNameMismatch, cert: func(c *x509.Certificate) {
			c.IPAddresses, c.DNSNames = nil, []string{"other.example.com"}
		}},
		"a certificate of a stranger": {by: stranger, want: TLSUnknownAuthority},
		"a certificate for clients only": {by: trusted, want: TLSFailure, cert: func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}},
		"nothing newer than TLS 1.1": {by: trusted, want: TLSVersion,
			config: &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}},
		"nothing newer than TLS 1.0": {by: trusted, want: TLSVersion,
			config: &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}},
		"TLS 1.2 is new enough": {by: trusted, want: OK, config: &tls.Config{MaxVersion: tls.VersionTLS12}},
		"a client certificate is asked for in TLS 1.3": {by: trusted, want: Unauthenticated,
			config: &tls.Config{ClientAuth: tls.RequireAnyClientCert}},
		"a client certificate is asked for in TLS 1.2": {by: trusted, want: Unauthenticated,
			config: &tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}},
		"no protocol in common": {by: trusted, want: TLSFailure,
			config: &tls.Config{NextProtos: []string{"acme-tls/1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			config := tc.config.Clone()
			if config == nil {
				config = new(tls.Config)
			}
			config.Certificates = []tls.Certificate{tc.by.issue(t, tc.cert)}
			server := serveTLS(t, config, false, ok)
			got := lastAttempt(t, runner, target(t, server.URL))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String(), got.Evidence.Error)
			require.Positive(t, got.Timings.TLS)
			require.Equal(t, tc.want == OK, got.Evidence.Error == "")
			require.Equal(t, tc.want != OK, got.Verdict.Status == 0)
		})
	}
}

func TestWhatIsNoTLS(t *testing.T) {
	for name, tc := range map[string]struct {
		serve func(*rawServer, net.Conn)
		want  Reason
	}{
		"plain HTTP on the port": {func(_ *rawServer, conn net.Conn) {
			_, _ = conn.Read(make([]byte, 1024))
			says("HTTP/1.1 400 Bad Request\r\n\r\n")(conn)
		}, TLSFailure},
		"silence": {func(_ *rawServer, conn net.Conn) {
			_, _ = io.Copy(io.Discard, conn)
		}, TLSTimeout},
		"an end in the middle of the handshake": {func(_ *rawServer, conn net.Conn) {
			_, _ = conn.Read(make([]byte, 4096))
		}, ConnectionClosed},
		"an alert about the version": {func(_ *rawServer, conn net.Conn) {
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = conn.Write([]byte{21, 3, 1, 0, 2, 2, alertProtocolVersion})
		}, TLSVersion},
		"an alert about anything else": {func(_ *rawServer, conn net.Conn) {
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = conn.Write([]byte{21, 3, 1, 0, 2, 2, 40})
		}, TLSFailure},
	} {
		t.Run(name, func(t *testing.T) {
			server := serveConns(t, tc.serve)
			address := strings.Replace(server.url, "http:", "https:", 1)
			got := lastAttempt(t, quick(), target(t, address, within(200*time.Millisecond)))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String(), got.Evidence.Error)
		})
	}
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
	case "/abort":
		panic(http.ErrAbortHandler)
	case "/truncate":
		w.Header().Set("Content-Length", "100")
	case "/silence":
		<-r.Context().Done()
	case "/endless":
		for {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}
	body, _ := io.ReadAll(r.Body)
	_, _ = w.Write(append([]byte("ok "), body...))
}

func TestHTTP2IsSpokenWhereTheServerPrefersIt(t *testing.T) {
	issuer := newAuthority(t)
	runner := quick()
	runner.Roots, runner.Detail = issuer.pool(), true
	end := time.Now().Add(5 * time.Hour).Truncate(time.Second).UTC()
	config := &tls.Config{Certificates: []tls.Certificate{issuer.issue(t, func(c *x509.Certificate) { c.NotAfter = end })}}
	server := serveTLS(t, config, true, http.HandlerFunc(moody))
	for name, tc := range map[string]struct {
		path string
		want Reason
	}{
		"an answer":                      {"/", OK},
		"an interim answer":              {"/hints", OK},
		"too many bytes of interim ones": {"/flood", ProtocolError},
		"a broken stream":                {"/abort", ProtocolError},
		"a length that is too long":      {"/truncate", BodyTruncated},
		"silence":                        {"/silence", FirstByteTimeout},
		"a body without end":             {"/endless", OK},
	} {
		t.Run(name, func(t *testing.T) {
			got := lastAttempt(t, runner, target(t, server.URL+tc.path, within(500*time.Millisecond), with("connection", "close")))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String(), got.Evidence.Error)
			require.Equal(t, "TLS 1.3", got.Evidence.TLS.Version)
			require.Equal(t, end, got.Evidence.TLS.NotAfter)
			requireBounded(t, got)
			if tc.want == OK {
				require.Equal(t, "HTTP/2.0", got.Evidence.Protocol)
				require.Equal(t, "test", got.Evidence.AnsweredBy)
				require.Positive(t, got.Timings.FirstByte)
			}
		})
	}
	t.Run("a request with a body", func(t *testing.T) {
		got := lastAttempt(t, runner, target(t, server.URL, sending("hello"), containing("ok hello")))
		require.Equal(t, OK, got.Verdict.Reason, got.Evidence.Error)
	})
	t.Run("the interim answer is kept", func(t *testing.T) {
		got := lastAttempt(t, runner, target(t, server.URL+"/hints"))
		require.Len(t, got.Evidence.Interim, 1)
		require.Equal(t, 103, got.Evidence.Interim[0].Status)
	})
}

func TestAChainEndsWithItsFirstCertificate(t *testing.T) {
	day := func(n int) *x509.Certificate {
		return &x509.Certificate{NotAfter: time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC)}
	}
	require.Equal(t, day(3), endingFirst([][]*x509.Certificate{{day(9), day(3), day(5)}}))
	require.Equal(t, day(4), endingFirst([][]*x509.Certificate{{day(9), day(3)}, {day(9), day(4)}}),
		"the chain that lasts longest counts, for any valid chain will do")
	require.Nil(t, endingFirst(nil))
	require.Nil(t, endingFirst([][]*x509.Certificate{{}}))
}
