package slack

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"sonde/incident"
	"sonde/text"
)

const (
	longestSilence = 30 * 24 * time.Hour
	sureAbove      = 8 * time.Hour // silences that are longer are asked about
	longestReason  = 200
)

// wish is a silence that somebody asks for. It travels through Slack's windows.
type wish struct {
	Incident incident.ID   `json:"i,omitzero"`
	Name     string        `json:"n,omitempty"` // instead of an incident: a probe, or group: and the name of a group
	Length   time.Duration `json:"l,omitzero"`
	Reason   string        `json:"r,omitempty"`
	Channel  string        `json:"c,omitempty"` // where it was asked for
	Root     string        `json:"t,omitempty"` // the thread there
}

// String is the wish as a window carries it.
func (w wish) String() string {
	written, _ := json.Marshal(w) // of texts and numbers, which can always be written
	return string(written)
}

func readWish(carried string) (w wish, err error) {
	if err := json.Unmarshal([]byte(carried), &w); err != nil {
		return w, err
	}
	if w.Length < 0 || w.Length > longestSilence || len(w.Name) > 4*maxURL || (w.Incident == 0) == (w.Name == "") {
		return w, errors.New("it is out of bounds")
	}
	w.Reason = text.Printable(w.Reason, longestReason)
	return w, nil
}

// what the wish is about, for people.
func (w wish) what() string {
	if w.Name != "" {
		return w.Name
	}
	return w.Incident.String()
}

// command is the wish as a command.
func (w wish) command(now time.Time) incident.Command {
	c := incident.Command{Kind: incident.Silence, Incident: w.Incident, Note: w.Reason, From: now, UntilRecovered: w.Length == 0}
	if w.Name != "" {
		c.Scope.Names = []string{w.Name}
	}
	if w.Length > 0 {
		c.Until = now.Add(w.Length)
	}
	return c
}

// parseLength reads a length such as 90m, 4h, 1h30m or 2d.
func parseLength(s string) (time.Duration, bool) {
	var total time.Duration
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "" || len(s) > 20 {
		return 0, false
	}
	for rest := s; rest != ""; {
		digits := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if digits <= 0 || digits > 6 {
			return 0, false
		}
		amount, err := strconv.Atoi(rest[:digits])
		if err != nil {
			return 0, false
		}
		unit, known := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[rest[digits]]
		if !known || time.Duration(amount) > longestSilence/unit {
			return 0, false
		}
		total += time.Duration(amount) * unit
		rest = rest[digits+1:]
	}
	return total, total > 0 && total <= longestSilence
}
