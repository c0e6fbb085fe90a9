package notify

import (
	"strings"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/text"
)

// Phase is a part of a request.
type Phase string

// The phases, in their order.
const (
	PhaseDNS       Phase = "dns"
	PhaseConnect   Phase = "connect"
	PhaseTLS       Phase = "tls"
	PhaseFirstByte Phase = "first_byte"
	PhaseTransfer  Phase = "transfer"
)

// Sight is what the run saw that brought a change about, for people: its text is printable, and
// what looks like a secret is masked in it.
type Sight struct {
	At          time.Time
	Phase       Phase                      `json:",omitempty"` // in which it failed, or which took the time; "": all went through
	Timings     probe.Timings              `json:",omitzero"`
	Address     string                     `json:",omitempty"` // of the target, or of the proxy before it
	Proxy       string                     `json:",omitempty"`
	StatusLine  string                     `json:",omitempty"`
	By          string                     `json:",omitempty"` // who answered: the edge or the origin
	Header      []string                   `json:",omitempty"` // "name: value", of an allow-list
	Notes       []string                   `json:",omitempty"` // what was expected, and what came
	Error       string                     `json:",omitempty"`
	Excerpt     string                     `json:",omitempty"` // of the body
	Certificate *probe.CertificateEvidence `json:",omitempty"` // that was refused, or would have been
}

// IsZero reports whether nothing was seen.
func (s Sight) IsZero() bool { return s.At.IsZero() }

// Bounds of what is kept of a sight: it lies in the outbox once for every destination.
const (
	maxExcerpt = 600
	maxHeaders = 6
	maxValue   = 160
	maxNotes   = 3
)

// tellingHeaders say who answered, and which log has it, the most telling first.
var tellingHeaders = []string{
	"content-type", "server", "via", "www-authenticate", "location", "retry-after", "proxy-status", "x-request-id", "x-correlation-id",
	"cf-ray", "x-amz-cf-id", "x-amzn-trace-id", "x-azure-ref", "x-kong-request-id", "cache-status", "x-cache", "age",
}

// SightOf is what the last of attempts saw that was not good; zero if all were.
func SightOf(attempts []probe.Attempt) Sight {
	for i := len(attempts) - 1; i >= 0; i-- {
		if attempts[i].Verdict.Outcome != probe.Good {
			return sightOf(&attempts[i])
		}
	}
	return Sight{}
}

func sightOf(a *probe.Attempt) Sight {
	e := &a.Evidence
	s := Sight{
		At: a.StartedAt, Phase: phaseOf(a.Verdict.Reason, &a.Timings), Timings: a.Timings,
		Address: e.RemoteAddr, Proxy: e.Proxy, StatusLine: shown(e.StatusLine), By: shown(e.AnsweredBy),
		Error: shown(e.Error), Excerpt: excerpt(e.Excerpt), Certificate: e.Certificate,
	}
	for _, name := range tellingHeaders {
		for _, value := range e.Header[name] {
			if len(s.Header) < maxHeaders {
				s.Header = append(s.Header, shown(name+": "+value))
			}
		}
	}
	for _, note := range e.Notes[:min(len(e.Notes), maxNotes)] {
		s.Notes = append(s.Notes, text.Printable(text.Masked(note), 2*maxValue))
	}
	return s
}

func shown(s string) string { return text.Printable(text.Masked(s), maxValue) }

// excerpt is masked before it is cut: the beginning of a secret is a secret. What is far behind the
// cut does not matter.
func excerpt(s string) string {
	s = text.Masked(strings.ToValidUTF8(s[:min(len(s), 3*maxExcerpt)], ""))
	n := 0
	for i := range s {
		if n++; n > maxExcerpt {
			return s[:i] + "…"
		}
	}
	return s
}

// phaseOf is the phase that a reason is about.
func phaseOf(r probe.Reason, t *probe.Timings) Phase {
	switch r {
	case probe.DNSNotFound, probe.DNSFailure, probe.DNSTimeout:
		return PhaseDNS
	case probe.ConnectRefused, probe.ConnectUnreachable, probe.ConnectTimeout:
		return PhaseConnect
	case probe.TLSExpired, probe.TLSNotYetValid, probe.TLSNameMismatch, probe.TLSUnknownAuthority, probe.TLSVersion, probe.TLSFailure, probe.TLSTimeout:
		return PhaseTLS
	case probe.FirstByteTimeout, probe.ProtocolError:
		return PhaseFirstByte
	case probe.BodyTimeout, probe.BodyTruncated:
		return PhaseTransfer
	case probe.ConnectionReset, probe.ConnectionClosed:
		if t.FirstByte > 0 {
			return PhaseTransfer
		}
		return PhaseFirstByte
	case probe.TooSlow:
		return longest(t)
	}
	return ""
}

// longest is the phase that took the most time.
func longest(t *probe.Timings) Phase {
	phase, most := Phase(""), time.Duration(0)
	for _, x := range Phases(t) {
		if x.Took > most {
			phase, most = x.Phase, x.Took
		}
	}
	return phase
}

// Spent is how long a phase took.
type Spent struct {
	Phase Phase
	Took  time.Duration
}

// Phases are the phases that there were, in their order.
func Phases(t *probe.Timings) (all []Spent) {
	for _, x := range []Spent{
		{PhaseDNS, t.DNS}, {PhaseConnect, t.Connect}, {PhaseTLS, t.TLS}, {PhaseFirstByte, t.FirstByte}, {PhaseTransfer, t.Transfer},
	} {
		if x.Took > 0 {
			all = append(all, x)
		}
	}
	return all
}

// Witness adds to messages about a change what the run saw that brought it about: what was wrong,
// who answered, and by which trace it is found. Reminders and recoveries are brought about by
// something else.
func Witness(messages []Message, attempts []probe.Attempt) {
	if len(messages) == 0 {
		return
	}
	for i := len(attempts) - 1; i >= 0; i-- {
		if attempts[i].Verdict.Outcome == probe.Good {
			continue
		}
		e := &attempts[i].Evidence
		seen := sightOf(&attempts[i])
		for j := range messages {
			switch messages[j].Change {
			case incident.Opened, incident.Changed, incident.Reopened, incident.Risen, incident.Escalated, incident.Overdue:
				b := &messages[j].Body
				b.Gateway, b.Trace, b.Seen = text.Masked(e.Gateway), e.TraceID, seen
			}
		}
		return
	}
}
