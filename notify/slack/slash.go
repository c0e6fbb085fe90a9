package slack

import (
	"strings"
	"time"

	"sonde/incident"
	"sonde/notify"
)

// The words of /sonde.
const (
	askStatus  = "status"
	askAck     = "ack"
	askSilence = "silence"
	askRun     = "run"
	askSLO     = "slo"
	askHelp    = "help"

	askStorm = "storm" // behind ack
)

// asked is what somebody typed behind /sonde.
type asked struct {
	word   string
	id     incident.ID    // of ack, and of a silence about an incident
	storm  notify.StormID // of ack, instead of an incident
	undo   bool
	name   string // of run, slo, and a silence about a probe or a group
	length time.Duration
	reason string
}

// parseAsked reads what somebody typed. It is false if it cannot be understood.
func parseAsked(typed string) (asked, bool) {
	words := strings.Fields(typed)
	if len(words) == 0 {
		return asked{word: askHelp}, true
	}
	a := asked{word: strings.ToLower(words[0])}
	rest := words[1:]
	switch a.word {
	case askStatus, askHelp:
		return a, len(rest) == 0
	case askRun:
		a.name = strings.Join(rest, " ")
		return a, a.name != ""
	case askSLO:
		a.name = strings.Join(rest, " ")
		return a, true
	case askAck:
		return a.ack(rest)
	case askSilence:
		return a.silence(rest)
	}
	return a, false
}

// ack reads ID, or storm ID, and undo behind it.
func (a asked) ack(rest []string) (asked, bool) {
	if n := len(rest); n > 1 && strings.EqualFold(rest[n-1], "undo") {
		a.undo, rest = true, rest[:n-1]
	}
	var err error
	switch {
	case len(rest) == 1:
		a.id, err = incident.ParseID(rest[0])
	case len(rest) == 2 && strings.EqualFold(rest[0], askStorm):
		a.storm, err = notify.ParseStormID(rest[1])
	default:
		return a, false
	}
	return a, err == nil && (a.id > 0 || a.storm > 0)
}

// silence reads NAME DURATION [REASON], or the id of an incident alone. Names may have spaces:
// the first length of time ends one.
func (a asked) silence(rest []string) (asked, bool) {
	for i := 1; i < len(rest); i++ {
		length, ok := parseLength(rest[i])
		if !ok {
			continue
		}
		a.name, a.length, a.reason = strings.Join(rest[:i], " "), length, strings.Join(rest[i+1:], " ")
		return a, true
	}
	if len(rest) != 1 {
		return a, false
	}
	var err error
	a.id, err = incident.ParseID(rest[0])
	return a, err == nil && a.id > 0
}
