package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"sonde/probe"
)

// WriteText writes a check as people read it: every attempt with its phases, then the
// verdict and what to look at next.
func (c *Check) WriteText(w io.Writer) error {
	lines := []string{c.URL}
	for i := range c.Attempts {
		lines = append(lines, c.Attempts[i].lines(i+1)...)
	}
	lines = append(lines, "", "verdict  "+c.Verdict.sentence())
	for i, item := range c.advice() {
		lines = append(lines, fmt.Sprintf("  %d. %s", i+1, item))
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

func (a *Attempt) lines(n int) []string {
	lines := []string{fmt.Sprintf("attempt %d  %s", n, a.sentence())}
	add := func(what, value string) {
		if value != "" {
			lines = append(lines, fmt.Sprintf("  %-9s  %s", what, value))
		}
	}
	switch {
	case a.Protocol != "":
		add("answer", a.Protocol+" from "+a.RemoteAddr)
	case a.RemoteAddr != "":
		add("connected", "to "+a.RemoteAddr)
	}
	add("phases", a.Timings.String())
	if a.TLS != nil {
		add("tls", a.TLS.Version+", certificate good until "+a.TLS.NotAfter.Format("2006-01-02"))
	}
	add("server", a.AnsweredBy)
	if a.RetryAfterS != nil {
		add("retry", "after "+strconv.FormatFloat(*a.RetryAfterS, 'f', -1, 64)+" s, as the target says")
	}
	for _, r := range a.Redirects {
		add("followed", r)
	}
	for _, i := range a.Interim {
		add("interim", fmt.Sprintf("%d after %.1f ms", i.Status, i.AtMS))
	}
	for _, note := range a.Notes {
		add("note", note)
	}
	add("error", a.Error)
	return lines
}

// sentence is the verdict in a line.
func (v Verdict) sentence() string {
	what := v.Class.Title()
	if v.Status != nil {
		what = strconv.Itoa(*v.Status) + " " + probe.CodeOf(*v.Status).Name + " (" + what + ")"
	}
	return fmt.Sprintf("%s: %s, %s; retry %s, fault %s", v.Outcome, what, v.Reason, strings.ReplaceAll(v.Retry.String(), "_", " "), v.Fault)
}

// String writes the phases that took place, in milliseconds.
func (t Timings) String() string {
	var parts []string
	for _, phase := range []struct {
		name string
		ms   float64
	}{{"dns", t.DNS}, {"connect", t.Connect}, {"tls", t.TLS}, {"first byte", t.FirstByte}, {"transfer", t.Transfer}, {"total", t.Total}} {
		if phase.ms > 0 {
			parts = append(parts, fmt.Sprintf("%s %.1f", phase.name, phase.ms))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ", ") + " ms"
}

// advice is what the catalogue says to look at. A good verdict needs none.
func (c *Check) advice() []string {
	v := c.Verdict
	switch {
	case v.Outcome == probe.Good:
		return nil
	case v.Status != nil && (v.Class == probe.ClassClientError || v.Class == probe.ClassServerError):
		return probe.CodeOf(*v.Status).Next
	}
	e, err := probe.Explain(v.Reason.String())
	if err != nil {
		return nil
	}
	return e.Next
}
