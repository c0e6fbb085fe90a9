package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/text"
)

// WriteText writes a check as people read it: every attempt with its phases, then the
// verdict and what to look at next.
func (c *Check) WriteText(w io.Writer, screen Screen) error {
	lines := []string{c.URL}
	for i := range c.Attempts {
		lines = append(lines, c.Attempts[i].lines(i+1, screen)...)
	}
	lines = append(lines, "", "verdict  "+c.Verdict.painted(screen.Palette))
	if c.Hold != nil {
		lines = append(lines, c.Hold.sentence())
	}
	for i, item := range c.advice() {
		lines = append(lines, fmt.Sprintf("  %d. %s", i+1, item))
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

func (a *Attempt) lines(n int, screen Screen) []string {
	lines := []string{fmt.Sprintf("attempt %d  %s", n, a.painted(screen.Palette))}
	add := func(what, value string) {
		if value != "" {
			lines = append(lines, fmt.Sprintf("  %-9s  %s", what, value))
		}
	}
	switch {
	case a.StatusLine != "":
		add("answer", a.StatusLine+" from "+a.RemoteAddr)
	case a.Protocol != "":
		add("answer", a.Protocol+" from "+a.RemoteAddr)
	case a.RemoteAddr != "":
		add("connected", "to "+a.RemoteAddr)
	}
	add("proxy", a.Proxy)
	if screen.Bars {
		lines = append(lines, a.picture(screen.Palette)...)
	} else {
		add("phases", a.Timings.String())
	}
	if a.TLS != nil {
		add("tls", a.TLS.Version+a.TLS.certificate())
	}
	if a.Certificate != nil {
		add("issued", a.Certificate.String())
	}
	add("server", a.AnsweredBy)
	add("retry", a.announced())
	for _, r := range a.Redirects {
		add("followed", r)
	}
	for _, i := range folded(a.Interim) {
		add("interim", i)
	}
	for _, h := range a.telling() {
		add("header", h)
	}
	for _, note := range a.Notes {
		add("note", note)
	}
	add("error", a.Error)
	add("trace", a.TraceID)
	return append(lines, quoted("body", a.Excerpt)...)
}

// announced tells when the target wants to be asked again, and what is made of a wait that is
// longer than any that sonde keeps to.
func (a *Attempt) announced() string {
	if a.RetryAfterS == nil {
		return ""
	}
	seconds := strconv.FormatFloat(*a.RetryAfterS, 'f', -1, 64)
	if *a.RetryAfterS <= incident.LongestHold.Seconds() {
		return "after " + seconds + " s, as the target says"
	}
	asked := "for " + seconds + " s"
	if said := text.Printable(a.Headers["retry-after"], 40); said != "" {
		asked = "to wait until " + said
		if strings.Trim(said, "0123456789…") == "" {
			asked = "for " + said + " s"
		}
	}
	return "the target asks " + asked + fmt.Sprintf("; sonde asks again after %d min at most", incident.LongestHold/time.Minute)
}

// quoted shows lines of somebody else's behind a bar, the first of them named.
func quoted(what, s string) (lines []string) {
	if s == "" {
		return nil
	}
	for line := range strings.SplitSeq(s, "\n") {
		lines = append(lines, fmt.Sprintf("  %-9s  | %s", what, line))
		what = ""
	}
	return lines
}

// dull are headers that say nothing about why an answer was not good, or that other lines
// tell already.
var dull = []string{
	"server", "content-type", "content-length", "content-encoding", "date", "etag", "cache-control", "last-modified", "expires", "vary",
	"alt-svc", "x-powered-by", "retry-after", "www-authenticate", "proxy-authenticate", "traceparent", "tracestate",
}

// telling are the headers that help with an answer that was not good: where it leads, what
// is allowed, and by which number others know the request.
func (a *Attempt) telling() (lines []string) {
	if a.Outcome == probe.Good {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(a.Headers)) {
		silent := name == "retry-after" && a.RetryAfterS == nil // it says nothing that could be kept to
		if silent || !slices.Contains(dull, name) {
			lines = append(lines, name+": "+a.Headers[name])
		}
	}
	return lines
}

// folded are interim answers as people read them, those that follow each other and say the
// same in one line.
func folded(all []Interim) (lines []string) {
	for n := 0; n < len(all); {
		first, same := all[n], 1
		for n+same < len(all) && all[n+same].Status == first.Status && slices.Equal(all[n+same].Links, first.Links) {
			same++
		}
		line := first.String()
		if same > 1 {
			line += fmt.Sprintf(" (%d times until %.1f ms)", same, all[n+same-1].AtMS)
		}
		lines = append(lines, line)
		n += same
	}
	return lines
}

// String is the answer as people read it.
func (i Interim) String() string {
	s := fmt.Sprintf("%d after %.1f ms", i.Status, i.AtMS)
	if len(i.Links) > 0 {
		s += ": " + strings.Join(i.Links, ", ")
	}
	return s
}

// painted is the verdict in a line, its outcome in colour.
func (v Verdict) painted(palette Palette) string {
	return fmt.Sprintf("%s: %s, %s; retry %s, fault %s",
		palette.Outcome(v.Outcome), v.reply(), v.Reason, strings.ReplaceAll(v.Retry.String(), "_", " "), v.Fault)
}

// reply is what came, as people read it.
func (v Verdict) reply() string {
	if v.Status == nil {
		return v.Class.Title()
	}
	code := strconv.Itoa(*v.Status) + " " + probe.CodeOf(*v.Status).Name
	if v.Class == probe.ClassNoResponse {
		return code + ", but no complete answer"
	}
	return code + " (" + v.Class.Title() + ")"
}

// Outcome is an outcome in its colour.
func (p Palette) Outcome(o probe.Outcome) string {
	switch o {
	case probe.Good:
		return p.paint("32", o.String())
	case probe.Bad:
		return p.paint("31;1", o.String())
	case probe.Excluded:
		return p.paint("33", o.String())
	}
	return p.paint("90", o.String())
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

// certificate tells how long the certificate lasts.
func (t *TLS) certificate() string {
	until := t.NotAfter.Format("2006-01-02")
	switch {
	case t.NotAfter.IsZero():
		return ""
	case t.Unverified:
		return ", certificate not verified, made until " + until
	case t.Expiring:
		return ", certificate good only until " + until
	}
	return ", certificate good until " + until
}

// String tells whose the certificate is, who says so, and for how long.
func (c *Certificate) String() string {
	names := "no name"
	if len(c.Names) > 0 {
		names = strings.Join(c.Names, ", ")
	}
	if c.MoreNames > 0 {
		names += fmt.Sprintf(" and %d more", c.MoreNames)
	}
	if c.Subject != "" {
		names += " (" + c.Subject + ")"
	}
	issuer := c.Issuer
	if issuer == c.Subject {
		issuer = "itself"
	}
	const minute = "2006-01-02 15:04"
	return fmt.Sprintf("for %s by %s, valid from %s to %s UTC", names, issuer, c.NotBefore.UTC().Format(minute), c.NotAfter.UTC().Format(minute))
}
