package report

import (
	"time"

	"sonde/store"
	"sonde/text"
)

// HeartbeatState is whether somebody outside hears that sonde does its work.
type HeartbeatState string

// The states of the heartbeat.
const (
	HeartbeatOK       HeartbeatState = "ok"
	HeartbeatWithheld HeartbeatState = "withheld" // sonde does not do its work, and so does not say that it does
	HeartbeatFailing  HeartbeatState = "failing"  // nobody takes it
)

// Heartbeat is whether the service is heard outside; only the running service knows.
type Heartbeat struct {
	State  HeartbeatState `json:"state"`
	Since  *time.Time     `json:"since"` // of silence
	Reason string         `json:"reason,omitempty"`
}

// newHeartbeat is the heartbeat as the running service has said; nil if it has none.
func newHeartbeat(said *store.Storing) *Heartbeat {
	if said == nil || said.Heartbeat == nil {
		return nil
	}
	h := said.Heartbeat
	return &Heartbeat{State: HeartbeatState(h.State), Since: maybe(h.Since), Reason: h.Why}
}

// remark says why nobody outside hears of the service; empty if they do.
func (h *Heartbeat) remark(now time.Time) string {
	if h == nil {
		return ""
	}
	line := map[HeartbeatState]string{HeartbeatWithheld: "the heartbeat is withheld", HeartbeatFailing: "the heartbeat is not taken"}[h.State]
	if line == "" {
		return "" // all is well, or it is of a newer service
	}
	if h.Since != nil {
		line += ", for " + Span(now.Sub(*h.Since))
	}
	if h.Reason != "" {
		line += ": " + text.Printable(h.Reason, 200)
	}
	return line
}
