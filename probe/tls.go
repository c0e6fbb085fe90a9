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

// Alerts of RFC 8446 section 6.2.
const (
	alertProtocolVersion = 70
	alertNoProtocol      = 120 // no_application_protocol
)

// oldTLSError says that the two sides agreed on a version that is too old.
type oldTLSError struct{ version, least uint16 }

func (e oldTLSError) Error() string {
	return fmt.Sprintf("the server speaks %s at most; %s is the least", tls.VersionName(e.version), tls.VersionName(e.least))
}

// notSpokenError says that the server does not speak the protocol that was asked for.
type notSpokenError struct {
	protocol Protocol
	err      error // may be nil
}

func (e *notSpokenError) Error() string {
	s := fmt.Sprintf("the server does not speak HTTP/%s here", e.protocol)
	if e.err != nil {
		s += ": " + e.err.Error()
	}
	return s
}

func (e *notSpokenError) Unwrap() error { return e.err }

func (e *notSpokenError) note() string {
	return fmt.Sprintf("only HTTP/%s was offered, as protocol says; write protocol: any to take what the server speaks", e.protocol)
}

// tlsConfig is how TLS is spoken with a target: the one place that says whom to trust
// and what to show. Versions that are too old may finish their handshake, for only so
// can it be said why the answer is refused.
func (x *exchange) tlsConfig(host string) *tls.Config {
	t := &x.target.Transport
	config := &tls.Config{
		ServerName:         host,
		RootCAs:            x.runner.Roots,
		MinVersion:         tls.VersionTLS10,
		NextProtos:         t.Protocol.offered(),
		InsecureSkipVerify: t.Insecure, // examine takes its place
	}
	if t.ServerName != "" && x.home {
		config.ServerName = t.ServerName
	}
	x.client.apply(config)
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if least := t.minTLS(); state.Version < least {
			return oldTLSError{state.Version, least}
		}
		if t.Insecure {
			x.doubt = examine(&state, config)
		}
		return nil
	}
	return config
}

// examine says what verifying a certificate would have said.
func examine(state *tls.ConnectionState, config *tls.Config) error {
	options := x509.VerifyOptions{Roots: config.RootCAs, DNSName: config.ServerName, Intermediates: x509.NewCertPool()}
	for _, certificate := range state.PeerCertificates[1:] {
		options.Intermediates.AddCert(certificate)
	}
	_, err := state.PeerCertificates[0].Verify(options)
	return err
}

// handshake speaks TLS over the connection, and sees that what was asked for is spoken.
func (x *exchange) handshake(ctx context.Context, host string) error {
	x.at = handshaking
	began := time.Now()
	x.secured = tls.Client(x.conn, x.tlsConfig(host))
	err := x.secured.HandshakeContext(ctx)
	x.timings.TLS = time.Since(began)
	protocol := x.target.Transport.Protocol
	switch {
	case err != nil:
		return refusedProtocol(protocol, err)
	case protocol == HTTP2 && x.secured.ConnectionState().NegotiatedProtocol != "h2":
		return &notSpokenError{protocol: protocol}
	}
	return nil
}

// refusedProtocol says so if a handshake failed because the server does not speak the
// one protocol that was offered.
func refusedProtocol(protocol Protocol, err error) error {
	if alert, found := alertOf(err); found && alert == alertNoProtocol && protocol != AnyProtocol {
		return &notSpokenError{protocol, err}
	}
	return err
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

// evidenceOfTLS is what a handshake agreed on. Of a certificate that was not verified
// the chain is what the server has sent.
func evidenceOfTLS(state *tls.ConnectionState, insecure bool) *TLSEvidence {
	chains := state.VerifiedChains
	if insecure {
		chains = [][]*x509.Certificate{state.PeerCertificates}
	}
	seen := &TLSEvidence{Version: tls.VersionName(state.Version), Unverified: insecure}
	if first := endingFirst(chains); first != nil {
		seen.NotBefore, seen.NotAfter = first.NotBefore.UTC(), first.NotAfter.UTC()
	}
	return seen
}

// doubted tells people what is known of a certificate that was not verified.
func doubted(doubt error) string {
	if doubt == nil {
		return "the certificate was not verified (insecure: true); it would have been accepted"
	}
	reason, found := ofTLS(doubt)
	if !found {
		reason = TLSFailure
	}
	return "the certificate was not verified (insecure: true); it would have been refused: " + reason.String()
}

// endingFirst is the certificate with which the last of the verified chains ends: a chain
// ends with the first of its certificates. It is nil if there is none.
func endingFirst(chains [][]*x509.Certificate) (last *x509.Certificate) {
	for _, chain := range chains {
		var first *x509.Certificate
		for _, certificate := range chain {
			if first == nil || certificate.NotAfter.Before(first.NotAfter) {
				first = certificate
			}
		}
		if last == nil || first != nil && first.NotAfter.After(last.NotAfter) {
			last = first
		}
	}
	return last
}

// endsFirst is the evidence of the handshake whose certificate ends first; that of the later
// one where neither tells.
func endsFirst(earlier, later *TLSEvidence) *TLSEvidence {
	if earlier == nil || earlier.NotAfter.IsZero() || !later.NotAfter.IsZero() && !earlier.NotAfter.Before(later.NotAfter) {
		return later
	}
	return earlier
}
