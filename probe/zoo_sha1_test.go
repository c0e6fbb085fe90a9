package probe

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The algorithms of RFC 8017 appendix C with which a certificate is signed, encoded.
var (
	rsaWithSHA256 = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b}
	rsaWithSHA1   = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05}
)

// signSHA1 signs a certificate anew with SHA-1, which crypto/x509 does not do any more.
func signSHA1(t *testing.T, der []byte, key *rsa.PrivateKey) []byte {
	t.Helper()
	var whole struct {
		Body      asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	_, err := asn1.Unmarshal(bytes.ReplaceAll(der, rsaWithSHA256, rsaWithSHA1), &whole)
	require.NoError(t, err)
	sum := sha1.Sum(whole.Body.FullBytes)
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA1, sum[:])
	require.NoError(t, err)
	whole.Signature = asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}
	signed, err := asn1.Marshal(whole)
	require.NoError(t, err)
	return signed
}

func TestACertificateSignedWithSHA1ProvesNothing(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, &key.PublicKey, key)
	require.NoError(t, err)
	root, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: root.NotBefore, NotAfter: root.NotAfter, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err = x509.CreateCertificate(rand.Reader, leaf, root, &key.PublicKey, key)
	require.NoError(t, err)
	runner := quick()
	runner.Roots = x509.NewCertPool()
	runner.Roots.AddCert(root)

	for name, tc := range map[string]struct {
		certificate []byte
		want        Reason
	}{
		"the same signed with SHA-256": {der, OK},
		"signed with SHA-1":            {signSHA1(t, der, key), TLSUnknownAuthority},
	} {
		t.Run(name, func(t *testing.T) {
			certificate := tls.Certificate{Certificate: [][]byte{tc.certificate}, PrivateKey: key}
			server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{certificate}}, false, ok)
			got := lastAttempt(t, runner, target(t, server.URL))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String(), got.Evidence.Error)
			requireBounded(t, got)
		})
	}
}
