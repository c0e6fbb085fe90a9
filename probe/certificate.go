package probe

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	"sonde/text"
)

// Bounds of what is kept of a certificate.
const (
	maxNames     = 6   // hosts that it is for
	maxCertified = 120 // characters of a name
)

// CertificateEvidence is what a certificate says of itself, printable.
type CertificateEvidence struct {
	Subject   string
	Issuer    string
	Names     []string // the first hosts that it is for
	More      int      // hosts that it is for, too
	NotBefore time.Time
	NotAfter  time.Time
}

func evidenceOfCertificate(c *x509.Certificate) *CertificateEvidence {
	seen := &CertificateEvidence{
		Subject: text.Printable(c.Subject.String(), maxCertified), Issuer: text.Printable(c.Issuer.String(), maxCertified),
		NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(),
	}
	all := make([]string, 0, maxNames)
	for _, name := range c.DNSNames[:min(len(c.DNSNames), maxNames)] {
		all = append(all, text.Printable(name, maxCertified))
	}
	for _, address := range c.IPAddresses[:min(len(c.IPAddresses), maxNames-len(all))] {
		all = append(all, address.String())
	}
	seen.Names, seen.More = all, len(c.DNSNames)+len(c.IPAddresses)-len(all)
	return seen
}

// refusedCertificate is the certificate because of which a handshake was given up: that which is
// out of date or not for this, or else the target's own. It is nil if none was.
func refusedCertificate(err error) *x509.Certificate {
	refused, found := errors.AsType[*tls.CertificateVerificationError](err)
	if !found || len(refused.UnverifiedCertificates) == 0 {
		return nil
	}
	return blamed(refused.Err, refused.UnverifiedCertificates[0])
}

// blamed is the certificate that an error of verification is about; the given one if it names none.
func blamed(err error, leaf *x509.Certificate) *x509.Certificate {
	if invalid, found := errors.AsType[x509.CertificateInvalidError](err); found && invalid.Cert != nil {
		return invalid.Cert
	}
	return leaf
}

// noteTLS takes over what a handshake has shown: of several hosts, of the one whose certificate ends
// first. The certificate itself is kept where somebody looks, or would have been refused.
func (w *walk) noteTLS(x *exchange) {
	state, done := x.agreed()
	if !done {
		return
	}
	e := &w.seen.evidence
	latest := evidenceOfTLS(&state, w.target.Transport.Insecure)
	if latest.Unverified {
		defer e.addNote(doubted(x.doubt))
	}
	if e.TLS = endsFirst(e.TLS, latest); e.TLS != latest || len(state.PeerCertificates) == 0 {
		return
	}
	switch leaf := state.PeerCertificates[0]; {
	case x.doubt != nil:
		e.Certificate = evidenceOfCertificate(blamed(x.doubt, leaf))
	case w.runner.Detail:
		e.Certificate = evidenceOfCertificate(leaf)
	}
}
