package notify_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
)

// hall is a place where incidents open and recover as a test says, with a tact.
type hall struct {
	t       testing.TB
	now     time.Time
	tact    *notify.Tact
	manners map[string]notify.Manners
	states  map[probe.ID]*incident.State
	subject func(id probe.ID) notify.Subject
	kept    bool // something else keeps back what waits
	paces   map[string]*notify.Pace
	rows    map[notify.KeptKey]*notify.Kept
	said    []notify.Message // all that was told, in its order
	keys    map[string]bool
}

func newHall(t testing.TB, manners notify.Manners) *hall {
	h := &hall{
		t: t, now: morning, manners: map[string]notify.Manners{"ops": manners}, states: map[probe.ID]*incident.State{},
		paces: map[string]*notify.Pace{}, rows: map[notify.KeptKey]*notify.Kept{}, keys: map[string]bool{},
		subject: func(id probe.ID) notify.Subject {
			return notify.Subject{
				Name: fmt.Sprintf("p%03d", id), Group: "shop", URL: "https://api.example.com/" + fmt.Sprint(id), Routes: notify.Routes{Default: []string{"ops"}},
			}
		},
	}
	h.restart()
	return h
}

// restart has another tact go on from what was stored.
func (h *hall) restart() {
	h.tact = notify.NewTact("here", h.manners, func(id probe.ID) *incident.State { return h.states[id] })
	paces := map[string]*notify.Pace{}
	for name, p := range h.paces {
		paces[name] = again(h.t, p)
	}
	var kept []notify.Kept
	for key, k := range h.rows {
		k := again(h.t, k)
		k.Destination, k.Incident = key.Destination, key.Incident
		kept = append(kept, *k)
	}
	h.tact.Restore(paces, kept)
}

// again is what the store makes of something.
func again[T any](t testing.TB, v *T) *T {
	written, err := json.Marshal(v)
	require.NoError(t, err)
	read := new(T)
	require.NoError(t, json.Unmarshal(written, read))
	return read
}

// store keeps what has changed, and what was told.
func (h *hall) store(messages []notify.Message) []notify.Message {
	changes := h.tact.Changes()
	maps.Copy(h.paces, changes.Paces)
	maps.Copy(h.rows, changes.Kept)
	maps.DeleteFunc(h.paces, func(_ string, p *notify.Pace) bool { return p == nil })
	maps.DeleteFunc(h.rows, func(_ notify.KeptKey, k *notify.Kept) bool { return k == nil })
	for i := range messages {
		m := &messages[i]
		if m.Body.Storm != nil || !m.Amends {
			require.Equal(h.t, m.Amends, h.keys[m.Key], "%s is told once, and changed afterwards", m.Key)
		}
		h.keys[m.Key] = true
		require.NotEmpty(h.t, m.Destination)
	}
	h.said = append(h.said, messages...)
	return messages
}

func (h *hall) problem(id probe.ID) *incident.Problem { return &h.states[id].Problems[0] }

// change changes the incident of a probe, and returns what is told.
func (h *hall) change(id probe.ID, change incident.Change, alter func(p *incident.Problem)) []notify.Message {
	if h.states[id] == nil {
		h.states[id] = &incident.State{Problems: []incident.Problem{{
			ID: incident.FirstID + incident.ID(id), Kind: probe.KindDown, Severity: probe.Critical, Phase: incident.Open, Cause: outcome(probe.ServerError, 503),
			Since: h.now.Add(-time.Minute), OpenedAt: h.now, Openings: 1,
		}}}
	}
	p := h.problem(id)
	switch change {
	case incident.Opened, incident.Reopened:
		p.Phase = incident.Open
	case incident.Resolved, incident.Settled:
		p.Phase, p.RecoveredAt = incident.Recovered, h.now
	}
	if alter != nil {
		alter(p)
	}
	t := incident.Transition{Change: change, At: h.now, Problem: p.Clone()}
	s := h.subject(id)
	return h.store(h.tact.Pass(id, s, notify.Plan(t, s, "here", nil)))
}

func (h *hall) opens(id probe.ID) []notify.Message { return h.change(id, incident.Opened, nil) }

func (h *hall) warns(id probe.ID) []notify.Message {
	return h.change(id, incident.Opened, func(p *incident.Problem) { p.Kind, p.Severity = probe.KindLatency, probe.Warning })
}

func (h *hall) recovers(id probe.ID) []notify.Message { return h.change(id, incident.Resolved, nil) }

// passes lets time pass, with a tick every 15 s, and returns what is told meanwhile.
func (h *hall) passes(d time.Duration) (all []notify.Message) {
	for end := h.now.Add(d); h.now.Before(end); {
		h.now = h.now.Add(15 * time.Second)
		messages, apart := h.tact.Tick(h.now, func(probe.ID, *incident.Problem) bool { return h.kept })
		all = append(all, h.store(messages)...)
		for i := range apart {
			s := h.subject(apart[i].About)
			all = append(all, h.store(h.tact.Tell(&apart[i], s, notify.Plan(apart[i].Transition, s, "here", nil)))...)
		}
	}
	return all
}

// posts are those of some messages that are messages of their own.
func posts(messages []notify.Message) (all []string) {
	for i := range messages {
		if m := &messages[i]; !m.Amends {
			all = append(all, strings.TrimSpace(m.Change.String()+" "+what(m)))
		}
	}
	return all
}

func what(m *notify.Message) string {
	quiet := ""
	if m.Body.Quiet {
		quiet = ", quiet"
	}
	switch {
	case m.Body.Storm != nil:
		return fmt.Sprintf("storm %d/%d%s", m.Body.Storm.Failing, m.Body.Storm.Affected, quiet)
	case m.Body.Digest != nil:
		return fmt.Sprintf("digest of %d", m.Body.Digest.Opened)
	case m.Body.Part != 0:
		return m.Body.Probe + " in its thread" + quiet
	}
	return m.Body.Probe + quiet
}

func nights(severities ...probe.Severity) notify.Quiet {
	when, err := slo.Every("day 22:00-07:00", time.UTC)
	if err != nil {
		panic(err)
	}
	return notify.Quiet{When: when, Severities: severities}
}
