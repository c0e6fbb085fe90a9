package probe

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"time"
)

// Identity is a client certificate with its key, in files that are read anew when they
// change. It may be used by many at once.
type Identity struct{ pair *reread[*tls.Certificate] }

// LoadIdentity reads a certificate, with what it was signed by behind it, and its key,
// both PEM.
func LoadIdentity(certificate, key string) (*Identity, error) {
	pair := newReread[*tls.Certificate](nil, []string{certificate, key}, func(contents [][]byte) (*tls.Certificate, error) {
		if block, _ := pem.Decode(contents[1]); block != nil && (block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "") {
			return nil, errors.New("the key is encrypted; store it without a passphrase, readable for sonde alone")
		}
		made, err := tls.X509KeyPair(contents[0], contents[1])
		return &made, err
	})
	return &Identity{pair}, pair.load()
}

// Ends is when the certificate ends, as of the latest look at its file.
func (i *Identity) Ends() time.Time { return (*i.pair.value.Load()).Leaf.NotAfter }

// Roots are the authorities that a target's certificate may come from, in a file that
// is read anew when it changes.
type Roots struct{ pool *reread[authorities] }

// authorities are the certificates of a file, and a pool of them.
type authorities struct {
	list []*x509.Certificate
	pool *x509.CertPool
}

// LoadRoots reads certificates of authorities, PEM.
func LoadRoots(file string) (*Roots, error) {
	pool := newReread(authorities{}, []string{file}, func(contents [][]byte) (authorities, error) {
		made := authorities{pool: x509.NewCertPool()}
		for block, rest := pem.Decode(contents[0]); block != nil; block, rest = pem.Decode(rest) {
			if block.Type != "CERTIFICATE" {
				continue
			}
			certificate, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return authorities{}, err
			}
			made.list = append(made.list, certificate)
			made.pool.AddCert(certificate)
		}
		if len(made.list) == 0 {
			return authorities{}, errors.New("holds no certificate in PEM")
		}
		return made, nil
	})
	return &Roots{pool}, pool.load()
}

// Pool is what the file holds now; nil of nil Roots: the system's.
func (r *Roots) Pool(log *slog.Logger) *x509.CertPool {
	if r == nil {
		return nil
	}
	return r.pool.now(log).pool
}

// clientPart is what this side of a handshake shows and accepts.
type clientPart struct {
	identity *Identity // nil: no certificate is shown
	roots    *Roots    // nil: the runner's
	others   bool      // the runner's are trusted, too
	log      *slog.Logger

	asked bool              // the server asked for a certificate
	other bool              // of other authorities than ours
	shown *x509.Certificate // nil: none
}

// apply makes a configuration act so. What the server asked for can be read when the
// handshake has ended.
func (c *clientPart) apply(config *tls.Config) {
	if c.roots != nil {
		config.RootCAs = c.trusted(config.RootCAs)
	}
	config.GetClientCertificate = func(asked *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		c.asked = true
		if c.identity == nil {
			return new(tls.Certificate), nil
		}
		pair := c.identity.pair.now(c.log)
		c.shown, c.other = pair.Leaf, asked.SupportsCertificate(pair) != nil
		return pair, nil // and if it does not seem to fit: the server's refusal says why
	}
}

// trusted are the authorities to trust. A token endpoint may be in public although its
// target is private.
func (c *clientPart) trusted(others *x509.CertPool) *x509.CertPool {
	own := c.roots.pool.now(c.log)
	if !c.others {
		return own.pool
	}
	if others == nil {
		system, err := x509.SystemCertPool()
		if err != nil {
			return own.pool
		}
		others = system
	}
	all := others.Clone()
	for _, certificate := range own.list {
		all.AddCert(certificate)
	}
	return all
}

// The alerts that a server sends about a client's certificate (RFC 8446 section 6.2).
const (
	alertHandshakeFailure       = 40
	alertBadCertificate         = 42
	alertUnsupportedCertificate = 43
	alertCertificateRevoked     = 44
	alertCertificateExpired     = 45
	alertCertificateUnknown     = 46
	alertUnknownCA              = 48
	alertAccessDenied           = 49
	alertCertificateRequired    = 116
)

// refusesCertificate reports whether an alert of a server is about the certificate of
// this side: there is no other that it could mean.
func refusesCertificate(alert uint8) bool {
	switch alert {
	case alertBadCertificate, alertUnsupportedCertificate, alertCertificateRevoked, alertCertificateExpired,
		alertCertificateUnknown, alertUnknownCA, alertAccessDenied, alertCertificateRequired:
		return true
	}
	return false
}

// alertMeanings is what an alert means, for people.
var alertMeanings = map[uint8]string{
	alertHandshakeFailure:       "it does not go on with the handshake",
	alertBadCertificate:         "the certificate is bad, or missing",
	alertUnsupportedCertificate: "it does not support such a certificate",
	alertCertificateRevoked:     "the certificate is revoked",
	alertCertificateExpired:     "the certificate has expired",
	alertCertificateUnknown:     "something is wrong with the certificate",
	alertUnknownCA:              "it does not know the authority that signed the certificate",
	alertAccessDenied:           "the certificate is valid but has no access",
	alertCertificateRequired:    "it requires a certificate",
}

// causeOf is the reason of an error in which a server refuses our certificate: the
// credential, as with a 401. Any other reason comes back as it is.
func (c *clientPart) causeOf(err error, otherwise Reason) Reason {
	if otherwise != TLSFailure {
		return otherwise
	}
	if alert, found := alertOf(err); found && (refusesCertificate(alert) || c.asked && alert == alertHandshakeFailure) {
		return Unauthenticated
	}
	return otherwise
}

// noteCertificate tells people what part our certificate had in a failure.
func (w *walk) noteCertificate(x *exchange, err error) {
	c := &x.client
	alert, alerted := alertOf(err)
	refused := w.seen.reason == Unauthenticated && alerted
	switch {
	case refused:
		w.say("the server refuses our side of the handshake: %s (TLS alert %d)", alertMeanings[alert], alert)
	case !c.asked || w.seen.reason != ConnectionClosed && w.seen.reason != ConnectionReset:
		return
	default:
		w.say("the server had asked for a client certificate before it hung up; it may not accept ours, and does not say so")
	}
	switch now := time.Now(); {
	case c.shown == nil && c.identity == nil && w.target.Auth != nil && w.target.Auth.Identity != nil:
		w.say("the client certificate was not shown, because a redirect led to another origin")
	case c.shown == nil:
		w.say("no client certificate is configured (auth: {mtls: {cert, key}})")
	case now.After(c.shown.NotAfter):
		w.say("the client certificate expired %s ago", roughly(now.Sub(c.shown.NotAfter)))
	case now.Before(c.shown.NotBefore):
		w.say("the client certificate is not valid before %s", moment(c.shown.NotBefore))
	default:
		w.say("the client certificate is valid until %s, so expiry is not why", moment(c.shown.NotAfter))
	}
	if c.other {
		w.say("the server asks for a certificate of another authority or kind than ours, which is from %q", c.shown.Issuer.String())
	}
}

// clientPart is what is shown to the origin of the present hop.
func (w *walk) clientPart() clientPart {
	c := clientPart{roots: w.target.Roots, others: w.target.grants, log: w.runner.logger()}
	if w.hop.home && w.target.Auth != nil {
		c.identity = w.target.Auth.Identity
	}
	return c
}
