package slack

import "sonde/probe"

// aboutCertificate reports whether the incident is about a certificate whose end is known:
// then it is that end which counts, and not how often it was seen.
func (s story) aboutCertificate() bool {
	return s.Body.Kind == probe.KindCertificate && !s.Body.Ends.IsZero()
}

// end tells when the certificate ends, or that it has.
func (s story) end() string {
	ends := s.Body.Ends
	if left := ends.Sub(s.now); left > 0 {
		return fill(s.words.endsIn, "left", s.words.duration(left), "ends", s.clock(ends))
	}
	return fill(s.words.ended, "ends", s.clock(ends))
}

// aboutCredential reports whether it is the probe's own credential that ends soon.
func (s story) aboutCredential() bool { return s.Body.Cause.Reason == probe.CredentialExpiring }
