package probe

import (
	"strconv"
	"strings"

	"sonde/text"
)

// mismatch is an expectation that is not met, for people.
type mismatch struct {
	expected string // which expectation failed; our own words and those of the configuration
	came     string // what came instead, as the target sent it; may be empty
	opens    bool   // came is how a body begins
	facts    bool   // came is already told in our words
}

const (
	maxCame    = 80 // characters of what came
	maxWritten = 80 // of an expectation
	window     = 1 << 10
)

// note is the mismatch in a line. What the request has in secret is masked before anything
// is cut, because a secret that is cut in two is not recognised.
func (m *mismatch) note(t *Target) string {
	if m.came == "" && m.opens {
		return m.expected + "; it is empty"
	}
	if m.came == "" {
		return m.expected
	}
	masker := t.masker()
	came := m.came
	if len(came) >= window {
		came = masker.withoutBegun(came)
	}
	came = masker.replace(came)
	switch {
	case m.facts: // are told as they are
	case m.opens:
		came = "it begins " + shown(came)
	default:
		came = "it is " + shown(came)
	}
	return text.Printable(m.expected+"; "+came, maxText)
}

// confides reports whether a name says that what it names is a secret of the target's.
func confides(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"cookie", "token", "secret", "password", "passwd", "credential", "apikey", "api-key", "api_key", "authorization", "session", "private"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// shown quotes a text of the target.
func shown(s string) string {
	return `"` + text.Printable(strings.Join(strings.Fields(s), " "), maxCame) + `"`
}

// quoted quotes a text of the configuration.
func quoted(s string) string { return text.Printable(strconv.Quote(s), maxWritten) }

// slashed is a pattern as people know it.
func slashed(p *Pattern) string { return "/" + text.Printable(p.String(), maxWritten) + "/" }

// beginning is the beginning of a body, and of it no more than is looked at.
func beginning(body []byte) string { return string(body[:min(len(body), window)]) }
