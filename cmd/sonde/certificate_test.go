package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/notify/slack/fakeslack"
	"sonde/probe"
	"sonde/report"
)

// issuer signs certificates for 127.0.0.1.
type issuer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{certificate: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().AddDate(5, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	var err error
	i.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, i.certificate, i.certificate, &i.key.PublicKey, i.key)
	require.NoError(t, err)
	i.certificate, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	return i
}

// file is a file with the issuer's own certificate, as SSL_CERT_FILE names one.
func (i *issuer) file(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.certificate.Raw}), 0o600))
	return path
}

// lasting is a certificate of 90 days of which so much is left.
func (i *issuer) lasting(t *testing.T, left time.Duration) *tls.Certificate {
	end := time.Now().Add(left)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: end.AddDate(0, 0, -90), NotAfter: end, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}, i.certificate, &key.PublicKey, i.key)
	require.NoError(t, err)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// A certificate that ends in six days is told once, however often the service is killed,
// and what is renewed is over.
func TestACertificateIsToldOnceAlthoughTheServiceIsKilled(t *testing.T) {
	t.Parallel()
	authority := newIssuer(t)
	roots := "SSL_CERT_FILE=" + authority.file(t)
	var shown atomic.Pointer[tls.Certificate]
	shown.Store(authority.lasting(t, 6*24*time.Hour+90*time.Minute))
	s := newScene(t)
	target := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { s.asked.Add(1) }))
	target.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{Certificates: []tls.Certificate{*shown.Load()}}, nil
	}}
	target.Config.ErrorLog = log.New(io.Discard, "", 0)
	target.StartTLS()
	t.Cleanup(target.Close)
	s.write(t, fmt.Sprintf(`
listen: %s
destinations:
  ops: {slack: {token: "${env:SLACK_TOKEN}", channel: C0OPS, api_url: %q}}
defaults: {interval: 1s, notify: [ops], alert: {resolve_after: 1s}}
probes:
  - {name: shop, url: %q}
`, s.listen, s.slack.URL(), target.URL))

	first := s.serve(t, roots)
	s.eventually(t, "the certificate is told", func() bool { told, _ := s.told(); return len(told) == 1 })
	s.settled(t)
	first.kill()
	second := s.serve(t, roots)
	asked := s.asked.Load()
	s.eventually(t, "the target is asked again", func() bool { return s.asked.Load() >= asked+3 })
	status, code := s.report(t)
	require.Equal(t, report.ExitWarning, code)
	require.Equal(t, probe.KindCertificate, status.Probes[0].Incidents[0].Kind)
	require.WithinDuration(t, time.Now().Add(6*24*time.Hour+90*time.Minute), *status.Probes[0].CertificateEnds, time.Minute)
	told, replies := s.told()
	require.Len(t, told, 1)
	require.Empty(t, replies)
	require.Regexp(t, `^certificate: shop has a certificate that ends soon: it ends in 6 d 1 h, on `, told[0].Text)

	s.check(t, "shop", roots)

	shown.Store(authority.lasting(t, 90*24*time.Hour))
	s.eventually(t, "the renewal is told", func() bool { _, replies := s.told(); return len(replies) == 1 })
	_, replies = s.told()
	require.Contains(t, replies[0].Text, "certificate: shop has a certificate that lasts, ")
	require.Equal(t, 0, second.end(syscall.SIGTERM))
}

// check looks once at a probe whose certificate ends soon, in a process of its own, which
// reads the roots anew.
func (s *scene) check(t *testing.T, name, roots string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "check", name, "--json", "-c", s.config)
	cmd.Env = append(os.Environ(), asSonde+"=yes", "SLACK_TOKEN="+fakeslack.Token, roots)
	document, err := cmd.Output()
	require.NoError(t, err, "the answer is good")
	var answer report.Check
	require.NoError(t, json.Unmarshal(document, &answer))
	require.True(t, answer.Attempts[0].TLS.Expiring)
	require.Equal(t, probe.CertificateExpiring, answer.Verdict.Reason)
	require.Contains(t, answer.Attempts[0].Notes[0], "a certificate of the chain ends on ")
}
