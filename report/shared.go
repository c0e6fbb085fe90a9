package report

import (
	"fmt"
	"strings"

	"sonde/incident"
	"sonde/probe"
	"sonde/store"
	"sonde/text"
)

// Shared is what several probes share, while anything is wrong with it: their credential,
// their host, sonde itself.
type Shared struct {
	Scope     string           `json:"scope"` // what it is, such as host/api.example.com
	Name      string           `json:"name"`  // the same for people
	Members   int              `json:"members"`
	Failing   []string         `json:"failing"` // those in trouble, in the order of their ids
	Incidents []SharedIncident `json:"incidents"`
}

// SharedIncident is an incident about what several probes share.
type SharedIncident struct {
	Incident
	Stage string `json:"stage,omitempty"` // of gateway_surge: open, or half_open once an answer is good
}

// NewShared says what is wrong with what several probes share.
func NewShared(s *store.Snapshot) []Shared {
	if len(s.Shared) == 0 {
		return nil
	}
	names := make(map[probe.ID]string, len(s.Probes))
	for i := range s.Probes {
		names[s.Probes[i].ID] = s.Probes[i].Name()
	}
	var all []Shared
	for i := range s.Shared {
		if x := sharedOf(&s.Shared[i], names); len(x.Incidents) > 0 {
			all = append(all, x)
		}
	}
	return all
}

func sharedOf(s *store.Shared, names map[probe.ID]string) Shared {
	x := Shared{Scope: scopeOf(s.Circle.String()), Name: s.Circle.Title, Members: len(s.Circle.Members), Failing: []string{}, Incidents: []SharedIncident{}}
	if s.State.Shared != nil {
		for _, id := range s.State.Shared.Failing() {
			if name := names[id]; name != "" {
				x.Failing = append(x.Failing, name)
			}
		}
	}
	for i := range s.State.Problems {
		p := &s.State.Problems[i]
		x.Incidents = append(x.Incidents, SharedIncident{newIncident(p), stageOf(p)})
	}
	return x
}

// scopeOf is what several probes share as scripts read it.
func scopeOf(kept string) string { return strings.TrimSuffix(kept, "/") }

// stageOf is how far an open surge is, as a circuit breaker has it.
func stageOf(p *incident.Problem) string {
	switch {
	case p.Kind != probe.KindGatewaySurge || p.Phase != incident.Open:
		return ""
	case incident.HalfOpen(p.Stage):
		return "half_open"
	}
	return "open"
}

// lines lists what is open, a line each.
func (s *Shared) lines() []string {
	var lines []string
	for _, x := range s.Incidents {
		if x.Phase != incident.Open {
			continue
		}
		line := fmt.Sprintf("incident %s: %s on %s since %s (%s)", x.ID, x.Kind, text.Printable(s.Name, 80), x.Since.Format(instantLayout), x.Cause)
		if n := len(s.Failing); n > 0 {
			line += fmt.Sprintf(", %d of %s", n, Count(s.Members, "probe"))
		}
		if x.Stage == "half_open" {
			line += ", half-open"
		}
		lines = append(lines, line)
	}
	return lines
}

// exitCode is what the open incidents mean for the caller. When the prober itself is in
// trouble, nothing is known.
func (s *Shared) exitCode() int {
	code := ExitOK
	for _, x := range s.Incidents {
		switch {
		case x.Phase != incident.Open:
		case x.Kind == probe.KindProber, x.Kind == probe.KindProberNetwork:
			code = worse(code, ExitUnknown)
		case x.Severity == probe.Critical:
			code = worse(code, ExitCritical)
		case x.Severity == probe.Warning:
			code = worse(code, ExitWarning)
		}
	}
	return code
}
