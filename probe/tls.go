package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"reflect"
	"time"
)

// minTLS is the oldest version of TLS that counts as an answer.
const minTLS = tls.VersionTLS12

// alertProtocolVersion is the alert of RFC 8446 section 6.2.
const alertProtocolVersion = 70

// oldTLSError says that the two sides agreed on a version that is too old.
type oldTLSError struct{ version uint16 }

func (e oldTLSError) Error() string {
	return fmt.Sprintf("the server speaks %s at most; %s is the least", tls.VersionName(e.version), tls.VersionName(minTLS))
}

// handshake speaks TLS over a connection. Versions that are too old may finish
// their handshake, for only so can it be said why the answer is refused.
func handshake(ctx context.Context, conn net.Conn, host string, roots *x509.CertPool) (*tls.Conn, error) {
	secured := tls.Client(conn, &tls.Config{
		ServerName: host,
		RootCAs:    roots,
		MinVersion: tls.VersionTLS10,
		NextProtos: []string{"h2", "http/1.1"},
		VerifyConnection: func(state tls.ConnectionState) error {
			if state.Version < minTLS {
				return oldTLSError{state.Version}
			}
			return nil
		},
	})
	return secured, secured.HandshakeContext(ctx)
}

// ofTLS finds the reason of an error that TLS or a certificate is about.
func ofTLS(err error) (reason Reason, found bool) {
	if invalid, found := errors.AsType[x509.CertificateInvalidError](err); found {
		return ofInvalid(invalid), true
	}
	if _, found := errors.AsType[x509.HostnameError](err); found {
		return TLSNameMismatch, true
	}
	if _, found := errors.AsType[x509.UnknownAuthorityError](err); found {
		return TLSUnknownAuthority, true
	}
	if _, found := errors.AsType[x509.SystemRootsError](err); found {
		return ProberResource, true
	}
	if _, found := errors.AsType[oldTLSError](err); found {
		return TLSVersion, true
	}
	if alert, found := alertOf(err); found {
		if alert == alertProtocolVersion {
			return TLSVersion, true
		}
		return TLSFailure, true
	}
	if _, found := errors.AsType[tls.RecordHeaderError](err); found {
		return TLSFailure, true
	}
	return OK, false
}

func ofInvalid(invalid x509.CertificateInvalidError) Reason {
	switch {
	case invalid.Reason != x509.Expired:
		return TLSFailure
	case invalid.Cert != nil && time.Now().Before(invalid.Cert.NotBefore):
		return TLSNotYetValid
	}
	return TLSExpired
}

// alertOf returns the TLS alert that the other side sent. Outside QUIC the type
// of an alert is private to crypto/tls, but its value is the alert's number: no
// other error that a connection gives is a byte.
func alertOf(err error) (alert uint8, found bool) {
	if alert, found := errors.AsType[tls.AlertError](err); found {
		return uint8(alert), true
	}
	op, found := errors.AsType[*net.OpError](err)
	if !found || op.Err == nil {
		return 0, false
	}
	value := reflect.ValueOf(op.Err)
	if value.Kind() != reflect.Uint8 {
		return 0, false
	}
	return uint8(value.Uint()), true
}

// evidenceOfTLS is what a handshake agreed on.
func evidenceOfTLS(state *tls.ConnectionState) *TLSEvidence {
	return &TLSEvidence{Version: tls.VersionName(state.Version), NotAfter: validUntil(state.VerifiedChains)}
}

// validUntil is when the last of the verified chains ends: a chain ends with the
// first of its certificates.
func validUntil(chains [][]*x509.Certificate) (until time.Time) {
	for _, chain := range chains {
		var end time.Time
		for _, certificate := range chain {
			if end.IsZero() || certificate.NotAfter.Before(end) {
				end = certificate.NotAfter
			}
		}
		if end.After(until) {
			until = end
		}
	}
	return until.UTC()
}
