package probe

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const dayLong = 24 * time.Hour

// lasting is a certificate of a life that has passed but for what is left.
func lasting(life, left time.Duration) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.NotAfter = time.Now().Add(left)
		c.NotBefore = c.NotAfter.Add(-life)
	}
}

// intermediate is an authority between the issuer and a server.
func (a *authority) intermediate(t testing.TB, life, left time.Duration) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "test intermediate"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	lasting(life, left)(template)
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{certificate, key}
}

func TestHowLongACertificateLasts(t *testing.T) {
	root := newAuthority(t)
	runner := quick()
	runner.Roots = root.pool()
	usual := TLSExpect{ExpiresIn: UsualExpiresIn, LastQuarter: true}
	for name, tc := range map[string]struct {
		expect     TLSExpect
		life, left time.Duration
		above      time.Duration // what is left of an intermediate; 0: there is none
		want       Reason
		ends       time.Duration
		insecure   bool
	}{
		"90 of a year are enough":                   {expect: usual, life: 365 * dayLong, left: 90 * dayLong, want: OK},
		"20 days are not":                           {expect: usual, life: 90 * dayLong, left: 20 * dayLong, want: CertificateExpiring},
		"6 days are not":                            {expect: usual, life: 90 * dayLong, left: 6 * dayLong, want: CertificateExpiring},
		"half a day is not":                         {expect: usual, life: 90 * dayLong, left: dayLong / 2, want: CertificateExpiring},
		"an expired one is no answer":               {expect: usual, life: 90 * dayLong, left: -time.Hour, want: TLSExpired},
		"of 45 days 20 are enough":                  {expect: usual, life: 45 * dayLong, left: 20 * dayLong, want: OK},
		"of 45 days 11 are not":                     {expect: usual, life: 45 * dayLong, left: 11 * dayLong, want: CertificateExpiring},
		"of 6 days 2 are enough":                    {expect: usual, life: 6 * dayLong, left: 2 * dayLong, want: OK},
		"what is said holds for a short life too":   {expect: TLSExpect{ExpiresIn: 21 * dayLong}, life: 45 * dayLong, left: 20 * dayLong, want: CertificateExpiring},
		"more may be asked for":                     {expect: TLSExpect{ExpiresIn: 60 * dayLong}, life: 90 * dayLong, left: 50 * dayLong, want: CertificateExpiring},
		"nothing may be asked for":                  {life: 90 * dayLong, left: time.Hour, want: OK},
		"an intermediate ends before the leaf":      {expect: usual, life: 90 * dayLong, left: 80 * dayLong, above: 5 * dayLong, want: CertificateExpiring, ends: 5 * dayLong},
		"an intermediate ends after the leaf":       {expect: usual, life: 90 * dayLong, left: 80 * dayLong, above: 200 * dayLong, want: OK},
		"one that is not verified is not warned of": {expect: usual, life: 90 * dayLong, left: dayLong, want: OK, insecure: true},
	} {
		t.Run(name, func(t *testing.T) {
			issuer, chain := root, [][]byte(nil)
			if tc.above > 0 {
				issuer = root.intermediate(t, 365*dayLong, tc.above)
				chain = [][]byte{issuer.certificate.Raw}
			}
			leaf := issuer.issue(t, lasting(tc.life, tc.left))
			leaf.Certificate = append(leaf.Certificate, chain...)
			server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{leaf}}, false, ok)
			asked := target(t, server.URL)
			asked.Expect.TLS, asked.Transport.Insecure = tc.expect, tc.insecure
			got := lastAttempt(t, runner, asked)
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String(), got.Evidence.Error)
			if tc.want == TLSExpired {
				return
			}
			require.Equal(t, Good, got.Verdict.Outcome)
			require.Equal(t, tc.want == CertificateExpiring, got.Evidence.TLS.Expiring)
			require.WithinDuration(t, time.Now().Add(cmp.Or(tc.ends, tc.left)), got.Evidence.TLS.NotAfter, time.Minute)
			require.Equal(t, tc.want == CertificateExpiring, strings.Contains(strings.Join(got.Evidence.Notes, ""), "a certificate of the chain ends on "))
			if tc.want == CertificateExpiring {
				require.Equal(t, KindCertificate, got.Verdict.Kind())
				require.Equal(t, Warning, got.Verdict.Severity())
			}
		})
	}
}

func TestACertificateThatEndsSoonIsSeenWhateverElseIsWrong(t *testing.T) {
	issuer := newAuthority(t)
	runner := quick()
	runner.Roots = issuer.pool()
	server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{issuer.issue(t, lasting(90*dayLong, 5*dayLong))}}, false,
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	asked := target(t, server.URL)
	asked.Expect.TLS.ExpiresIn = UsualExpiresIn
	got := lastAttempt(t, runner, asked)
	require.Equal(t, ServerError, got.Verdict.Reason, "the worse of two troubles is the reason")
	require.True(t, got.Evidence.TLS.Expiring)
}

func TestOfAllHostsOnTheWayTheCertificateThatEndsFirstCounts(t *testing.T) {
	issuer := newAuthority(t)
	runner := quick()
	runner.Roots = issuer.pool()
	serve := func(left time.Duration, handler http.Handler) string {
		return serveTLS(t, &tls.Config{Certificates: []tls.Certificate{issuer.issue(t, lasting(365*dayLong, left))}}, false, handler).URL
	}
	for name, tc := range map[string]struct{ first, second time.Duration }{
		"the first":  {3 * dayLong, 100 * dayLong},
		"the second": {100 * dayLong, 3 * dayLong},
	} {
		t.Run(name, func(t *testing.T) {
			second := serve(tc.second, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
			first := serve(tc.first, http.RedirectHandler(second, http.StatusFound))
			asked := target(t, first)
			asked.Expect.TLS = TLSExpect{ExpiresIn: UsualExpiresIn, LastQuarter: true}
			got := lastAttempt(t, runner, asked)
			require.Equal(t, CertificateExpiring, got.Verdict.Reason, got.Evidence.Error)
			require.WithinDuration(t, time.Now().Add(3*dayLong), got.Evidence.TLS.NotAfter, time.Minute)
		})
	}
}
