package report

import (
	"strings"
	"time"

	"sonde/probe"
)

// Check is one run of a target, in full: the JSON of `sonde check --json`.
type Check struct {
	URL      string    `json:"url"`
	Attempts []Attempt `json:"attempts"`
	Verdict  Last      `json:"verdict"`

	Hold *Hold `json:"hold,omitempty"` // of a run that somebody asked for: the service would not have asked
}

// sentence says to people what a run means that was made all the same.
func (h *Hold) sentence() string {
	until := h.Until.UTC().Format(secondLayout) + " UTC"
	if probe.Miss(h.Reason).Kind() == probe.KindAuthFailed {
		return "note     sonde itself would not have asked before " + until + ": the credential was refused again and again, and one more refusal may lock it"
	}
	return "note     the target has asked to be left alone until " + until + " (" + h.Reason.String() + "): this run was made because you asked for it; the service goes on waiting"
}

// Attempt is one request and what came of it.
type Attempt struct {
	Verdict
	Timings     Timings           `json:"timings_ms"`
	RemoteAddr  string            `json:"remote_addr"`
	Proxy       string            `json:"proxy,omitempty"` // what the request went through; remote_addr is its address then
	Protocol    string            `json:"protocol"`
	AnsweredBy  string            `json:"answered_by"`
	RetryAfterS *float64          `json:"retry_after_s"` // null if none was announced; 0 is now
	Headers     map[string]string `json:"headers"`       // an allow-list, names in lower case; several values stand behind commas
	Interim     []Interim         `json:"interim"`
	TLS         *TLS              `json:"tls"`
	Certificate *Certificate      `json:"certificate"` // the target's, or that which was refused; null if none is known
	Redirects   []string          `json:"redirects"`
	StatusLine  string            `json:"status_line"` // as it was sent, with its reason phrase
	TraceID     string            `json:"trace_id"`    // that the request carried in traceparent
	Excerpt     string            `json:"excerpt"`     // of the body of an answer that was not good
	Challenges  []Challenge       `json:"challenges"`  // what a 401, 403 or 407 asks for
	Notes       []string          `json:"notes"`
	Cache       map[string]string `json:"cache"`
	Error       string            `json:"error"`
}

// Timings are phases in milliseconds.
type Timings struct {
	DNS       float64 `json:"dns"`
	Connect   float64 `json:"connect"`
	TLS       float64 `json:"tls"`
	FirstByte float64 `json:"first_byte"`
	Transfer  float64 `json:"transfer"`
	Total     float64 `json:"total"`
}

// Interim is a 1xx answer.
type Interim struct {
	Status int      `json:"status"`
	AtMS   float64  `json:"at_ms"`
	Links  []string `json:"links,omitempty"` // what a 103 announces
}

// Challenge is what a server or proxy asks for where it refuses a credential. What is
// empty was not said.
type Challenge struct {
	Proxy       bool   `json:"proxy"`
	Scheme      string `json:"scheme"`
	Realm       string `json:"realm"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
	Scope       string `json:"scope"`
}

// TLS is what the handshake agreed on.
type TLS struct {
	Version    string    `json:"version"`
	NotAfter   time.Time `json:"not_after"`  // the earliest end in the chain
	Expiring   bool      `json:"expiring"`   // it ends sooner than is expected
	Unverified bool      `json:"unverified"` // the certificate was not verified, because the target says so
}

// Certificate is what a certificate says of itself.
type Certificate struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	Names     []string  `json:"names"`      // hosts that it is for, the first of them
	MoreNames int       `json:"more_names"` // how many there are beyond names
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
}

// NewCheck writes a result in full.
func NewCheck(url string, r *probe.Result) *Check {
	c := &Check{URL: url, Attempts: make([]Attempt, 0, len(r.Attempts))}
	for i := range r.Attempts {
		c.Attempts = append(c.Attempts, newAttempt(&r.Attempts[i]))
	}
	c.Verdict = Last{r.At, NewVerdict(r.Verdict), milliseconds(r.Timings().Total), len(r.Attempts)}
	return c
}

func newAttempt(a *probe.Attempt) Attempt {
	out := Attempt{
		Verdict: NewVerdict(a.Verdict), Timings: newTimings(a.Timings),
		RemoteAddr: a.Evidence.RemoteAddr, Proxy: a.Evidence.Proxy, Protocol: a.Evidence.Protocol, AnsweredBy: a.Evidence.AnsweredBy,
		Headers: make(map[string]string, len(a.Evidence.Header)), Interim: make([]Interim, 0, len(a.Evidence.Interim)),
		Redirects: list(a.Evidence.Redirects), Notes: list(a.Evidence.Notes), Challenges: make([]Challenge, 0, len(a.Evidence.Challenges)), Cache: map[string]string{}, Error: a.Evidence.Error,
		StatusLine: a.Evidence.StatusLine, TraceID: a.Evidence.TraceID, Excerpt: a.Evidence.Excerpt,
	}
	if a.Evidence.Gateway != "" {
		out.Notes = append([]string{a.Evidence.Gateway}, out.Notes...)
	}
	for name, values := range a.Evidence.Header {
		out.Headers[name] = strings.Join(values, ", ") // RFC 9110 section 5.3
	}
	for _, name := range []string{"etag", "cache-control", "last-modified", "age"} {
		if value, ok := out.Headers[name]; ok {
			out.Cache[name] = value
		}
	}
	if a.Cache != probe.CacheNone {
		out.Cache["outcome"] = a.Cache.String()
	}
	if a.RetryAfter.Made {
		seconds := a.RetryAfter.Wait.Seconds()
		out.RetryAfterS = &seconds
	}
	for _, c := range a.Evidence.Challenges {
		out.Challenges = append(out.Challenges, Challenge(c))
	}
	for _, i := range a.Evidence.Interim {
		out.Interim = append(out.Interim, Interim{i.Status, milliseconds(i.At), i.Links})
	}
	if c := a.Evidence.Certificate; c != nil {
		out.Certificate = &Certificate{c.Subject, c.Issuer, list(c.Names), c.More, c.NotBefore.UTC(), c.NotAfter.UTC()}
	}
	if t := a.Evidence.TLS; t != nil {
		out.TLS = &TLS{t.Version, t.NotAfter.UTC(), t.Expiring, t.Unverified}
	}
	return out
}

func newTimings(t probe.Timings) Timings {
	return Timings{
		milliseconds(t.DNS), milliseconds(t.Connect), milliseconds(t.TLS),
		milliseconds(t.FirstByte), milliseconds(t.Transfer), milliseconds(t.Total),
	}
}

// list is the list, never null.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
