package report

import (
	"time"

	"sonde/store"
	"sonde/text"
)

// maxNote bounds what is shown of a note.
const maxNote = 200

// Attention is who looks after an incident, and why people have not heard of it.
type Attention struct {
	AcknowledgedAt *time.Time `json:"acknowledged_at,omitempty"`
	AcknowledgedBy string     `json:"acknowledged_by,omitempty"`
	Note           string     `json:"note,omitempty"`
	SilencedUntil  *time.Time `json:"silenced_until,omitempty"`

	FalseAlarmAt *time.Time `json:"false_alarm_at,omitempty"`
	FalseAlarmBy string     `json:"false_alarm_by,omitempty"`

	// Withheld is why people have not heard of it yet: silence, down, depends_on and their like.
	Withheld string `json:"withheld,omitempty"`
}

// hold notes why people have not heard of it, and until when a silence lasts.
func (a *Attention) hold(why string, until time.Time) {
	a.Withheld = why
	if why == "silence" {
		a.SilencedUntil = maybe(until)
	}
}

// words say it behind a line about the incident; empty if there is nothing to say.
func (a *Attention) words() (line string) {
	if a.AcknowledgedAt != nil {
		line = ", acknowledged by " + text.Printable(a.AcknowledgedBy, 40)
	}
	switch {
	case a.SilencedUntil != nil:
		line += ", silenced until " + a.SilencedUntil.Format(instantLayout)
	case a.Withheld != "":
		line += ", not told (" + a.Withheld + ")"
	}
	return line
}

// attend says who looks after the incidents of a probe.
func (p *Probe) attend(w *store.Watched, s *store.Snapshot) {
	for i := range p.Incidents {
		id := w.State.Problems[i].ID
		if c, acked := s.Acks[id]; acked {
			at := c.At
			p.Incidents[i].AcknowledgedAt, p.Incidents[i].AcknowledgedBy, p.Incidents[i].Note = &at, c.By, c.Note
		}
		if h, held := s.Held[id]; held && h.Open {
			p.Incidents[i].hold(h.Why.String(), h.Until)
		}
	}
}
