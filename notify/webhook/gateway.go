package webhook

import (
	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// The states of a circuit breaker.
const (
	breakerOpen     = "open"
	breakerHalfOpen = "half_open"
	breakerClosed   = "closed"
)

// gateway says how a circuit breaker should stand, if the message is about gateways that fail.
func (p *payload) gateway(m *notify.Message) {
	if m.Body.Kind != probe.KindGatewaySurge {
		return
	}
	p.Gateway = &gateway{stateOf(m), m.Body.Shared.Tie.String(), m.Body.Shared.Key}
}

// stateOf is closed once the incident is over, or nobody watches any more: a gateway must not
// be kept shut by a message that will not come.
func stateOf(m *notify.Message) string {
	switch m.Change {
	case incident.Resolved, incident.Settled, incident.Withdrawn, incident.ClosedNow:
		return breakerClosed
	}
	if incident.HalfOpen(m.Body.Stage) {
		return breakerHalfOpen
	}
	return breakerOpen
}
