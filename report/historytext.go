package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"sonde/probe"
	"sonde/slo"
	"sonde/text"
)

// barCells is how long the bar of a row is.
const barCells = 24

const (
	minuteLayout = "2006-01-02 15:04"
	secondLayout = "2006-01-02 15:04:05"
)

// WriteText writes a history as people read it: a row per step with a bar, then totals,
// what was not good, incidents and evidence.
func (h *History) WriteText(w io.Writer) error {
	lines := []string{
		text.Printable(h.Name, 40) + "  " + text.Printable(h.URL, 200),
		fmt.Sprintf("%s to %s UTC, a row is %s", h.Total.From.Format(minuteLayout), h.Total.To.Format(minuteLayout), Span(time.Duration(h.StepMS)*time.Millisecond)),
	}
	if h.RetiredAt != nil {
		lines = append(lines, "not configured any more since "+h.RetiredAt.Format(minuteLayout)+" UTC")
	}
	if h.Unverified {
		lines = append(lines, "unverified (insecure: true), so that anybody on the way can answer")
	}
	lines = append(append(append(lines, ""), h.chart()...), "")
	lines = append(lines, h.totals()...)
	for _, part := range [][]string{h.stretches(), h.incidents(), h.evidence()} {
		if len(part) > 0 {
			lines = append(append(lines, ""), part...)
		}
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

func (h *History) chart() []string {
	cells := [][]string{{"FROM", "TIME", "AVAILABILITY", "RESULTS", "BAD", "P50", "P99"}}
	for i := range h.Rows {
		r := &h.Rows[i]
		cells = append(cells, []string{
			r.From.Format(minuteLayout), bar(r.time), r.Availability.String(), strconv.FormatInt(r.Results, 10),
			strconv.FormatInt(r.Outcomes[probe.Bad], 10), latency(r.Latency.P50), latency(r.Latency.P99),
		})
	}
	return append(align(cells), "# good  x bad  - excluded  . unknown")
}

// bar draws time by what it meant. Whatever there was of it has a cell at least, but
// for the good.
func bar(t slo.Tally) string {
	all := t.Good + t.Bad + t.Excluded + t.Unknown
	if all == 0 {
		return strings.Repeat(" ", barCells)
	}
	drawn := ""
	for _, part := range []struct {
		sign string
		time time.Duration
	}{{"x", t.Bad}, {"-", t.Excluded}, {".", t.Unknown}} {
		n := int(float64(part.time)/float64(all)*barCells + 0.5)
		if part.time > 0 {
			n = max(1, n)
		}
		drawn += strings.Repeat(part.sign, n)
	}
	if t.Good > 0 && len(drawn) >= barCells {
		drawn = drawn[:barCells-1]
	}
	return strings.Repeat("#", max(0, barCells-len(drawn))) + drawn[:min(len(drawn), barCells)]
}

// latency writes milliseconds as people read them.
func latency(ms *float64) string {
	switch {
	case ms == nil:
		return "-"
	case *ms < 10:
		return strconv.FormatFloat(*ms, 'f', 1, 64) + " ms"
	case *ms < 10_000:
		return strconv.FormatFloat(*ms, 'f', 0, 64) + " ms"
	}
	return strconv.FormatFloat(*ms/1000, 'f', 1, 64) + " s"
}

func (h *History) totals() []string {
	t := &h.Total
	lines := []string{"availability  " + t.Availability.String()}
	counts := strconv.FormatInt(t.Results, 10)
	for _, outcome := range []probe.Outcome{probe.Good, probe.Bad, probe.Excluded, probe.Unknown} {
		if n := t.Outcomes[outcome]; n > 0 {
			counts += fmt.Sprintf(", %d %s", n, outcome)
		}
	}
	lines = append(lines, "results       "+counts)
	if len(t.Codes) > 0 {
		lines = append(lines, "codes         "+codes(t.Codes))
	}
	if len(t.Reasons) > 0 {
		lines = append(lines, "reasons       "+reasons(t.Reasons))
	}
	if t.Latency.P50 != nil {
		lines = append(lines, fmt.Sprintf("latency       p50 %s, p95 %s, p99 %s, max %s",
			latency(t.Latency.P50), latency(t.Latency.P95), latency(t.Latency.P99), latency(t.Latency.Max)))
	}
	return lines
}

// codes writes how often each status code came.
func codes[N int | int64](counts map[int]N) string {
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		if code != 0 {
			parts = append(parts, fmt.Sprintf("%d x %d", counts[code], code))
		}
	}
	if n := counts[0]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d x no answer", n))
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, ", ")
}

// reasons writes how often each reason came, the most frequent first.
func reasons(counts map[probe.Reason]int64) string {
	var parts []string
	for _, reason := range slices.SortedFunc(maps.Keys(counts), func(a, b probe.Reason) int {
		if counts[a] != counts[b] {
			return int(counts[b] - counts[a])
		}
		return int(a) - int(b)
	}) {
		parts = append(parts, fmt.Sprintf("%d x %s", counts[reason], reason))
	}
	return strings.Join(parts, ", ")
}

// stretches lists the latest stretches, the oldest of them first.
func (h *History) stretches() []string {
	if len(h.Stretches) == 0 {
		return nil
	}
	lines := []string{"stretches that were not good"}
	shown := h.Stretches
	if more := len(shown) - maxListed; more > 0 {
		lines = append(lines, fmt.Sprintf("  and %d before these", more))
		shown = shown[more:]
	}
	var cells [][]string
	for _, s := range shown {
		cells = append(cells, []string{"  " + s.From.Format(secondLayout), Span(s.To.Sub(s.From)), s.Outcome.String(), s.Reason.String()})
	}
	return append(lines, align(cells)...)
}

func (h *History) incidents() []string {
	if len(h.Incidents) == 0 {
		return nil
	}
	lines := []string{"incidents"}
	shown := h.Incidents[:min(len(h.Incidents), maxListed)]
	var cells [][]string
	for i := range shown {
		x := &shown[i]
		cells = append(cells, []string{"  " + x.ID, x.kind(), x.Phase.String(), x.Since.Format(secondLayout), Span(x.lasted()), x.Cause.String(), codes(x.Codes)})
	}
	lines = append(lines, align(cells)...)
	if more := len(h.Incidents) - len(shown); more > 0 {
		lines = append(lines, fmt.Sprintf("  and %s more", Count(more, "incident")))
	}
	return lines
}

// evidence says what the latest runs that were not good saw, a line each.
func (h *History) evidence() []string {
	if len(h.Evidence) == 0 {
		return nil
	}
	lines := []string{"latest evidence"}
	for _, s := range h.Evidence {
		line := "  " + s.At.Format(secondLayout) + "  "
		if s.Status != nil {
			line += strconv.Itoa(*s.Status) + " "
		}
		line += s.Reason.String()
		if s.AnsweredBy != "" {
			line += ", answered by " + text.Printable(s.AnsweredBy, 60)
		}
		if s.Error != "" {
			line += ": " + text.Printable(s.Error, 120)
		}
		lines = append(lines, line)
	}
	return lines
}
