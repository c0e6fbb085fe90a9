package probe

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// forClients makes a certificate one for clients.
func forClients(c *x509.Certificate) {
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	c.Subject.CommonName = "sonde"
}

// wallet is a folder with a certificate, its key, and authorities.
type wallet struct{ certificate, key, authorities string }

func newWallet(t *testing.T) wallet {
	folder := t.TempDir()
	return wallet{filepath.Join(folder, "client.pem"), filepath.Join(folder, "client.key"), filepath.Join(folder, "ca.pem")}
}

// put writes a certificate and its key.
func (w wallet) put(t *testing.T, pair tls.Certificate) {
	t.Helper()
	key, err := x509.MarshalECPrivateKey(pair.PrivateKey.(*ecdsa.PrivateKey))
	require.NoError(t, err)
	replace(t, w.certificate, block("CERTIFICATE", pair.Certificate[0]))
	replace(t, w.key, block("EC PRIVATE KEY", key))
}

func block(kind string, bytes []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}))
}

func (w wallet) identity(t *testing.T) *Identity {
	t.Helper()
	identity, err := LoadIdentity(w.certificate, w.key)
	require.NoError(t, err)
	return identity
}

func showing(i *Identity) func(*Target) { return func(t *Target) { t.Auth = &Auth{Identity: i} } }

func TestClientCertificates(t *testing.T) {
	trusted, stranger := newAuthority(t), newAuthority(t)
	expired := func(c *x509.Certificate) {
		forClients(c)
		c.NotBefore, c.NotAfter = time.Now().Add(-100*time.Hour), time.Now().Add(-50*time.Hour)
	}
	early := func(c *x509.Certificate) {
		forClients(c)
		c.NotBefore, c.NotAfter = time.Now().Add(time.Hour), time.Now().Add(100*time.Hour)
	}
	for name, tc := range map[string]struct {
		by     *authority // nil: no certificate
		change func(*x509.Certificate)
		want   Reason
		notes  []string // the start of each, for TLS 1.3 and 1.2
	}{
		"a good one is taken":       {trusted, forClients, OK, nil},
		"none is a credential lost": {nil, nil, Unauthenticated, []string{"the server refuses our side of the handshake: ", "no client certificate is configured (auth: {mtls: {cert, key}})"}},
		"of a stranger": {stranger, forClients, Unauthenticated,
			[]string{"the server refuses our side of the handshake: it does not know the authority that signed the certificate (TLS alert 48)", "the client certificate is valid until "}},
		"an expired one": {trusted, expired, Unauthenticated,
			[]string{"the server refuses our side of the handshake: the certificate has expired (TLS alert 45)", "the client certificate expired 2 d ago"}},
		"one of tomorrow": {trusted, early, Unauthenticated,
			[]string{"the server refuses our side of the handshake: the certificate has expired (TLS alert 45)", "the client certificate is not valid before "}},
		"one for servers only": {trusted, nil, Unauthenticated,
			[]string{"the server refuses our side of the handshake: ", "the client certificate is valid until "}},
	} {
		for version, number := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
			t.Run(name+", "+version, func(t *testing.T) {
				server := serveTLS(t, &tls.Config{
					Certificates: []tls.Certificate{trusted.issue(t, nil)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trusted.pool(), MaxVersion: number,
				}, false, ok)
				runner, options := quiet(), []func(*Target){}
				runner.Roots = trusted.pool()
				if tc.by != nil {
					w := newWallet(t)
					w.put(t, tc.by.issue(t, tc.change))
					options = append(options, showing(w.identity(t)))
				}
				got := lastAttempt(t, runner, target(t, server.URL, options...))
				require.Equal(t, tc.want.String(), got.Verdict.Reason.String(), got.Evidence.Error)
				require.Len(t, got.Evidence.Notes, len(tc.notes), "%q", got.Evidence.Notes)
				for i, note := range tc.notes {
					require.True(t, strings.HasPrefix(got.Evidence.Notes[i], note), "%q", got.Evidence.Notes)
				}
				if tc.want != OK {
					require.Equal(t, Excluded, got.Verdict.Outcome)
				}
			})
		}
	}
}

func TestACertificateIsShownToItsOriginAlone(t *testing.T) {
	trusted := newAuthority(t)
	wants := func(handler http.HandlerFunc) string {
		return serveTLS(t, &tls.Config{
			Certificates: []tls.Certificate{trusted.issue(t, nil)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trusted.pool(),
		}, false, handler).URL
	}
	elsewhere := wants(ok)
	home := wants(redirecting(map[string]string{"/": "302 " + elsewhere}))
	w := newWallet(t)
	w.put(t, trusted.issue(t, forClients))
	runner := quiet()
	runner.Roots = trusted.pool()
	got := lastAttempt(t, runner, target(t, home, showing(w.identity(t))))
	require.Equal(t, Unauthenticated, got.Verdict.Reason)
	require.Contains(t, got.Evidence.Notes, "the client certificate was not shown, because a redirect led to another origin")
}

func TestACertificateThatChangesIsShownAnew(t *testing.T) {
	trusted := newAuthority(t)
	var shown []string
	server := serveTLS(t, &tls.Config{
		Certificates: []tls.Certificate{trusted.issue(t, nil)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trusted.pool(),
	}, false, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		shown = append(shown, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	named := func(name string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			forClients(c)
			c.Subject.CommonName = name
		}
	}
	w := newWallet(t)
	w.put(t, trusted.issue(t, named("one")))
	identity := w.identity(t)
	runner, log := logged()
	runner.Roots = trusted.pool()
	asked := target(t, server.URL, showing(identity))
	look := func() {
		identity.pair.mu.Lock()
		identity.pair.looked = time.Time{}
		identity.pair.mu.Unlock()
		require.Equal(t, OK, runOnce(t, runner, asked).Verdict.Reason)
	}
	look()
	second := trusted.issue(t, named("two"))
	replace(t, w.certificate, block("CERTIFICATE", second.Certificate[0]))
	look() // the key does not fit yet
	look()
	require.Equal(t, []string{"one", "one", "one"}, shown)
	require.Equal(t, 1, strings.Count(log(), "level=WARN"))
	w.put(t, second)
	look()
	require.Equal(t, []string{"one", "one", "one", "two"}, shown)
	require.Contains(t, log(), "credential read anew")
}

func TestPrivateAuthorities(t *testing.T) {
	private, public := newAuthority(t), newAuthority(t)
	w := newWallet(t)
	replace(t, w.authorities, "text before\n"+block("CERTIFICATE", private.certificate.Raw))
	roots, err := LoadRoots(w.authorities)
	require.NoError(t, err)
	trusting := func(t *Target) { t.Roots = roots }
	runner := quiet()
	runner.Roots = public.pool()
	at := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{private.issue(t, nil)}}, false, ok).URL
	require.Equal(t, TLSUnknownAuthority, runOnce(t, runner, target(t, at)).Verdict.Reason)
	require.Equal(t, OK, runOnce(t, runner, target(t, at, trusting)).Verdict.Reason)
	other := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{public.issue(t, nil)}}, false, ok).URL
	require.Equal(t, TLSUnknownAuthority, runOnce(t, runner, target(t, other, trusting)).Verdict.Reason, "they stand in place of the usual ones")

	t.Run("a token endpoint may be in public", func(t *testing.T) {
		i := newIssuer(t)
		for _, by := range []*authority{public, private} {
			endpoint := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{by.issue(t, nil)}}, false, http.HandlerFunc(i.give))
			protected := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{private.issue(t, nil)}}, false, http.HandlerFunc(i.take))
			credential := i.credential(t, func(o *OAuth2) { o.TokenURL = target(t, endpoint.URL).URL })
			got := lastAttempt(t, runner, target(t, protected.URL, asking(credential), trusting))
			require.Equal(t, OK, got.Verdict.Reason, got.Evidence.Error)
		}
	})
}

func TestFilesThatAreNoIdentity(t *testing.T) {
	trusted := newAuthority(t)
	one, two := trusted.issue(t, forClients), trusted.issue(t, forClients)
	for name, tc := range map[string]struct {
		spoil func(w wallet)
		says  string
	}{
		"a key of another certificate": {func(w wallet) { replace(t, w.certificate, block("CERTIFICATE", two.Certificate[0])) }, "private key does not match public key"},
		"no certificate at all":        {func(w wallet) { replace(t, w.certificate, "x") }, "failed to find any PEM data"},
		"an encrypted key":             {func(w wallet) { replace(t, w.key, block("ENCRYPTED PRIVATE KEY", []byte("x"))) }, "the key is encrypted; store it without a passphrase"},
		"no key":                       {func(w wallet) { require.NoError(t, os.Remove(w.key)) }, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWallet(t)
			w.put(t, one)
			tc.spoil(w)
			_, err := LoadIdentity(w.certificate, w.key)
			require.ErrorContains(t, err, tc.says)
		})
	}
	w := newWallet(t)
	for _, content := range []string{"", "no certificate", block("PRIVATE KEY", []byte("x")), block("CERTIFICATE", []byte("x"))} {
		replace(t, w.authorities, content)
		_, err := LoadRoots(w.authorities)
		require.Error(t, err)
	}
}
