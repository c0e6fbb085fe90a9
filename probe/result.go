package probe

import "time"

// RunKind says why a run was made.
type RunKind uint8

// The kinds of run. Only scheduled runs weigh in error budgets, and manual runs
// never step a probe's state.
const (
	Scheduled RunKind = iota // at its slot
	First                    // at start, because the last result is old
	Recheck                  // to confirm a failure: one attempt
	Manual                   // because somebody asked
)

var runKindNames = []string{"scheduled", "first", "recheck", "manual"}

func (k RunKind) String() string { return spell(runKindNames, k) }

// MarshalText writes the kind as in [RunKind.String].
func (k RunKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *RunKind) UnmarshalText(text []byte) (err error) {
	*k, err = read[RunKind](runKindNames, "kind of run", text)
	return err
}

// Result is what one run found.
type Result struct {
	Probe    ID
	Run      RunKind
	At       time.Time // the slot of a scheduled run, else the instant it was due; UTC, whole milliseconds
	Attempts []Attempt // oldest first, over both families one after the other; empty if nothing was asked
	Verdict  Verdict
	Elapsed  time.Duration // of the whole run, waits included

	// Forgone is how many retries were left when the target asked for a wait that no
	// longer fitted the run.
	Forgone int

	// Beside is the last attempt over the family that does not speak for the run, where it
	// was made over both; nil otherwise.
	Beside *Attempt
}

// Timings returns the phases of the attempt that speaks last.
func (r *Result) Timings() Timings {
	if len(r.Attempts) == 0 {
		return Timings{}
	}
	return r.Attempts[len(r.Attempts)-1].Timings
}

// RetryAfter is what the last attempt's answer announced.
func (r *Result) RetryAfter() Announcement {
	if len(r.Attempts) == 0 {
		return Announcement{}
	}
	return r.Attempts[len(r.Attempts)-1].RetryAfter
}

// Attempt is one request and what came of it.
type Attempt struct {
	StartedAt  time.Time
	Verdict    Verdict
	Timings    Timings
	RetryAfter Announcement
	Cache      CacheOutcome // of a conditional request
	Evidence   Evidence

	proof   proof  // what it showed of who asks
	edition uint64 // of the files that say so
}

// Timings are the phases of an attempt, up to the end of the body. A phase that
// did not happen is 0. An attempt that followed redirects adds its hops up.
type Timings struct {
	DNS       time.Duration
	Connect   time.Duration
	TLS       time.Duration
	FirstByte time.Duration // from the request being written to the first byte of the answer
	Transfer  time.Duration // from the first byte to the end of the body
	Total     time.Duration // all of it, with what lies between the phases
}

// Evidence is what an attempt saw, for people. Text from the target is printable.
type Evidence struct {
	RemoteAddr     string               // of the target, or of the proxy before it
	Proxy          string               // what the request went through, without user-info; empty: nothing
	Protocol       string               // "HTTP/1.1", "HTTP/2.0", "HTTP/3.0"
	StatusLine     string               `json:",omitempty"` // as it was sent, with its reason phrase; "" if no status came
	AnsweredBy     string               // "edge (NAME)", "origin (NAME)" where that can be known, else the Server or Via header
	Header         map[string][]string  // an allow-list, names in lower case; nil if none
	Interim        []Interim            // 1xx answers before the final one
	TLS            *TLSEvidence         // nil without TLS
	Certificate    *CertificateEvidence `json:",omitempty"` // that was refused, or would have been; nil if none was
	Redirects      []string             // the addresses that were followed, query values removed
	Notes          []string
	Error          string      // what went wrong on the way; "" if an answer came
	BodyBytes      int64       // as far as read
	Challenges     []Challenge // what a refusal asks for
	Excerpt        string      `json:",omitempty"` // lines of the body of an answer that was not good, our secrets masked
	TraceID        string      `json:",omitempty"` // that the request was sent with; "" if none was sent
	Gateway        string      `json:",omitempty"` // who answered, the edge or the origin, and why; "" where nobody can know
	CredentialEnds time.Time   `json:",omitzero"`  // of a good answer: the credential ends then, which is soon; else zero
}

// Interim is a 1xx answer.
type Interim struct {
	Status int
	At     time.Duration // since the attempt began
	Links  []string      `json:",omitempty"` // what a 103 announces: relation and address
}

// TLSEvidence is what the handshake agreed on. Where redirects were followed it is that of the
// host whose certificate ends first.
type TLSEvidence struct {
	Version   string    // "TLS 1.3"
	NotBefore time.Time // when the certificate begins that ends first
	NotAfter  time.Time // the earliest end of a certificate in the verified chain, or in that which was sent

	Unverified bool // the certificate was not verified, because the target says so
	Expiring   bool // it ends sooner than is expected
}
