package report

import (
	"fmt"
	"math"
	"strings"

	"sonde/probe"
)

// Screen is what text is written to.
type Screen struct {
	Palette Palette
	Bars    bool // a person looks at it: phases are drawn, not listed
}

// phaseCells is how long the bar of all phases together is.
const phaseCells = 48

// phase is a part of an attempt.
type phase struct {
	name   string
	ms     float64
	colour string
}

// phases lists the parts of an attempt in the order in which they happen.
func (t Timings) phases() []phase {
	return []phase{
		{"dns", t.DNS, "36"}, {"connect", t.Connect, "34"}, {"tls", t.TLS, "35"},
		{"first byte", t.FirstByte, "33"}, {"transfer", t.Transfer, "32"},
	}
}

// String writes the phases that took place, in milliseconds.
func (t Timings) String() string {
	var parts []string
	for _, p := range append(t.phases(), phase{name: "total", ms: t.Total}) {
		if p.ms > 0 {
			parts = append(parts, fmt.Sprintf("%s %.1f", p.name, p.ms))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ", ") + " ms"
}

// picture draws the phases below each other, each where it lay in the whole. Of an
// attempt without an answer, the last phase is the one that it failed in.
func (a *Attempt) picture(palette Palette) []string {
	all := a.Timings.phases()
	last := -1
	for i, p := range all {
		if p.ms > 0 {
			last = i
		}
	}
	if last < 0 || a.Timings.Total <= 0 {
		return nil
	}
	var lines []string
	before := 0.0
	for i, p := range all {
		if p.ms <= 0 {
			continue
		}
		sign, colour := "#", p.colour
		if i == last && a.Class == probe.ClassNoResponse {
			sign, colour = "x", "31;1"
		}
		indent, cells := stretch(before, p.ms, a.Timings.Total)
		lines = append(lines, fmt.Sprintf("  %-10s %9.1f ms  %s", p.name, p.ms, strings.Repeat(" ", indent)+palette.paint(colour, strings.Repeat(sign, cells))))
		before += p.ms
	}
	return append(lines, fmt.Sprintf("  %-10s %9.1f ms", "total", a.Timings.Total))
}

// stretch is where a phase is drawn: behind how many cells, and over how many. Every
// phase has a cell at least, and all stay within the whole.
func stretch(before, ms, total float64) (indent, cells int) {
	at := func(ms float64) int { return int(math.Round(ms / total * phaseCells)) }
	indent = min(at(before), phaseCells-1)
	return indent, max(1, min(at(before+ms), phaseCells)-indent)
}
