package slack

import (
	"strings"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// Mentions are who is called, by severity: ids of user groups (S…) and of users (U…, W…), or "here"
// and "channel".
type Mentions map[probe.Severity][]string

// calledWithin is how old a message may be and still call somebody.
const calledWithin = 10 * time.Minute

// of are the mentions of a severity, as Slack reads them.
func (m Mentions) of(severity probe.Severity) string {
	var all []string
	for _, id := range m[severity] {
		switch {
		case id == "here" || id == "channel":
			all = append(all, "<!"+id+">")
		case !isID(id): // the configuration has refused it
		case id[0] == 'S':
			all = append(all, "<!subteam^"+id+">")
		default:
			all = append(all, "<@"+id+">")
		}
	}
	return strings.Join(all, " ")
}

// isID reports whether a word is the id of a user or of a user group.
func isID(s string) bool {
	return len(s) > 1 && strings.Contains("SUW", s[:1]) && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// calls reports whether the message is one that people are called by: an opening, or a reminder of
// something critical that nobody looks after. An edit calls nobody, and neither does what is
// told again; what is old calls nobody any more.
func (s story) calls() bool {
	b := s.Body
	if s.place == placeEdit || b.Quiet || b.Continued || b.Part != 0 || s.now.Sub(s.CreatedAt) > calledWithin {
		return false
	}
	switch s.Change {
	case incident.Opened, incident.Reopened, incident.Risen, incident.Escalated:
		return true
	case incident.Reminded:
		return b.Severity == probe.Critical && b.Acked.IsZero()
	}
	return false
}

// mention is who is called; empty if nobody is.
func (s story) mention() string {
	if !s.calls() || s.Body.Uncalled {
		return ""
	}
	return s.mentions.of(s.Body.Severity)
}

// uncalled says that somebody would have been called.
func (s story) uncalled() string {
	if s.Body.Uncalled && s.calls() && s.mentions.of(s.Body.Severity) != "" {
		return s.words.facts.uncalled
	}
	return ""
}
