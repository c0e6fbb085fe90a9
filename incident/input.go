package incident

import (
	"cmp"
	"time"

	"sonde/probe"
)

// InputKind says what kind of thing was observed.
type InputKind uint8

// The kinds of input.
const (
	Ran     InputKind = iota // a run ended
	Skipped                  // slots At..To passed, or a re-check was due at At, and nothing was asked
	Idle                     // nothing: time passed, so that deadlines fire
)

// Input is one thing that was observed about one probe. It holds all that a
// decision may depend on, apart from state, and all that history needs.
type Input struct {
	Kind    InputKind
	Run     probe.RunKind
	At      time.Time // the slot or instant; UTC, whole milliseconds
	To      time.Time // Skipped: the last of the slots
	Verdict probe.Verdict

	Maintenance bool // the probe was in maintenance, as far as was known

	// Of a run:
	Attempts  int
	Cured     bool          // the last attempt was good although the run is not
	RecoverBy time.Time     // not to be asked before, as the last answer said (Retry-After); zero if it did not
	Throttled bool          // it was a 429 that said so, which speaks of us and not of the target's return
	Forgone   int           // retries that were left when the announced wait no longer fitted
	Elapsed   time.Duration // of the whole run
	Timings   probe.Timings // of the last attempt

	Cache probe.CacheOutcome // of a conditional request

	// Of the certificate that the last verified handshake of the run showed, or of our own
	// credential if the verdict says that this ends soon:
	CertificateEnds time.Time // whole seconds; zero if there was no such handshake
	Expiring        bool      // it ends sooner than is expected
}

// Until is the instant up to which the input tells what was.
func (in *Input) Until() time.Time {
	if in.Kind == Skipped {
		return in.To
	}
	return in.At
}

// InOrder compares inputs of two probes by when they were, and of the same instant by the ids of
// the probes. Whoever has several at once of probes that share something steps them in this order,
// so that it does not matter in which they came: what is shared moves on with each of them.
func InOrder(a probe.ID, at time.Time, b probe.ID, other time.Time) int {
	return cmp.Or(at.Compare(other), cmp.Compare(a, b))
}

// FromResult is the input that a result is.
func FromResult(r *probe.Result) Input {
	in := Input{
		Kind: Ran, Run: r.Run, At: r.At, Verdict: r.Verdict,
		Attempts: len(r.Attempts), Elapsed: r.Elapsed.Truncate(time.Microsecond), Timings: micros(r.Timings()),
	}
	if n := len(r.Attempts); n > 0 {
		last := r.Attempts[n-1]
		in.Cured = r.Verdict.Outcome == probe.Bad && last.Verdict.Outcome == probe.Good
		in.Cache = last.Cache
		if !in.announce(r, &last) && r.Beside != nil {
			in.announce(r, r.Beside)
		}
	}
	for i := len(r.Attempts) - 1; i >= 0 && in.CertificateEnds.IsZero(); i-- {
		in.certify(r.Attempts[i].Evidence.TLS)
	}
	if r.Beside != nil {
		in.certify(r.Beside.Evidence.TLS)
	}
	if n := len(r.Attempts); n > 0 && in.credential() {
		ends := r.Attempts[n-1].Evidence.CredentialEnds
		if ends.IsZero() && r.Beside != nil {
			ends = r.Beside.Evidence.CredentialEnds
		}
		in.CertificateEnds, in.Expiring = ends.Truncate(time.Second), !ends.IsZero()
	}
	return in
}

// certify notes when a certificate ends, if that is known and no other ends before it.
func (in *Input) certify(seen *probe.TLSEvidence) {
	if seen == nil || seen.Unverified || seen.NotAfter.IsZero() || !in.CertificateEnds.IsZero() && !seen.NotAfter.Before(in.CertificateEnds) {
		return
	}
	in.CertificateEnds, in.Expiring = seen.NotAfter.Truncate(time.Second), seen.Expiring
}

// credential reports whether it is our own credential that ends soon, and not the
// certificate of the target.
func (in *Input) credential() bool { return in.Verdict.Reason == probe.CredentialExpiring }

// announce notes when the last answer wants to be asked again, in whole seconds and not
// before that. It is false if the answer does not.
func (in *Input) announce(r *probe.Result, last *probe.Attempt) bool {
	if !last.RetryAfter.Made {
		return false
	}
	switch last.Verdict.Reason {
	case probe.ServerError, probe.LoadShed, probe.Throttled:
		in.RecoverBy = r.At.Add(r.Elapsed + last.RetryAfter.Wait + time.Second - 1).Truncate(time.Second)
		in.Throttled = last.Verdict.Reason == probe.Throttled
		in.Forgone = r.Forgone
		return true
	}
	return false
}

// backBy is when the target said that it would be back; zero if it did not.
func (in *Input) backBy() time.Time {
	if in.Throttled {
		return time.Time{}
	}
	return in.RecoverBy
}

// micros cuts timings to what is stored.
func micros(t probe.Timings) probe.Timings {
	const us = time.Microsecond
	return probe.Timings{
		DNS: t.DNS.Truncate(us), Connect: t.Connect.Truncate(us), TLS: t.TLS.Truncate(us),
		FirstByte: t.FirstByte.Truncate(us), Transfer: t.Transfer.Truncate(us), Total: t.Total.Truncate(us),
	}
}
