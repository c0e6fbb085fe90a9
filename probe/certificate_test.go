package probe

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestACertificateThatIsRefusedIsShown(t *testing.T) {
	trusted, stranger := newAuthority(t), newAuthority(t)
	runner := quick()
	runner.Roots = trusted.pool()
	begin := time.Now().Add(-48 * time.Hour).Truncate(time.Second).UTC()
	end := begin.Add(24 * time.Hour)
	insecure := over(func(o *Transport) { o.Insecure = true })
	expired := func(c *x509.Certificate) { c.NotBefore, c.NotAfter = begin, end }
	for name, tc := range map[string]struct {
		by      *authority
		cert    func(*x509.Certificate)
		options []func(*Target)
		want    Reason
	}{
		"that has expired":        {trusted, expired, nil, TLSExpired},
		"that begins tomorrow":    {trusted, func(c *x509.Certificate) { c.NotBefore = end.Add(48 * time.Hour) }, nil, TLSNotYetValid},
		"for another name":        {trusted, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"a.test", "*.b.test"} }, nil, TLSNameMismatch},
		"of a stranger":           {stranger, nil, nil, TLSUnknownAuthority},
		"for clients":             {trusted, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, nil, TLSFailure},
		"if it had been verified": {trusted, expired, []func(*Target){insecure}, OK},
	} {
		t.Run(name, func(t *testing.T) {
			pair := tc.by.issue(t, tc.cert)
			sent, err := x509.ParseCertificate(pair.Certificate[0])
			require.NoError(t, err)
			server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{pair}}, false, ok)
			got := lastAttempt(t, runner, target(t, server.URL, tc.options...))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String())
			seen := got.Evidence.Certificate
			require.NotNil(t, seen)
			require.Equal(t, []string{"CN=test server", "CN=test authority"}, []string{seen.Subject, seen.Issuer})
			require.Equal(t, []time.Time{sent.NotBefore, sent.NotAfter}, []time.Time{seen.NotBefore, seen.NotAfter})
			for _, address := range sent.IPAddresses {
				require.Contains(t, seen.Names, address.String())
			}
			require.Subset(t, seen.Names, sent.DNSNames)
			require.Zero(t, seen.More)
		})
	}
}

func TestACertificateThatIsAcceptedIsShownToWhoeverLooks(t *testing.T) {
	issuer := newAuthority(t)
	server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{issuer.issue(t, nil)}}, false, ok)
	require.Nil(t, lastAttempt(t, &Runner{Roots: issuer.pool()}, target(t, server.URL)).Evidence.Certificate)
	got := lastAttempt(t, &Runner{Roots: issuer.pool(), Detail: true}, target(t, server.URL))
	require.Equal(t, []string{"localhost", "127.0.0.1"}, got.Evidence.Certificate.Names)
	require.Nil(t, lastAttempt(t, quick(), target(t, server.URL, over(func(o *Transport) { o.Insecure = true }), func(t *Target) {
		t.Roots = &Roots{newReread(authorities{pool: issuer.pool()}, nil, nil)}
	})).Evidence.Certificate, "it would have been accepted")
}

func TestOfAChainTheCertificateThatIsToBlameIsShown(t *testing.T) {
	leaf := &x509.Certificate{Subject: pkix.Name{CommonName: "leaf"}}
	middle := &x509.Certificate{Subject: pkix.Name{CommonName: "middle"}}
	shown := func(err error) *x509.Certificate {
		return refusedCertificate(fmt.Errorf("handshake: %w", &tls.CertificateVerificationError{UnverifiedCertificates: []*x509.Certificate{leaf, middle}, Err: err}))
	}
	require.Same(t, middle, shown(x509.CertificateInvalidError{Cert: middle, Reason: x509.Expired}))
	require.Same(t, leaf, shown(x509.UnknownAuthorityError{}))
	require.Same(t, leaf, shown(x509.HostnameError{Certificate: leaf}))
	require.Nil(t, refusedCertificate(errors.New("something else")))
	require.Nil(t, refusedCertificate(&tls.CertificateVerificationError{}))
}

func TestWhatIsKeptOfACertificateIsBoundedAndPrintable(t *testing.T) {
	hostile := pkix.Name{CommonName: "\x1b[31m" + strings.Repeat("x", 1000)}
	c := &x509.Certificate{Subject: hostile, Issuer: hostile, DNSNames: []string{"\u202ea.test", strings.Repeat("y", 1000)}}
	for i := range 9_998 {
		c.DNSNames = append(c.DNSNames, fmt.Sprintf("host-%d.example.com", i))
	}
	seen := evidenceOfCertificate(c)
	require.Len(t, seen.Names, maxNames)
	require.Equal(t, 10_000-maxNames, seen.More)
	for _, s := range append(seen.Names, seen.Subject, seen.Issuer) {
		requirePrintable(t, s)
		require.LessOrEqual(t, len([]rune(s)), maxCertified)
	}
}

func TestNoSecretIsSeenInACertificate(t *testing.T) {
	issuer := newAuthority(t)
	server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{issuer.issue(t, func(c *x509.Certificate) {
		c.Subject.CommonName, c.DNSNames = "t0ken-of-ours", []string{"t0ken-of-ours"}
	})}}, false, ok)
	got := lastAttempt(t, quick(), target(t, server.URL, asking(Bearer(fixed("t0ken-of-ours")))))
	require.Equal(t, TLSUnknownAuthority, got.Verdict.Reason)
	require.Equal(t, "CN=[redacted]", got.Evidence.Certificate.Subject)
	require.Equal(t, []string{"[redacted]", "127.0.0.1"}, got.Evidence.Certificate.Names)
}
