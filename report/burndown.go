package report

import (
	"fmt"
	"strings"
	"time"

	"sonde/slo"
)

// The size of a chart.
const (
	chartColumns = 60
	chartRows    = 5
)

// Burndown is what was left of a budget in the course of its window.
type Burndown struct {
	from, to time.Time // the window, so far as it has passed
	end      time.Time // of the whole of it
	left     []float64 // at the end of each part: of what the window allows; at most 1
}

// NewBurndown follows the budget of a promise through its window, as the ledger has it:
// bad time is spent where it was.
func NewBurndown(p *Promise, ledger ledger, now time.Time) *Burndown {
	span := p.more.span
	b := &Burndown{from: span.Begin(), to: now, end: span.End, left: make([]float64, chartColumns)}
	step := span.Length / chartColumns
	total := p.promise.Total(span.Length)
	spent, at := time.Duration(0), span.After
	for i := range b.left {
		until := slo.Earliest(span.After.Add(time.Duration(i+1)*step), now)
		if i == chartColumns-1 {
			until = now
		}
		if at.Before(until) {
			spent += ledger.Tally(at, until).Bad
			at = until
		}
		b.left[i] = 1 - float64(spent)/float64(max(total, time.Millisecond))
	}
	return b
}

// Threshold is that of a promise about latency; 0 of another.
func (p *Promise) Threshold() time.Duration { return p.promise.Threshold }

// Reach is the range of time that a chart of the promise is about.
func (p *Promise) Reach() (after, until time.Time) {
	return p.more.span.After, p.more.span.End
}

// lines draws the chart: a column for each part of the window, as high as what was left.
func (b *Burndown) lines() []string {
	passed := chartColumns
	if b.end.After(b.to) { // a period that goes on
		passed = int((b.to.Sub(b.from)*chartColumns + b.end.Sub(b.from) - 1) / b.end.Sub(b.from))
	}
	var lines []string
	for row := chartRows; row > 0; row-- {
		line := fmt.Sprintf("  %4d%% |", row*100/chartRows)
		for _, left := range b.left[:passed] {
			line += cell(left, row)
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	first, last := b.from.UTC().Format(minuteLayout), b.end.UTC().Format(minuteLayout)
	return append(lines,
		"     0% +"+strings.Repeat("-", chartColumns),
		"         "+first+strings.Repeat(" ", max(1, chartColumns-len(first)-len(last)))+last+" UTC",
		"         # budget left  x overspent")
}

// cell is a place of a column: filled if anything of that row is left.
func cell(left float64, row int) string {
	switch {
	case left > float64(row-1)/chartRows:
		return "#"
	case left <= 0 && row == 1:
		return "x"
	}
	return " "
}
