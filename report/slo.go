package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"sonde/slo"
	"sonde/store"
	"sonde/text"
)

// Promise is an objective and how it stands: an element of `sonde slo --json`, and of the
// API's list of objectives.
type Promise struct {
	Name  string `json:"name"`            // of the probe or group
	Group bool   `json:"group,omitempty"` // it is of a group
	Text  string `json:"promise"`         // as it is written in the configuration
	Objective

	BurnRate    map[string]*float64 `json:"burn_rate"`    // over 1h, 6h and 3d
	RemainingMS int64               `json:"remaining_ms"` // negative when overspent
	Outlook     string              `json:"outlook"`      // at the rate of 6h: never, lasts, runs_out, spent, unforeseen
	WindowMS    int64               `json:"window_ms"`    // of the whole window
	ElapsedMS   int64               `json:"elapsed_ms"`   // of it, up to now
	HistoryMS   int64               `json:"history_ms"`   // of that, since the first slot that is kept
}

// Promises lists the objectives of all probes, then those of groups.
func (s *Status) Promises() []Promise {
	all := []Promise{}
	for i := range s.Probes {
		all = s.Probes[i].promises(all, s.GeneratedAt)
	}
	return groupPromises(all, s.Groups, s.GeneratedAt)
}

// eachPromise calls f for what [Status.Promises] lists, one at a time, until f fails.
func eachPromise(s *store.Snapshot, now time.Time, f func(*Promise) error) (err error) {
	at := generatedAt(now)
	var some []Promise
	each := func() {
		for i := 0; i < len(some) && err == nil; i++ {
			err = f(&some[i])
		}
	}
	EachProbe(s, now, func(p *Probe) {
		some = p.promises(some[:0], at)
		each()
	})
	some = groupPromises(some[:0], GroupsOf(s, now), at)
	each()
	return err
}

// promises adds those of a probe to others.
func (p *Probe) promises(all []Promise, at time.Time) []Promise {
	for _, o := range p.Objectives {
		all = append(all, newPromise(p.Name, o, at))
	}
	return all
}

func groupPromises(all []Promise, groups []Group, at time.Time) []Promise {
	for i := range groups {
		for _, o := range groups[i].Objectives {
			p := newPromise(groups[i].Name, o, at)
			p.Group = true
			all = append(all, p)
		}
	}
	return all
}

// Title is the name as it is told from others: that of a group is group:payments.
func (p *Promise) Title() string {
	if p.Group {
		return GroupName(p.Name)
	}
	return p.Name
}

// Choose keeps the promises of some titles; all if none is given.
func Choose(all []Promise, titles []string) []Promise {
	if len(titles) == 0 {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(p Promise) bool { return !slices.Contains(titles, p.Title()) })
}

func newPromise(name string, o Objective, now time.Time) Promise {
	p := Promise{
		Name: name, Text: o.String(), Objective: o, BurnRate: maps.Clone(o.BurnRate), RemainingMS: o.BudgetMS - o.SpentMS,
		Outlook: o.more.outlook.String(), WindowMS: o.more.span.Length.Milliseconds(), HistoryMS: o.more.history.Milliseconds(),
	}
	p.ElapsedMS = min(now.Sub(o.more.span.Begin()).Milliseconds(), p.WindowMS)
	if o.promise.Window.Period == slo.Trailing {
		p.ElapsedMS = p.WindowMS
	}
	p.BurnRate["3d"] = o.more.burn3d
	return p
}

// WritePromises writes promises as people read them, a row each.
func WritePromises(w io.Writer, all []Promise) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "no objectives; a probe has one if the configuration says so: objective: 99.9% over 30d")
		return err
	}
	cells := [][]string{{"NAME", "OBJECTIVE", "STATUS", "ATTAINED", "COVERAGE", "BUDGET LEFT", "BURN 1H", "6H", "3D", "AT THE RATE OF 6H"}}
	for i := range all {
		p := &all[i]
		cells = append(cells, []string{
			text.Printable(p.Title(), 46), p.Text, words(p.Status), share(p.AttainedRatio), p.seen(), p.left(),
			times(p.BurnRate["1h"]), times(p.BurnRate["6h"]), times(p.BurnRate["3d"]), p.outlook(),
		})
	}
	_, err := fmt.Fprintln(w, strings.Join(align(cells), "\n"))
	return err
}

// WriteText writes a promise as people read it, with a chart of its budget if there is one.
func (p *Promise) WriteText(w io.Writer, chart *Burndown) error {
	lines := []string{text.Printable(p.Title(), 46) + "  " + p.Text + ": " + words(p.Status), ""}
	facts := [][]string{
		{"  attained", share(p.AttainedRatio)},
		{"  coverage", p.seen()},
		{"  threshold", p.decides()},
		{"  budget left", p.left()},
		{"  whole budget", Span(time.Duration(p.BudgetMS) * time.Millisecond)},
		{"  burn rate", fmt.Sprintf("1h %s, 6h %s, 3d %s", times(p.BurnRate["1h"]), times(p.BurnRate["6h"]), times(p.BurnRate["3d"]))},
		{"  at the rate of 6h", p.outlook()},
	}
	facts = slices.DeleteFunc(facts, func(f []string) bool { return f[1] == "" })
	lines = append(lines, align(facts)...)
	if chart != nil && p.RemainingRatio != nil {
		lines = append(append(lines, ""), chart.lines()...)
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// decides says since when the threshold of a promise about latency decides, if another one
// did before; empty if none did.
func (p *Promise) decides() string {
	if p.LatencySince == nil {
		return ""
	}
	return "decides since " + p.LatencySince.UTC().Format(minuteLayout) + " UTC; before, another one did"
}

// words writes a name of several words.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

func share(r *float64) string {
	if r == nil {
		return "-"
	}
	return percent(*r)
}

// times writes a burn rate.
func times(rate *float64) string {
	switch {
	case rate == nil:
		return "-"
	case *rate > 0 && *rate < 0.1:
		return "<0.1"
	case *rate < 100:
		return strconv.FormatFloat(*rate, 'f', 1, 64)
	}
	return strconv.FormatFloat(*rate, 'f', 0, 64)
}

// seen is the coverage, and the history if that is shorter than the window.
func (p *Promise) seen() string {
	line := percent(p.Coverage)
	switch {
	case p.HistoryMS == 0:
		line += " (no history)"
	case p.HistoryMS < p.ElapsedMS-p.ElapsedMS/100:
		line += " (history " + days(p.HistoryMS) + " of " + days(p.ElapsedMS) + ")"
	}
	return line
}

// days writes a length of time in days, or in hours below one, or in what is shorter.
func days(ms int64) string {
	hours := float64(ms) / float64(time.Hour.Milliseconds())
	if hours < 1 {
		return Span(time.Duration(ms) * time.Millisecond)
	}
	if hours < 24 {
		return decimal(hours) + " h"
	}
	return decimal(hours/24) + " d"
}

// decimal writes one decimal, unless it is 0.
func decimal(n float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(n, 'f', 1, 64), ".0")
}

func (p *Promise) left() string {
	if p.RemainingRatio == nil {
		return "-"
	}
	return percent(*p.RemainingRatio) + " (" + Span(time.Duration(p.RemainingMS)*time.Millisecond) + ")"
}

// outlook says what becomes of the budget.
func (p *Promise) outlook() string {
	switch p.more.outlook {
	case slo.Never:
		return "never at this rate"
	case slo.Lasts:
		return "lasts the period"
	case slo.Gone:
		return "is spent"
	case slo.RunsOut:
		return "spent by " + p.ExhaustedAt.Format(minuteLayout) + " UTC"
	}
	return "-"
}
