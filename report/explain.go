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

// WriteText writes an entry as people read it, in the language that it was explained in.
func (e Explanation) WriteText(w io.Writer, l probe.Language) error {
	title, say := e.Reason, inLanguage(l)
	if e.Code != nil {
		title = strconv.Itoa(*e.Code)
	}
	lines := []string{title + " " + e.Name, "  " + e.Meaning, "",
		"  " + say.class + e.Class.TitleIn(l), "  " + say.retry + say.retries[e.Retry], "  " + say.fault + say.faults[e.Fault], "", "  " + say.next}
	for i, item := range e.Next {
		lines = append(lines, fmt.Sprintf("  %d. %s", i+1, item))
	}
	lines = append(lines, "", "  "+say.source+e.Source)
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// WriteExplanations writes entries as people read them, codes under a heading per class
// and reasons under one of their own.
func WriteExplanations(w io.Writer, l probe.Language, entries []Explanation) error {
	under := ""
	for i, e := range entries {
		heading := inLanguage(l).reasons
		if e.Code != nil {
			heading = e.Class.TitleIn(l)
		}
		gap := "\n"
		if heading != under {
			gap = "\n\n=== " + heading + " ===\n\n"
			under = heading
		}
		if i == 0 {
			gap = strings.TrimLeft(gap, "\n")
		}
		if _, err := io.WriteString(w, gap); err != nil {
			return err
		}
		if err := e.WriteText(w, l); err != nil {
			return err
		}
	}
	return nil
}
