package notify

import (
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
)

const (
	mentionsApart = 5 * time.Minute // between two mentions at a destination
	mentionsMost  = 6               // within mentionsIn
	mentionsIn    = time.Hour
)

// mention decides whether a message mentions people.
func (t *Tact) mention(m Message) []Message {
	manners := t.manners[m.Destination]
	if !manners.Mentions[m.Body.Severity] || !m.calls() {
		return []Message{m}
	}
	at := m.CreatedAt
	if manners.Quiet.on(at) && m.Body.Severity < probe.Critical {
		m.Body.Uncalled = true
		return []Message{m}
	}
	p := t.pace(m.Destination)
	p.Mentions = slices.DeleteFunc(p.Mentions, func(before time.Time) bool { return at.Sub(before) >= mentionsIn })
	if n := len(p.Mentions); n >= mentionsMost || n > 0 && at.Sub(p.Mentions[n-1]) < mentionsApart {
		m.Body.Uncalled = true
		return []Message{m}
	}
	p.Mentions = append(p.Mentions, at)
	return []Message{m}
}

// calls reports whether a message is about something that begins, or that nobody has seen
// looks after though it is critical.
func (m *Message) calls() bool {
	if m.Body.Quiet || m.Body.Part != 0 {
		return false
	}
	switch m.Change {
	case incident.Opened, incident.Reopened, incident.Risen, incident.Escalated:
		return true
	case incident.Reminded:
		return m.Body.Severity == probe.Critical && m.Body.Acked.IsZero()
	}
	return false
}
