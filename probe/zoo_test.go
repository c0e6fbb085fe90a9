package probe

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// certify has a certificate signed for a key of the caller's choice.
func (a *authority) certify(t testing.TB, key *rsa.PrivateKey, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	parsed, err := x509.ParseCertificate(a.issue(t, change).Certificate[0])
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, parsed, a.certificate, &key.PublicKey, a.key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestRareCertificates(t *testing.T) {
	issuer := newAuthority(t)
	runner := quick()
	runner.Roots = issuer.pool()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		certificate tls.Certificate
		want        Reason
	}{
		"a key of 1024 bits still proves who it is": {issuer.certify(t, weak, nil), OK},
		"a certificate for 10,000 names is read whole": {issuer.issue(t, func(c *x509.Certificate) {
			for i := range 10_000 {
				c.DNSNames = append(c.DNSNames, fmt.Sprintf("host-%d.example.com", i))
			}
		}), OK},
		"a certificate for 10,000 other names": {issuer.issue(t, func(c *x509.Certificate) {
			c.IPAddresses = nil
			for i := range 10_000 {
				c.DNSNames = append(c.DNSNames, fmt.Sprintf("host-%d.example.com", i))
			}
		}), TLSNameMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{tc.certificate}}, false, ok)
			got := lastAttempt(t, runner, target(t, server.URL))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String(), got.Evidence.Error)
			requireBounded(t, got)
		})
	}
}
