package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Problem is one thing that is wrong with a configuration, or worth a warning.
type Problem struct {
	File   string // as it was named to Load
	Line   int    // from 1
	Column int    // from 1, in characters
	Path   string // such as probes[2].timeout; empty for the file as a whole
	Text   string // what is wrong, and the way out; holds no secret

	// Source is the line of the file, printable, with everything that may be a
	// secret starred out; a very long line is cut. Empty if the file has no such line.
	Source string
	caret  int // characters of Source before the place
}

// String is the problem in one line, such as
//
//	sonde.yaml:14:14: probes[2].timeout: 45s does not fit interval 30s; lower timeout or raise interval
func (p Problem) String() string {
	if p.Path == "" {
		return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Text)
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s", p.File, p.Line, p.Column, p.Path, p.Text)
}

// Excerpt is the line of the file and, below it, a caret at the place; empty if
// there is no such line.
func (p Problem) Excerpt() string {
	if p.Source == "" {
		return ""
	}
	var pad strings.Builder
	for i, r := range []rune(p.Source) {
		if i == p.caret {
			break
		}
		pad.WriteString(strings.Repeat(" ", width(r)))
	}
	return p.Source + "\n" + pad.String() + "^"
}

// width is how many columns of a terminal a character takes.
func width(r rune) int {
	if unicode.In(r, unicode.Hangul, unicode.Han, unicode.Hiragana, unicode.Katakana) {
		return 2
	}
	return 1
}

// Problems are all problems of a file, sorted by place. They are the error of a
// file that was read but is not valid.
type Problems []Problem

// Error is every problem on its line, each with its excerpt behind it.
func (p Problems) Error() string {
	lines := make([]string, 0, 2*len(p))
	for _, problem := range p {
		lines = append(lines, problem.String())
		if excerpt := problem.Excerpt(); excerpt != "" {
			lines = append(lines, excerpt)
		}
	}
	return strings.Join(lines, "\n")
}

// maxProblems bounds what is said about one file.
const maxProblems = 1000

// place is where something stands in a file; both from 1.
type place struct{ line, column int }

// finding is a problem before its line is quoted.
type finding struct {
	at   place
	path string
	text string
}

// sorted orders findings by place and drops repetitions.
func sorted(findings []finding) []finding {
	slices.SortStableFunc(findings, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.at.line, b.at.line), cmp.Compare(a.at.column, b.at.column))
	})
	seen := map[finding]bool{}
	return slices.DeleteFunc(findings, func(f finding) bool {
		repeated := seen[f]
		seen[f] = true
		return repeated
	})
}
