package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"sonde/text"
)

// Write writes the month in a format: text, csv, json or html.
func (m *Month) Write(w io.Writer, format string) error {
	switch format {
	case "text":
		return m.writeText(w)
	case "csv":
		return m.writeCSV(w)
	case "json":
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		return out.Encode(m)
	case "html":
		return monthPage.Execute(w, m)
	}
	return fmt.Errorf("%q is no format; use text, csv, json or html", format)
}

// IsMonthFormat reports whether a month can be written so.
func IsMonthFormat(format string) bool {
	return slices.Contains([]string{"text", "csv", "json", "html"}, format)
}

// Title says which month it is.
func (m *Month) Title() string {
	title := "Objectives in " + m.Month + " (" + m.Zone + ")"
	if !m.Complete {
		title += ", up to " + m.GeneratedAt.Format(minuteLayout) + " UTC"
	}
	return title
}

// Columns are the headings of the table.
func (m *Month) Columns() []string {
	return []string{"NAME", "TARGET", "STATUS", "ATTAINED", "COVERAGE", "SPENT", "BUDGET LEFT", "INCIDENTS", "MTTD", "MTTA", "MTTR"}
}

// Cells are a row as people read it, those of groups named as groups.
func (m *Month) Cells() [][]string {
	var all [][]string
	for i := range m.Probes {
		all = append(all, m.Probes[i].cells(m.Probes[i].Name))
	}
	for i := range m.Groups {
		all = append(all, m.Groups[i].cells(GroupName(m.Groups[i].Name)))
	}
	return all
}

func (r *MonthRow) cells(name string) []string {
	target := "-"
	if r.Target != nil {
		target = strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(*r.Target*100, 'f', 4, 64), "0"), ".") + "%"
	}
	if r.LatencyMS > 0 {
		target += " in " + strconv.FormatInt(r.LatencyMS, 10) + "ms"
	}
	return []string{
		text.Printable(name, 46), target, words(r.Status), share(r.AttainedRatio), percent(r.Coverage), Span(time.Duration(r.SpentMS) * time.Millisecond),
		share(r.RemainingRatio), r.incidents(), meanTime(r.MTTDMS), meanTime(r.MTTAMS), meanTime(r.MTTRMS),
	}
}

// incidents are how many there were, and how many of those were false alarms.
func (r *MonthRow) incidents() string {
	said := strconv.Itoa(r.Incidents)
	if r.FalseAlarms > 0 {
		said += " (" + strconv.Itoa(r.FalseAlarms) + " false)"
	}
	return said
}

func meanTime(ms *int64) string {
	if ms == nil {
		return "-"
	}
	return Span(time.Duration(*ms) * time.Millisecond)
}

func (m *Month) writeText(w io.Writer) error {
	lines := append([]string{m.Title(), ""}, align(append([][]string{m.Columns()}, m.Cells()...))...)
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// monthColumns are the columns of the CSV, named like the keys of the JSON.
var monthColumns = []string{
	"month", "zone", "scope", "name", "target", "latency_ms", "attained_ratio", "coverage", "budget_ms", "spent_ms", "remaining_ratio", "status", "incidents", "mttd_ms", "mtta_ms", "mttr_ms", "false_alarms",
}

func (m *Month) writeCSV(w io.Writer) error {
	table := csv.NewWriter(w)
	lines := [][]string{monthColumns}
	for _, part := range []struct {
		scope string
		rows  []MonthRow
	}{{"probe", m.Probes}, {"group", m.Groups}} {
		for i := range part.rows {
			r := &part.rows[i]
			lines = append(lines, []string{
				m.Month, m.Zone, part.scope, r.Name, float(r.Target), latencyOf(r), float(r.AttainedRatio), float(&r.Coverage), whole(r.BudgetMS), whole(&r.SpentMS),
				float(r.RemainingRatio), r.Status, strconv.Itoa(r.Incidents), whole(r.MTTDMS), whole(r.MTTAMS), whole(r.MTTRMS), strconv.Itoa(r.FalseAlarms),
			})
		}
	}
	return table.WriteAll(lines)
}

func latencyOf(r *MonthRow) string {
	if r.LatencyMS == 0 {
		return ""
	}
	return whole(&r.LatencyMS)
}

// float writes a number; nothing for one that is not known.
func float(f *float64) string {
	if f == nil {
		return ""
	}
	return strconv.FormatFloat(*f, 'f', -1, 64)
}

func whole(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

// monthPage is one page that needs nothing else: no script, no image, no font.
var monthPage = template.Must(template.New("month").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem; color: #1b1b1b; background: #fff }
table { border-collapse: collapse }
caption { text-align: left; font-weight: 600; padding-bottom: .5rem }
th, td { text-align: left; padding: .3rem .8rem; border-bottom: 1px solid #ccc; font-variant-numeric: tabular-nums }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #161616 } th, td { border-color: #444 } }
</style>
</head>
<body>
<table>
<caption>{{.Title}}</caption>
<thead><tr>{{range .Columns}}<th scope="col">{{.}}</th>{{end}}</tr></thead>
<tbody>
{{range .Cells}}<tr>{{range $i, $cell := .}}{{if eq $i 0}}<th scope="row">{{$cell}}</th>{{else}}<td>{{$cell}}</td>{{end}}{{end}}</tr>
{{end}}</tbody>
</table>
<p>MTTD: from the first failure to the opening of an incident. MTTA: until somebody acknowledged it. MTTR: until it recovered.</p>
</body>
</html>
`))
