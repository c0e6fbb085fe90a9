package configs

import (
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// inside is the place in the file of a character of a text. YAML folds, indents and quotes texts,
// but that changes only the space between characters and how some are written; so the
// characters that are no space are counted, in the text and in the file.
func (s *source) inside(n *yaml.Node, text string, at int) place {
	runes := []rune(text)
	at = min(max(at, 0), len(runes))
	before, behind := 0, 0
	for i, r := range runes {
		switch {
		case unicode.IsSpace(r):
		case i < at:
			before++
		default:
			behind++
		}
	}
	c := s.cursor(n)
	if behind == 0 && before > 0 { // the end of the text is behind its last character
		if last, ok := c.skip(before - 1); ok {
			return place{last.line, last.column + 1}
		}
	} else if found, ok := c.skip(before); ok {
		return found
	}
	return place{n.Line, n.Column}
}

// cursor reads the characters of a text as they stand in the file.
type cursor struct {
	lines []string
	line  int // from 0
	rest  []rune
	at    int // of rest in its line
	style yaml.Style
}

// cursor begins behind what introduces a text: an anchor, a tag, a quote, | or >.
func (s *source) cursor(n *yaml.Node) *cursor {
	c := &cursor{lines: s.lines, line: n.Line - 1, style: n.Style}
	if c.line < 0 || c.line >= len(c.lines) {
		return c
	}
	c.rest = []rune(c.lines[c.line])
	c.forward(min(n.Column-1, len(c.rest)))
	for c.space(); len(c.rest) > 0 && (c.rest[0] == '&' || c.rest[0] == '!'); c.space() {
		end := strings.IndexAny(string(c.rest), " \t")
		if end < 0 {
			end = len(c.rest)
		}
		c.forward(min(end, len(c.rest)))
	}
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		c.forward(len(c.rest))
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 && len(c.rest) > 0:
		c.forward(1)
	}
	return c
}

func (c *cursor) forward(n int) { c.rest, c.at = c.rest[n:], c.at+n }

// space goes on to the next character that is no space, and reports whether there is one.
func (c *cursor) space() bool {
	for {
		for len(c.rest) > 0 && unicode.IsSpace(c.rest[0]) {
			c.forward(1)
		}
		if len(c.rest) > 0 {
			return true
		}
		if c.line+1 >= len(c.lines) {
			return false
		}
		c.line++
		c.rest, c.at = []rune(c.lines[c.line]), 0
	}
}

// skip passes so many characters that are no space, and is where the next one stands.
func (c *cursor) skip(n int) (place, bool) {
	for c.space() {
		length, counts := c.written()
		if n == 0 && counts {
			return place{c.line + 1, c.at + 1}, true
		}
		if counts {
			n--
		}
		c.forward(min(length, len(c.rest)))
	}
	return place{}, false
}

// written is how many characters of the file stand for the next one of the text, and
// whether that is no space.
func (c *cursor) written() (length int, counts bool) {
	next := func(i int) rune {
		if i < len(c.rest) {
			return c.rest[i]
		}
		return '\n' // a line that goes on
	}
	switch {
	case c.style&yaml.SingleQuotedStyle != 0 && c.rest[0] == '\'' && next(1) == '\'':
		return 2, true
	case c.style&yaml.DoubleQuotedStyle == 0 || c.rest[0] != '\\':
		return 1, true
	}
	switch next(1) {
	case 'x':
		return 4, true
	case 'u':
		return 6, true
	case 'U':
		return 10, true
	case '\n', ' ', '\t', 'n', 't', 'r', 'v', 'f', '_', 'N', 'L', 'P':
		return 2, false
	}
	return 2, true
}
