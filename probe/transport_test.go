package probe

import (
	"crypto/tls"
	"crypto/x509"
	"encoding"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// over makes a target that is reached in a certain way.
func over(change func(*Transport)) func(*Target) { return func(t *Target) { change(&t.Transport) } }

func speaking(p Protocol) func(*Target) { return over(func(t *Transport) { t.Protocol = p }) }

func TestWordsOfTransportAreReadBack(t *testing.T) {
	for _, word := range []interface {
		encoding.TextMarshaler
		encoding.TextUnmarshaler
	}{ptr(AnyProtocol), ptr(HTTP1), ptr(HTTP2), ptr(HTTP3)} {
		written, err := word.MarshalText()
		require.NoError(t, err)
		var read Protocol
		require.NoError(t, read.UnmarshalText(written))
		require.Equal(t, word, &read)
	}
	var family Family
	require.NoError(t, family.UnmarshalText([]byte("both")))
	require.Equal(t, BothFamilies, family)
	require.ErrorContains(t, family.UnmarshalText([]byte("ip5")), "use one of any, ip4, ip6, both")
	require.Equal(t, "IPv6", IPv6.Title())
}

func ptr[T any](v T) *T { return &v }

// serveH2C serves HTTP/2 without TLS.
func serveH2C(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

func TestTheProtocolThatIsAskedForIsSpoken(t *testing.T) {
	issuer := newAuthority(t)
	runner := quick()
	runner.Roots = issuer.pool()
	config := func(protocols ...string) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{issuer.issue(t, nil)}, NextProtos: protocols}
	}
	both := serveTLS(t, config(), true, ok).URL
	old := serveTLS(t, config(), false, ok).URL
	silent := serveConns(t, func(_ *rawServer, conn net.Conn) { // speaks TLS and knows no ALPN
		secured := tls.Server(conn, config())
		if _, err := secured.Read(make([]byte, 4096)); err == nil {
			_, _ = io.WriteString(secured, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	strict := serveConns(t, func(_ *rawServer, conn net.Conn) { // speaks no HTTP
		_ = tls.Server(conn, config("acme-tls/1")).Handshake()
	})
	secure := func(s *rawServer) string { return strings.Replace(s.url, "http:", "https:", 1) }
	plain := serveWeb(t, ok).URL
	h2c := serveH2C(t, ok)
	for name, tc := range map[string]struct {
		address  string
		protocol Protocol
		want     Reason
		spoken   string
	}{
		"any takes HTTP/2 where there is one":          {both, AnyProtocol, OK, "HTTP/2.0"},
		"any takes HTTP/1.1 where there is no other":   {old, AnyProtocol, OK, "HTTP/1.1"},
		"1.1 where HTTP/2 would be preferred":          {both, HTTP1, OK, "HTTP/1.1"},
		"1.1 where the server says nothing about it":   {secure(silent), HTTP1, OK, "HTTP/1.1"},
		"1.1 where it is refused":                      {secure(strict), HTTP1, ProtocolError, ""},
		"2 over TLS":                                   {both, HTTP2, OK, "HTTP/2.0"},
		"2 where there is only 1.1":                    {old, HTTP2, ProtocolError, ""},
		"2 where the server says nothing about it":     {secure(silent), HTTP2, ProtocolError, ""},
		"2 without TLS is spoken without asking first": {h2c, HTTP2, OK, "HTTP/2.0"},
		"2 without TLS where there is only 1.1":        {plain, HTTP2, ProtocolError, ""},
		"1.1 without TLS":                              {plain, HTTP1, OK, "HTTP/1.1"},
		"any without TLS is 1.1":                       {plain, AnyProtocol, OK, "HTTP/1.1"},
	} {
		t.Run(name, func(t *testing.T) {
			got := lastAttempt(t, runner, target(t, tc.address, speaking(tc.protocol), within(2*time.Second)))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String(), got.Evidence.Error)
			require.Equal(t, tc.spoken, got.Evidence.Protocol)
			if tc.want != OK && strings.HasPrefix(tc.address, "https") {
				require.Contains(t, strings.Join(got.Evidence.Notes, "\n"), "only HTTP/"+tc.protocol.String()+" was offered")
			}
			requireBounded(t, got)
		})
	}
}

func TestTheOldestTLSThatWillDo(t *testing.T) {
	issuer := newAuthority(t)
	runner := quick()
	runner.Roots = issuer.pool()
	for name, tc := range map[string]struct {
		least, spoken uint16
		want          Reason
	}{
		"1.1 is too old by default":        {0, tls.VersionTLS11, TLSVersion},
		"1.2 will do by default":           {0, tls.VersionTLS12, OK},
		"1.0 will do if it is asked for":   {tls.VersionTLS10, tls.VersionTLS10, OK},
		"1.1 will do if it is asked for":   {tls.VersionTLS11, tls.VersionTLS11, OK},
		"1.0 is too old if 1.1 is the end": {tls.VersionTLS11, tls.VersionTLS10, TLSVersion},
		"1.2 is too old if 1.3 is the end": {tls.VersionTLS13, tls.VersionTLS12, TLSVersion},
		"1.3 will do if it is the end":     {tls.VersionTLS13, tls.VersionTLS13, OK},
	} {
		t.Run(name, func(t *testing.T) {
			server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{issuer.issue(t, nil)}, MinVersion: tc.spoken, MaxVersion: tc.spoken}, false, ok)
			got := lastAttempt(t, runner, target(t, server.URL, over(func(o *Transport) { o.MinTLS = tc.least })))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String(), got.Evidence.Error)
			if tc.want == OK {
				require.Equal(t, tls.VersionName(tc.spoken), got.Evidence.TLS.Version)
			} else {
				require.Contains(t, got.Evidence.Error, "the server speaks "+tls.VersionName(tc.spoken)+" at most")
			}
		})
	}
}

func TestAnInsecureTargetIsExaminedAllTheSame(t *testing.T) {
	trusted, stranger := newAuthority(t), newAuthority(t)
	runner := quick()
	runner.Roots = trusted.pool()
	end := time.Now().Add(-time.Hour).Truncate(time.Second).UTC()
	for name, tc := range map[string]struct {
		by   *authority
		cert func(*x509.Certificate)
		note string
	}{
		"good":          {trusted, nil, "it would have been accepted"},
		"expired":       {trusted, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = end.Add(-time.Hour), end }, "refused: tls_expired"},
		"wrong name":    {trusted, func(c *x509.Certificate) { c.IPAddresses = nil }, "refused: tls_name_mismatch"},
		"of a stranger": {stranger, nil, "refused: tls_unknown_authority"},
	} {
		t.Run(name, func(t *testing.T) {
			server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{tc.by.issue(t, tc.cert)}}, false, ok)
			got := lastAttempt(t, runner, target(t, server.URL, over(func(o *Transport) { o.Insecure = true })))
			require.Equal(t, OK.String(), got.Verdict.Reason.String(), got.Evidence.Error)
			require.True(t, got.Evidence.TLS.Unverified)
			require.Contains(t, strings.Join(got.Evidence.Notes, "\n"), tc.note)
			if name == "expired" {
				require.Equal(t, end, got.Evidence.TLS.NotAfter, "the end of what was sent")
			}
		})
	}
	server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{trusted.issue(t, nil)}, MaxVersion: tls.VersionTLS11}, false, ok)
	got := lastAttempt(t, runner, target(t, server.URL, over(func(o *Transport) { o.Insecure = true })))
	require.Equal(t, TLSVersion, got.Verdict.Reason, "insecure is about certificates, not about versions")
}

func TestTheServerNameIsSentAndChecked(t *testing.T) {
	issuer := newAuthority(t)
	runner := quick()
	runner.Roots = issuer.pool()
	named := func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"shop.example.com"} }
	var seen string
	config := &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		seen = hello.ServerName
		certificate := issuer.issue(t, named)
		return &certificate, nil
	}}
	server := serveTLS(t, config, false, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) }))
	name := func(s string) func(*Target) { return over(func(o *Transport) { o.ServerName = s }) }
	got := lastAttempt(t, runner, target(t, server.URL, name("shop.example.com"), containing(strings.TrimPrefix(server.URL, "https://"))))
	require.Equal(t, OK.String(), got.Verdict.Reason.String(), got.Evidence.Error)
	require.Equal(t, "shop.example.com", seen)
	got = lastAttempt(t, runner, target(t, server.URL, name("other.example.com")))
	require.Equal(t, TLSNameMismatch, got.Verdict.Reason)
}

func TestAnIncompleteChainIsAnUnknownAuthority(t *testing.T) {
	root := newAuthority(t)
	middle := root.delegate(t)
	runner := quick()
	runner.Roots = root.pool()
	leaf := middle.issue(t, nil)
	server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{leaf}}, false, ok)
	require.Equal(t, TLSUnknownAuthority, lastAttempt(t, runner, target(t, server.URL)).Verdict.Reason)
	leaf.Certificate = append(leaf.Certificate, middle.certificate.Raw)
	complete := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{leaf}}, false, ok)
	require.Equal(t, OK, lastAttempt(t, runner, target(t, complete.URL)).Verdict.Reason)
}

func TestAHandshakeThatIsReset(t *testing.T) {
	server := serveConns(t, func(_ *rawServer, conn net.Conn) {
		_, _ = conn.Read(make([]byte, 4096))
		resets("")(conn)
	})
	got := lastAttempt(t, quick(), target(t, strings.Replace(server.url, "http:", "https:", 1)))
	require.Equal(t, ConnectionReset, got.Verdict.Reason, got.Evidence.Error)
}

func TestAnAddressThatNobodyMayAsk(t *testing.T) {
	for _, address := range []string{"http://169.254.169.254/latest/meta-data/", "https://[fd00:ec2::254]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[fe80::1%25lo]/"} {
		got := lastAttempt(t, quick(), target(t, address, over(func(o *Transport) { o.AllowNetworks = []netip.Prefix{netip.MustParsePrefix("::/0")} })))
		require.Equal(t, AddressBlocked, got.Verdict.Reason, got.Evidence.Error)
		require.Equal(t, Unknown, got.Verdict.Outcome)
		require.Equal(t, FaultProber, got.Verdict.Fault)
		require.Contains(t, strings.Join(got.Evidence.Notes, "\n"), "where sonde never asks; configure another address")
		require.Empty(t, got.Evidence.RemoteAddr)
	}
}

func TestARedirectToAnAddressThatNobodyMayAsk(t *testing.T) {
	server := serveWeb(t, redirecting(map[string]string{
		"/metadata": "301 http://169.254.169.254/", "/hex": "302 http://0x7f.1/", "/number": "307 http://2130706433/", "/dot": "302 http://127.0.0.1./",
		"/wide": "302 http://１２７.0.0.1/", "/local": "302 http://[fe80::1]/", "/broken": "302 http://a..b/",
	}))
	for path, want := range map[string]Reason{"/metadata": RedirectBlocked, "/hex": RedirectBlocked, "/number": RedirectBlocked, "/dot": RedirectBlocked,
		"/wide": RedirectBlocked, "/local": RedirectBlocked, "/broken": RedirectInvalid} {
		got := lastAttempt(t, quick(), target(t, server.URL+path))
		require.Equal(t, want.String(), got.Verdict.Reason.String(), path)
		require.NotZero(t, got.Verdict.Status, "the redirect is what the target answered")
		require.Contains(t, strings.Join(got.Evidence.Notes, "\n"), "not ", path)
		require.Equal(t, strings.TrimPrefix(server.URL, "http://"), got.Evidence.RemoteAddr, path)
		require.Empty(t, got.Evidence.Redirects, "nobody went there: %s", path)
		require.NotContains(t, strings.Join(got.Evidence.Notes, "\n"), "configure http", "it is no advice: %s", path)
	}
}

func TestHowMuchOfABodyIsRead(t *testing.T) {
	server := serveWeb(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 3<<20)+"end")
	})
	for name, tc := range map[string]struct {
		most, read int64
		want       Reason
		note       string
	}{
		"1 MiB where nothing is said":      {0, 1 << 20, BodyMismatch, "cut at 1 MiB"},
		"less if less is asked for":        {10, 10, BodyMismatch, "cut at 10 bytes"},
		"half a MiB":                       {512 << 10, 512 << 10, BodyMismatch, "cut at 512 KiB"},
		"more if more is asked for":        {4 << 20, 3<<20 + 3, OK, ""},
		"never more than the most allowed": {1 << 40, 3<<20 + 3, OK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := lastAttempt(t, quick(), target(t, server.URL, containing("end"), over(func(o *Transport) { o.MaxBody = tc.most })))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String())
			require.Equal(t, tc.read, got.Evidence.BodyBytes)
			require.Equal(t, tc.note != "", len(got.Evidence.Notes) == 2, "where it was cut, and what was not in it")
			require.Contains(t, strings.Join(got.Evidence.Notes, ""), tc.note)
		})
	}
	require.Equal(t, int64(MostBody), (&Transport{MaxBody: 1 << 40}).maxBody())
}
