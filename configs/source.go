package configs

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// source is the text of a file, and which stretches of it may hold secrets.
type source struct {
	name   string
	lines  []string
	nodes  []place // where each value or key begins, in order
	hidden []stretch
	quoted map[int][]rune // lines as they may be shown, by number
}

// stretch is from a place up to another.
type stretch struct{ from, to place }

func newSource(name string, data []byte) *source {
	return &source{name: name, lines: splitLines(string(data)), quoted: map[int][]rune{}}
}

// splitLines splits where YAML 1.1 section 4.2 breaks lines, so that numbers of
// lines agree with the parser's.
func splitLines(s string) []string {
	s = strings.TrimPrefix(s, "\ufeff")
	for _, rare := range [...]string{"\r", "\u0085", "\u2028", "\u2029"} {
		if strings.Contains(s, rare) {
			s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(s)
			break
		}
	}
	return strings.Split(s, "\n")
}

// index learns where all nodes of a document begin.
func (s *source) index(n *yaml.Node) {
	s.nodes = slices.Grow(s.nodes, countNodes(n))
	s.indexAll(n)
}

func countNodes(n *yaml.Node) int {
	count := 1
	for _, child := range n.Content {
		count += countNodes(child)
	}
	return count
}

func (s *source) indexAll(n *yaml.Node) {
	s.nodes = append(s.nodes, place{n.Line, n.Column})
	for _, child := range n.Content {
		s.indexAll(child)
	}
}

// hide marks a value whose text must not be quoted: it reaches to where the next
// key or value begins.
func (s *source) hide(from place) {
	next, _ := slices.BinarySearchFunc(s.nodes, from, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column), -1)
	})
	to := place{len(s.lines) + 1, 1}
	if next < len(s.nodes) {
		to = s.nodes[next]
	}
	s.hidden = append(s.hidden, stretch{from, to})
}

// clamp moves a place into the file.
func (s *source) clamp(at place) place {
	if at.line > len(s.lines) {
		last := len(s.lines)
		at = place{last, len([]rune(s.lines[last-1])) + 1}
	}
	return place{max(at.line, 1), max(at.column, 1)}
}

// isEnd reports whether nothing but the end of the file is there.
func (s *source) isEnd(at place) bool {
	last := len(s.lines)
	return at.line < 1 || at.line > last || at.line == last && s.lines[last-1] == ""
}

// problem quotes the line of a finding.
func (s *source) problem(f finding) Problem {
	at := s.clamp(f.at)
	quoted, caret := cut(s.shown(at.line), at.column-1)
	return Problem{File: s.name, Line: at.line, Column: at.column, Path: f.path, Text: f.text, Source: quoted, caret: caret}
}

// problems quotes the lines of all findings.
func (s *source) problems(findings []finding) []Problem {
	var all []Problem
	for _, f := range sorted(findings) {
		if len(all) == maxProblems {
			f.path, f.text = "", "and more problems; mend these first"
			return append(all, s.problem(f))
		}
		all = append(all, s.problem(f))
	}
	return all
}

// shown is a line as it may be shown; it has as many characters as the line. All
// that must be hidden is known by then.
func (s *source) shown(line int) []rune {
	if _, known := s.quoted[line]; !known {
		s.quoted[line] = s.mask(line)
	}
	return s.quoted[line]
}

// mask makes a line printable and stars out what may be a secret.
func (s *source) mask(line int) []rune {
	runes := []rune(s.lines[line-1])
	for i, r := range runes {
		switch {
		case r == '\t':
			runes[i] = ' '
		case !strconv.IsPrint(r):
			runes[i] = '?'
		}
	}
	for _, h := range s.hidden {
		if h.from.line <= line && line <= h.to.line {
			begin, end := max(0, from(h, line)), min(to(h, line, len(runes)), len(runes))
			if begin < end {
				star(trimFlow(runes[begin:end]))
			}
		}
	}
	starSuspects(runes)
	return runes
}

// trimFlow leaves out YAML's own marks between a value and the next one.
func trimFlow(runes []rune) []rune {
	return runes[:len([]rune(strings.TrimRight(string(runes), " ,]}-?[{")))]
}

// from is where a stretch begins on one of its lines, from 0.
func from(h stretch, line int) int {
	if line > h.from.line {
		return 0
	}
	return h.from.column - 1
}

// to is where a stretch ends on one of its lines, from 0, excluded.
func to(h stretch, line, length int) int {
	if line < h.to.line {
		return length
	}
	return h.to.column - 1
}

// maxShown is how many characters of a line are quoted.
const maxShown = 120

// cut shortens a line to what is around the place. It returns how many characters
// then stand before the place.
func cut(line []rune, before int) (string, int) {
	begin := 0
	if before > maxShown-20 {
		begin = min(before-maxShown/2, len(line))
	}
	end := min(begin+maxShown, len(line))
	return strings.TrimRight(string(line[begin:end]), " "), before - begin
}
