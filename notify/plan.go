package notify

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// Subject is what is known of a probe by those who tell about it.
type Subject struct {
	Name     string
	Group    string
	URL      string // for people: no user-info, no query values
	Method   string
	Runbook  string
	Labels   map[string]string
	Interval time.Duration
	Routes   Routes
	Heard    []string `json:",omitempty"` // who has heard of the incident and not of its end; nil: nobody knows

	DependsOn []string `json:",omitempty"` // as the configuration names it

	Unverified bool // its certificates are not verified

	Shared  incident.Bond `json:",omitzero"`  // what several probes share; the zero Bond: it is a probe
	Members []string      `json:",omitempty"` // then the first of those that are in trouble
}

// Together is what is known of what several probes share: whoever hears of any of them
// hears of it.
func Together(c *incident.Circle, members []Subject) Subject {
	s := Subject{Name: c.Title, Shared: c.Bond, Routes: Routes{ByKind: map[probe.Kind][]string{}}}
	for _, kind := range probe.Kinds() {
		var names []string
		for i := range members {
			names = append(names, members[i].Routes.For(kind)...)
		}
		s.Routes.ByKind[kind] = once(names)
	}
	return s
}

// Routes says which destinations hear of which kinds of incident.
type Routes struct {
	Default []string
	ByKind  map[probe.Kind][]string // instead of Default; empty: nobody
}

// For returns the destinations that hear of a kind, each once, in the order in
// which they were written.
func (r Routes) For(kind probe.Kind) []string {
	names, special := r.ByKind[kind]
	if !special {
		names = r.Default
	}
	return once(names)
}

// once drops the names that came before.
func once(names []string) []string {
	var kept []string
	for _, name := range names {
		if !slices.Contains(kept, name) {
			kept = append(kept, name)
		}
	}
	return kept
}

// Plan says what is told to whom about a transition: a message for every
// destination that hears of the incident's kind, and nothing when the incident
// merely closes, or is about a rule of the business. What is a part of another incident is told in the conversation
// about that. Whoever has heard of the incident hears of its end; if nobody knows who has,
// that what was degraded is down is told to those, too, who hear of the former. The same transition gives the same keys, however often it is planned.
func Plan(t incident.Transition, s Subject, location string, budgets []BudgetFact) []Message {
	if t.Change == incident.ClosedNow || t.Problem.Telling.Hushed {
		return nil
	}
	var messages []Message
	about := cmp.Or(t.Problem.Within, t.Problem.ID)
	for _, destination := range s.audience(t) {
		told := t
		told.Change = s.changeFor(destination, t.Change)
		messages = append(messages, Message{
			Key:         key(told, destination),
			Destination: destination,
			Incident:    about,
			Change:      told.Change,
			Body:        body(t, s, location, budgets),
			CreatedAt:   t.At,
		})
	}
	return messages
}

func key(t incident.Transition, destination string) string {
	return t.Problem.ID.String() + ":" + destination + ":" + t.Change.String() + ":" + strconv.FormatInt(t.At.UnixMilli(), 10)
}

func body(t incident.Transition, s Subject, location string, budgets []BudgetFact) Body {
	p := t.Problem
	var part incident.ID
	if p.Within != 0 {
		part = p.ID
	}
	return Body{
		Shared: s.Shared, Members: s.Members, Part: part,
		Probe: s.Name, Group: s.Group, URL: s.URL, Method: s.Method, Location: location,
		Unverified: s.Unverified, Runbook: s.Runbook, Labels: s.Labels, Interval: s.Interval,
		Kind: p.Kind, Severity: p.Severity, Cause: p.Cause, Codes: p.Codes, Failures: p.Failures, Openings: p.Openings,
		Since: p.Since, OpenedAt: p.OpenedAt, At: t.At, RecoverBy: p.RecoverBy, Promise: p.Promise, Ends: p.Ends, Reading: p.Reading, Stage: p.Stage,
		Flapping: p.Telling.Flapping, Quiet: t.Quiet, RecoveredAt: p.RecoveredAt,
		Budgets: budgets,
	}
}
