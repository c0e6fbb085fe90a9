package probe

import (
	"fmt"
	"time"
)

// TLSExpect is what the certificate must be like. It is judged for https alone.
type TLSExpect struct {
	ExpiresIn time.Duration // a certificate that ends within it is certificate_expiring; 0: none is

	// LastQuarter says that no certificate is expiring before the last quarter of its life:
	// one that is issued for a week is renewed later than one for a year.
	LastQuarter bool
}

// UsualExpiresIn is how long a certificate usually should last, if nobody says otherwise.
const UsualExpiresIn = 21 * 24 * time.Hour

// expiring reports whether a certificate ends too soon.
func (e *TLSExpect) expiring(seen *TLSEvidence, now time.Time) bool {
	within := e.ExpiresIn
	if within <= 0 || seen.NotAfter.IsZero() || seen.Unverified {
		return false
	}
	if e.LastQuarter {
		within = min(within, seen.NotAfter.Sub(seen.NotBefore)/4)
	}
	return seen.NotAfter.Sub(now) < within
}

// weighCertificate marks a certificate that ends soon, also where the answer is not good.
func (o *observation) weighCertificate(expect *TLSExpect) (expiring bool) {
	seen := o.evidence.TLS
	if seen == nil {
		return false
	}
	seen.Expiring = expect.expiring(seen, o.asked)
	return seen.Expiring
}

// noteCertificate tells when the certificate ends.
func (o *observation) noteCertificate() {
	end := o.evidence.TLS.NotAfter
	o.evidence.Notes = append(o.evidence.Notes, fmt.Sprintf("a certificate of the chain ends on %s, in %s", end.Format("2006-01-02 15:04 MST"), roughly(end.Sub(o.asked))))
}
