package report

import (
	"strconv"
	"strings"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/text"
)

// InForce is a silence or maintenance, for scripts.
type InForce struct {
	ID       int64        `json:"id,omitempty"`
	Kind     string       `json:"kind"`
	Name     string       `json:"name,omitempty"`
	Probes   []string     `json:"probes"` // none: all
	Kinds    []probe.Kind `json:"kinds,omitempty"`
	Incident string       `json:"incident,omitempty"` // that it was asked for at
	Recovery bool         `json:"until_recovered,omitempty"`
	Schedule string       `json:"schedule,omitempty"`
	From     *time.Time   `json:"from"`
	Until    *time.Time   `json:"until"`
	By       string       `json:"by,omitempty"`
	Reason   string       `json:"reason,omitempty"`
	File     bool         `json:"from_configuration,omitempty"`
}

// NewInForce writes a silence or maintenance as scripts read it.
func NewInForce(x *incident.Command) InForce {
	out := InForce{ID: int64(x.ID), Kind: x.Kind.String(), Name: x.Name, Probes: x.Scope.Names, Kinds: x.Scope.Kinds, By: x.By, Reason: x.Note, File: x.File}
	if out.Probes == nil {
		out.Probes = []string{}
	}
	if x.Incident != 0 {
		out.Incident, out.Recovery = x.Incident.String(), x.UntilRecovered
	}
	if x.Kind == incident.Maintain {
		out.Schedule = x.Schedule.String()
	}
	if !x.From.IsZero() {
		out.From = &x.From
	}
	if !x.Until.IsZero() {
		out.Until = &x.Until
	}
	return out
}

// Line is a silence or maintenance as people read it.
func (x InForce) Line() string {
	about := strings.Join(x.Probes, ", ")
	if about == "" && x.Incident != "" {
		about = "what incident " + x.Incident + " is about"
	} else if about == "" {
		about = "all probes"
	}
	for i, kind := range x.Kinds {
		about += map[bool]string{true: ": ", false: ", "}[i == 0] + kind.String()
	}
	parts := []string{x.Kind + " " + strconv.FormatInt(x.ID, 10)}
	if x.Name != "" {
		parts = append(parts, text.Printable(x.Name, 60))
	}
	parts = append(parts, text.Printable(about, 200))
	switch {
	case x.Schedule != "":
		parts = append(parts, x.Schedule)
		if x.From != nil { // it recurs
			parts = append(parts, "from "+x.From.UTC().Format(secondLayout)+" UTC on")
		}
		if x.From != nil && x.Until != nil {
			parts = append(parts, "until "+x.Until.UTC().Format(secondLayout)+" UTC")
		}
	case x.Recovery && x.Until == nil:
		parts = append(parts, "until incident "+x.Incident+" has recovered")
	case x.Until != nil:
		parts = append(parts, "until "+x.Until.UTC().Format(secondLayout)+" UTC")
	}
	for _, more := range []string{x.By, x.Reason} {
		if more != "" {
			parts = append(parts, text.Printable(more, maxNote))
		}
	}
	return strings.Join(parts, "; ")
}

// Acknowledgement is who looks after an incident, for scripts.
type Acknowledgement struct {
	Incident string     `json:"incident"`
	At       *time.Time `json:"acknowledged_at"` // null: nobody does
	By       string     `json:"acknowledged_by,omitempty"`
	Note     string     `json:"note,omitempty"`
}

// NewAcknowledgement writes an acknowledgement as scripts read it.
func NewAcknowledgement(c *incident.Command) Acknowledgement {
	if c.Undo {
		return Acknowledgement{Incident: c.Incident.String()}
	}
	return Acknowledgement{c.Incident.String(), &c.At, c.By, c.Note}
}

// StormAcknowledgement is who looks after all of a storm, for scripts.
type StormAcknowledgement struct {
	Storm     string     `json:"storm"`
	Incidents []string   `json:"incidents"`       // that this changed; none: it was so already
	At        *time.Time `json:"acknowledged_at"` // null: nobody does
	By        string     `json:"acknowledged_by,omitempty"`
	Note      string     `json:"note,omitempty"`
}

// NewStormAcknowledgement writes the acknowledgement of a storm as scripts read it.
func NewStormAcknowledgement(storm string, c *incident.Command) StormAcknowledgement {
	x := StormAcknowledgement{Storm: storm, Incidents: make([]string, 0, len(c.Members))}
	for _, id := range c.Members {
		x.Incidents = append(x.Incidents, id.String())
	}
	if !c.Undo {
		x.At, x.By, x.Note = &c.At, c.By, c.Note
	}
	return x
}

// FalseAlarm is who says that an incident was a false alarm, for scripts.
type FalseAlarm struct {
	Incident string     `json:"incident"`
	At       *time.Time `json:"false_alarm_at"` // null: it was none
	By       string     `json:"false_alarm_by,omitempty"`
}

// NewFalseAlarm writes a false alarm as scripts read it.
func NewFalseAlarm(c *incident.Command) FalseAlarm {
	if c.Undo {
		return FalseAlarm{Incident: c.Incident.String()}
	}
	return FalseAlarm{c.Incident.String(), &c.At, c.By}
}
