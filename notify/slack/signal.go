package slack

import (
	"sonde/incident"
	"sonde/probe"
)

// The colours of the bar beside the details.
const (
	red    = "#E01E5A"
	yellow = "#ECB22E"
	orange = "#E8912D"
	green  = "#2EB67D"
	blue   = "#36C5F0"
	grey   = "#8D8D8D"
)

// signal is how the state looks at a glance. The words say the same.
func (s story) signal() (emoji, colour string) {
	switch {
	case s.Change == incident.Resolved || s.Change == incident.Settled:
		return ":large_green_circle:", green
	case s.Change == incident.Withdrawn, s.did == incident.Silenced:
		return ":white_circle:", grey
	case s.Change == incident.Acknowledged || !s.Body.Acked.IsZero():
		return ":large_yellow_circle:", yellow
	case s.flapping():
		return ":wavy_dash:", orange
	}
	switch s.Body.Kind {
	case probe.KindAuthFailed, probe.KindAuthGroup, probe.KindAuthBypass:
		return ":lock:", red
	case probe.KindBudgetFast:
		return ":fire:", red
	}
	switch s.Body.Severity {
	case probe.Critical:
		return ":red_circle:", red
	case probe.Warning:
		return ":large_yellow_circle:", yellow
	default:
		return ":large_blue_circle:", blue
	}
}
