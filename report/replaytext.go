package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"sonde/text"
)

// WriteText writes what would have been, as people read it: each incident, and then what
// each rule costs.
func (r *Replay) WriteText(w io.Writer) error {
	lines := []string{fmt.Sprintf("%s and %s from %s to %s UTC",
		Count(r.Probes, "probe"), Count(r.Results, "result"), r.From.Format(secondLayout), r.To.Format(secondLayout)), ""}
	if len(r.Incidents) == 0 {
		lines = append(lines, "no rule would have opened an incident")
		_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
		return err
	}
	cells := [][]string{{"OPENED (UTC)", "PROBE", "KIND", "SEVERITY", "LASTED", "RELAPSES", "MESSAGES", "CAUSE"}}
	for i := range r.Incidents {
		x := &r.Incidents[i]
		lasted := Span(x.lasted())
		if x.RecoveredAt == nil {
			lasted += ", still open"
		}
		cells = append(cells, []string{
			x.OpenedAt.Format(secondLayout), text.Printable(x.Probe, 40), x.Kind.String(), x.Severity.String(), lasted,
			strconv.Itoa(x.Openings - 1), x.heard(), cause(x.Cause, x.Status),
		})
	}
	lines = append(append(lines, align(cells)...), "")
	for i := range r.Rules {
		lines = append(lines, r.Rules[i].sentence())
	}
	lines = append(lines, "", "No other rule would have opened anything.")
	if len(r.Destinations) > 0 {
		var each []string
		for _, d := range r.Destinations {
			each = append(each, text.Printable(d.Name, 40)+" "+strconv.Itoa(d.Messages))
		}
		lines = append(lines, "Messages to each destination: "+strings.Join(each, ", ")+".")
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// heard says how many messages people get, and why late or none.
func (x *ReplayedIncident) heard() string {
	s := strconv.Itoa(x.Messages)
	switch {
	case x.HeldBy == "":
	case x.ToldAt != nil && x.ToldAt.After(x.OpenedAt):
		s += ", from " + x.ToldAt.Format(secondLayout) + " on (" + text.Printable(x.HeldBy, 60) + ")"
	default:
		s += " (" + text.Printable(x.HeldBy, 60) + ")"
	}
	return s
}

// sentence says what a rule costs.
func (c *RuleCost) sentence() string {
	longer := fmt.Sprintf("%d of them longer than", c.LongerThan5m)
	switch {
	case c.Opened == 1 && c.LongerThan5m == 1:
		longer = "which lasts longer than"
	case c.Opened == 1:
		longer = "which lasts no longer than"
	}
	s := fmt.Sprintf("The rule %s would have opened %s, %s 5 minutes: %s to whoever hears of it, %.2f openings per probe in 30 days",
		c.Kind, Count(c.Opened, "incident"), longer, Count(c.Messages, "message"), c.PerProbe30d)
	if c.StillOpen > 0 {
		s += fmt.Sprintf("; %d still open at the end", c.StillOpen)
	}
	return s + "."
}
