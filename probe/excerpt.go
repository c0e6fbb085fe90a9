package probe

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
	"unicode/utf8"

	"sonde/text"
)

const (
	maxBeginning = 4 << 10 // bytes of a body that are kept until it is judged
	maxExcerpt   = 2 << 10 // bytes that people are shown of it
)

// beginnings are pieces of memory for the beginnings of bodies. They are read into one
// instead of being thrown away, which costs nothing: nobody knows yet whether people
// will want to see them.
var beginnings = sync.Pool{New: func() any { return new([maxBeginning]byte) }}

// excerpt is what people are shown of a body of which the beginning is known: lines of
// printable text without our secrets. What is not text is described instead. declared is
// the type that the answer gives it.
func excerpt(beginning []byte, whole bool, declared string, m *masker) string {
	beginning = bytes.TrimPrefix(beginning, []byte("\ufeff"))
	if !whole {
		beginning = wholeRunes(beginning)
	}
	if len(beginning) == 0 {
		return ""
	}
	if isBinary(beginning) {
		if declared == "" {
			declared = http.DetectContentType(beginning)
		}
		return "(not text: " + text.Printable(m.replace(declared), maxText) + ")"
	}
	s := string(beginning)
	if !whole {
		s = m.withoutBegun(s)
	}
	s = m.replace(printableLines(m.replace(s)))
	if whole && len(s) <= maxExcerpt {
		return s
	}
	return cut(s, maxExcerpt)
}

// isBinary reports whether bytes are no text: a NUL is none, and neither is what is
// invalid UTF-8 or control characters to more than a tenth.
func isBinary(b []byte) bool {
	if bytes.IndexByte(b, 0) >= 0 {
		return true
	}
	strange := 0
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 || r < ' ' && !strings.ContainsRune("\t\n\r\f\b\x1b", r) {
			strange++
		}
		i += size
	}
	return strange*10 > len(b)
}

// wholeRunes leaves out a character that is cut at the end.
func wholeRunes(b []byte) []byte {
	for back := 1; back < utf8.UTFMax && back <= len(b); back++ {
		start := len(b) - back
		if utf8.RuneStart(b[start]) {
			if !utf8.FullRune(b[start:]) {
				return b[:start]
			}
			break
		}
	}
	return b
}

// printableLines makes every line printable, and leaves out those that are blank.
func printableLines(s string) string {
	var out strings.Builder
	for line := range strings.SplitSeq(strings.ReplaceAll(s, "\r", "\n"), "\n") {
		line = strings.TrimRight(strings.ReplaceAll(line, "\t", "  "), " ")
		if line == "" {
			continue
		}
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		out.WriteString(text.Printable(line, 4*maxBeginning)) // an escape has four characters for a byte
	}
	return out.String()
}

// cut shortens a text to at most so many bytes, with "…" at its end.
func cut(s string, most int) string {
	const more = "…"
	if len(s)+len(more) <= most {
		return s + more
	}
	s = s[:most-len(more)]
	for s != "" {
		if r, size := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || size != 1 {
			break
		}
		s = s[:len(s)-1]
	}
	return s + more
}
