package webhook

import (
	"time"

	"sonde/notify"
	"sonde/probe"
)

// answer is what somebody did about the incident.
type answer struct {
	By    string     `json:"by,omitempty"`
	User  string     `json:"user,omitempty"` // their id where they did it
	Note  string     `json:"note,omitempty"`
	At    time.Time  `json:"at"`
	Until *time.Time `json:"until,omitempty"` // of a silence
	Other bool       `json:"other,omitempty"` // a silence was ended, and another one goes on: until then, or until it recovers
}

// instead says where the message was to be told, and why it could not.
type instead struct {
	Destination string `json:"destination"`
	Why         string `json:"why"`
}

// need is how one stands that the probe depends on.
type need struct {
	Name   string       `json:"name"`
	State  string       `json:"state"` // up, degraded, down, unknown, maintenance
	Since  *time.Time   `json:"since,omitempty"`
	Reason probe.Reason `json:"reason"`
}

// evidence is what the run saw that brought the change about. Secrets are masked in it.
type evidence struct {
	At         time.Time          `json:"at"`
	Phase      string             `json:"phase,omitempty"` // in which it failed, or which took the time
	Timings    map[string]float64 `json:"timings_ms,omitempty"`
	RemoteAddr string             `json:"remote_addr,omitempty"`
	Proxy      string             `json:"proxy,omitempty"`
	StatusLine string             `json:"status_line,omitempty"`
	Headers    []string           `json:"headers,omitempty"`
	Notes      []string           `json:"notes,omitempty"` // what was expected, and what came
	Error      string             `json:"error,omitempty"`
	Excerpt    string             `json:"excerpt,omitempty"` // of the body
}

func newAnswer(a *notify.Answer) *answer {
	if a.At.IsZero() {
		return nil
	}
	return &answer{a.By, a.User, a.Note, a.At.UTC(), instant(a.Until), a.Other}
}

func newAcked(a *notify.Acked) *answer {
	if a.IsZero() {
		return nil
	}
	return &answer{By: a.By, User: a.User, Note: a.Note, At: a.At.UTC()}
}

func newInstead(i *notify.Instead) *instead {
	if i.Of == "" {
		return nil
	}
	return &instead{i.Of, i.Why}
}

func newNeeds(all []notify.Need) (list []need) {
	for _, n := range all {
		list = append(list, need{n.Name, string(n.Standing), instant(n.Since), n.Cause.Reason})
	}
	return list
}

func newEvidence(s *notify.Sight) *evidence {
	if s.IsZero() {
		return nil
	}
	e := &evidence{
		At: s.At.UTC(), Phase: string(s.Phase), RemoteAddr: s.Address, Proxy: s.Proxy, StatusLine: s.StatusLine,
		Headers: s.Header, Notes: s.Notes, Error: s.Error, Excerpt: s.Excerpt,
	}
	for _, x := range notify.Phases(&s.Timings) {
		if e.Timings == nil {
			e.Timings = map[string]float64{}
		}
		e.Timings[string(x.Phase)] = float64(x.Took.Microseconds()) / 1000
	}
	return e
}
