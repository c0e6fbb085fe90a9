package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// row is a number and what it is of.
type row struct{ what, got string }

// table is what was measured of one database.
type table struct {
	about string
	rows  []row
}

func (t *table) add(what, format string, args ...any) {
	t.rows = append(t.rows, row{what, fmt.Sprintf(format, args...)})
}

// text is for a terminal.
func text(tables []*table, machine string) string {
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "%s\n", machine)
	for _, t := range tables {
		_, _ = fmt.Fprintf(&b, "\n%s\n", t.about)
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, r := range t.rows {
			_, _ = fmt.Fprintf(w, "  %s\t%s\n", r.what, r.got)
		}
		_ = w.Flush()
	}
	return b.String()
}

// markdown is for bench/RESULTS.md.
func markdown(tables []*table) string {
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "Results are made up: %s\n", madeUp)
	for _, t := range tables {
		_, _ = fmt.Fprintf(&b, "\n%s\n\n| what | measured |\n|---|---|\n", t.about)
		for _, r := range t.rows {
			_, _ = fmt.Fprintf(&b, "| %s | %s |\n", r.what, r.got)
		}
	}
	return b.String()
}

const madeUp = "log-normal latency, 8 % noise, phases as shares of it with noise of their own, failures in streaks of one to six slots, re-checks as they fall due. Nobody is told of incidents."

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func megabytes(n int64) float64 { return float64(n) / (1 << 20) }

// short is a length without its zeros: 1h, 90d.
func short(d time.Duration) string {
	if d >= day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
