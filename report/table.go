package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/text"
)

// Palette colours words of ours. The zero Palette colours nothing.
type Palette struct{ On bool }

func (p Palette) paint(code, s string) string {
	if !p.On {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// State colours a state's word.
func (p Palette) State(s State) string {
	switch s {
	case Up:
		return p.paint("32", string(s))
	case Degraded:
		return p.paint("33", string(s))
	case Down:
		return p.paint("31;1", string(s))
	}
	return p.paint("90", string(s))
}

// WriteText writes the status as people read it: a line that sums up, then a row per
// probe, the worst first, then what is not right with sonde itself.
func (s *Status) WriteText(w io.Writer, palette Palette) error {
	lines := []string{s.states(palette) + "; " + s.classes()}
	if len(s.Probes) > 0 {
		lines = append(append(lines, ""), s.rows(palette)...)
	}
	if remarks := s.remarks(); len(remarks) > 0 {
		lines = append(append(lines, ""), remarks...)
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// states sums up how many probes are how; what nobody is in is left out.
func (s *Status) states(palette Palette) string {
	counts := []struct {
		state State
		n     int
	}{
		{Down, s.Summary.Down}, {Degraded, s.Summary.Degraded}, {Unknown, s.Summary.Unknown},
		{Up, s.Summary.Up}, {Maintenance, s.Summary.Maintenance}, {Paused, s.Summary.Paused},
	}
	var parts []string
	for _, c := range counts {
		if c.n > 0 {
			parts = append(parts, strconv.Itoa(c.n)+" "+palette.State(c.state))
		}
	}
	if len(parts) == 0 {
		return "no probes"
	}
	return Count(len(s.Probes), "probe") + ": " + strings.Join(parts, ", ")
}

// classes sums up the answers of the last day.
func (s *Status) classes() string {
	n := s.Summary.Classes24h
	line := fmt.Sprintf("last 24 h: 2xx %d, 3xx %d, 4xx %d, 5xx %d, no answer %d",
		n[probe.ClassSuccess.String()], n[probe.ClassRedirection.String()], n[probe.ClassClientError.String()],
		n[probe.ClassServerError.String()], n[probe.ClassNoResponse.String()])
	if interim := n[probe.ClassInformational.String()]; interim > 0 {
		line += fmt.Sprintf(", 1xx %d", interim)
	}
	return line
}

const (
	maxListed     = 20 // open incidents, or holds, that are listed apart
	instantLayout = "2006-01-02 15:04:05 MST"
)

// announced tells when a target said that it would be back; empty if it did not.
func announced(by *time.Time, now time.Time) string {
	switch {
	case by == nil:
		return ""
	case by.After(now):
		return ", announced to be back by " + by.Format(instantLayout)
	}
	return ", had announced to be back by " + by.Format(instantLayout)
}

// holds lists the probes that are not asked, a line each.
func (s *Status) holds() []string {
	var lines []string
	for i := range s.Probes {
		if h := s.Probes[i].Hold; h != nil {
			lines = append(lines, fmt.Sprintf("%s is not asked until %s (%s)", text.Printable(s.Probes[i].Name, 40), h.Until.Format(instantLayout), h.Reason))
		}
	}
	if more := len(lines) - maxListed; more > 0 {
		lines = append(lines[:maxListed], "and "+Count(more, "probe")+" more not asked")
	}
	return lines
}

// works lists the probes that are in maintenance, a line each.
func (s *Status) works() []string {
	var lines []string
	for i := range s.Probes {
		if w := s.Probes[i].Maintenance; w != nil {
			lines = append(lines, fmt.Sprintf("%s is in maintenance until %s (%s)", text.Printable(s.Probes[i].Name, 40), w.Until.Format(instantLayout), text.Printable(w.Name, 40)))
		}
	}
	if more := len(lines) - maxListed; more > 0 {
		lines = append(lines[:maxListed], "and "+Count(more, "probe")+" more in maintenance")
	}
	return lines
}

// unverified names the probes whose certificates are not verified; empty if there is none.
func (s *Status) unverified() string {
	var names []string
	for i := range s.Probes {
		if s.Probes[i].Unverified {
			names = append(names, text.Printable(s.Probes[i].Name, 40))
		}
	}
	if len(names) == 0 {
		return ""
	}
	line := "unverified (insecure: true), so that anybody on the way can answer: " + strings.Join(names[:min(len(names), maxListed)], ", ")
	if more := len(names) - maxListed; more > 0 {
		line += ", and " + Count(more, "probe") + " more"
	}
	return line
}

// incidents lists what is open, a line each.
func (s *Status) incidents() []string {
	var lines []string
	for i := range s.Shared {
		lines = append(lines, s.Shared[i].lines()...)
	}
	for i := range s.Probes {
		for _, x := range s.Probes[i].Incidents {
			if x.Phase == incident.Open {
				lines = append(lines, fmt.Sprintf("incident %s: %s on %s since %s (%s)%s",
					x.ID, x.Kind, text.Printable(s.Probes[i].Name, 40), x.Since.Format(instantLayout), x.Cause, announced(x.RecoverBy, s.GeneratedAt)+x.words()))
			}
		}
	}
	if more := len(lines) - maxListed; more > 0 {
		lines = append(lines[:maxListed], fmt.Sprintf("and %s more", Count(more, "incident")))
	}
	return lines
}

// remarks say what is open, and what is not right with sonde itself.
func (s *Status) remarks() []string {
	remarks := slices.Concat(s.incidents(), s.works(), s.holds(), s.groups())
	if line := s.unverified(); line != "" {
		remarks = append(remarks, line)
	}
	if !s.Service.Running {
		line := "the service is not running"
		if at := s.Service.LastWrite; at != nil {
			line += "; its last result was stored " + ago(s.GeneratedAt, *at)
		}
		remarks = append(remarks, line)
	}
	if line := s.Service.Storage.remark(s.GeneratedAt); line != "" {
		remarks = append(remarks, line)
	}
	if line := s.Service.Heartbeat.remark(s.GeneratedAt); line != "" {
		remarks = append(remarks, line)
	}
	if n := s.Service.Outbox.Pending; n > 0 {
		remarks = append(remarks, Count(n, "message")+" waiting to be delivered")
	}
	if n := s.Service.Outbox.Dead; n > 0 {
		remarks = append(remarks, Count(n, "message")+" could not be delivered")
	}
	for _, path := range s.Service.Damaged {
		remarks = append(remarks, "history was lost: the damaged database lies in "+text.Printable(path, 200)+"; remove it when nobody needs it any more")
	}
	return remarks
}

var order = map[State]int{Down: 0, Degraded: 1, Unknown: 2, Up: 3, Maintenance: 4, Paused: 5}

// rows are the lines of the table. Colour is put on after they are aligned, because it
// takes no room on a terminal.
func (s *Status) rows(palette Palette) []string {
	probes := slices.Clone(s.Probes)
	slices.SortStableFunc(probes, func(a, b Probe) int {
		return cmp.Or(cmp.Compare(order[a.State], order[b.State]), cmp.Compare(a.Name, b.Name))
	})
	cells := [][]string{{"STATE", "PROBE", "LAST", "RETRY", "REASON", "AVAIL 24H", "BUDGET LEFT", "SINCE"}}
	for i := range probes {
		cells = append(cells, probes[i].cells(s.GeneratedAt))
	}
	lines := align(cells)
	for i := range probes {
		state := probes[i].State
		lines[i+1] = palette.State(state) + strings.TrimPrefix(lines[i+1], string(state))
	}
	return lines
}

// answer is what came, in words. A fault of our own is no silence of the target's.
func (l *Last) answer() string {
	switch {
	case l.Outcome == probe.Unknown:
		return "not known"
	case l.Status != nil:
		return strconv.Itoa(*l.Status) + " " + l.Class.Title()
	}
	return l.Class.Title()
}

func (p *Probe) cells(now time.Time) []string {
	last, retry, reason := "-", "-", "-"
	if p.Last != nil {
		last = p.Last.answer()
		retry, reason = p.Last.Retry.String(), p.Last.Reason.String()
	}
	since := "-"
	if p.Since != nil {
		since = ago(now, *p.Since)
	}
	return []string{string(p.State), text.Printable(p.Name, 40), last, retry, reason, p.Availability["24h"].String(), p.budget(), since}
}

// String is the availability as people read it, with its coverage if it is low.
func (a Availability) String() string {
	if a.Ratio == nil {
		return "-"
	}
	if a.Coverage < 0.99 {
		return percent(*a.Ratio) + " (seen " + percent(a.Coverage) + ")"
	}
	return percent(*a.Ratio)
}

// budget is the budget of the objective that has the least of it left.
func (p *Probe) budget() string {
	var tightest *Objective
	for i := range p.Objectives {
		o := &p.Objectives[i]
		if o.RemainingRatio != nil && (tightest == nil || *o.RemainingRatio < *tightest.RemainingRatio) {
			tightest = o
		}
	}
	if tightest == nil {
		return "-"
	}
	left := time.Duration(tightest.BudgetMS-tightest.SpentMS) * time.Millisecond
	line := percent(*tightest.RemainingRatio) + " (" + Span(left) + ")"
	if tightest.Status != "met" {
		line += " " + strings.ReplaceAll(tightest.Status, "_", " ")
	}
	return line
}

// percent writes a ratio with two decimals. It never rounds to 100% or to 0% what is
// not.
func percent(r float64) string {
	p := r * 100
	switch {
	case p > 99.99 && p < 100:
		p = 99.99
	case p > 0 && p < 0.01:
		p = 0.01
	case p < 0 && p > -0.01:
		p = -0.01
	}
	return strconv.FormatFloat(p, 'f', 2, 64) + "%"
}

func ago(now, t time.Time) string {
	d := now.Sub(t)
	if d < time.Second {
		return "now"
	}
	return Span(d) + " ago"
}

// Span writes a length of time in its two largest units, such as "3h 20m".
func Span(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	units := []struct {
		length time.Duration
		name   string
	}{{day, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}}
	for i, u := range units {
		if d < u.length {
			continue
		}
		line := sign + strconv.Itoa(int(d/u.length)) + u.name
		if rest := d % u.length; i+1 < len(units) && rest >= units[i+1].length {
			line += " " + strconv.Itoa(int(rest/units[i+1].length)) + units[i+1].name
		}
		return line
	}
	return "0s"
}

// Count writes a number with its noun, such as "1 probe" or "2 probes".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
