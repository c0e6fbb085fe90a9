package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"sonde/probe"
)

// Explanation is an entry of the catalogue: the JSON of `sonde explain --json`. It has
// a code or a reason.
type Explanation struct {
	Code    *int        `json:"code,omitempty"`
	Reason  string      `json:"reason,omitempty"`
	Name    string      `json:"name"`
	Class   probe.Class `json:"class"`
	Retry   string      `json:"retry"`
	Fault   probe.Fault `json:"fault"`
	Meaning string      `json:"meaning"`
	Next    []string    `json:"next"`
	Source  string      `json:"source"`
}

// NewExplanation writes an entry of the catalogue as scripts read it.
func NewExplanation(e probe.Explanation) Explanation {
	out := Explanation{
		Reason: e.Reason, Name: e.Name, Class: e.Class, Retry: e.Retry, Fault: e.Fault,
		Meaning: e.Meaning, Next: list(e.Next), Source: e.Source,
	}
	if e.Reason == "" {
		out.Code = &e.Code
	}
	return out
}

// WriteText writes an entry as people read it.
func (e Explanation) WriteText(w io.Writer) error {
	title := e.Reason
	if e.Code != nil {
		title = strconv.Itoa(*e.Code)
	}
	lines := []string{title + " " + e.Name, "  " + e.Meaning, "",
		"  class  " + e.Class.Title(), "  retry  " + strings.ReplaceAll(e.Retry, "_", " "), "  fault  " + e.Fault.String(), "", "  check next"}
	for i, item := range e.Next {
		lines = append(lines, fmt.Sprintf("  %d. %s", i+1, item))
	}
	lines = append(lines, "", "  source  "+e.Source)
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}
