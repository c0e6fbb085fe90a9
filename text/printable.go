package text

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

const ellipsis = "…"

// Printable makes hostile text safe to show on a terminal, in a log, on a page
// and in a message: the result is valid UTF-8 of printable characters and plain
// spaces. Everything else (control characters, bidirectional overrides, invisible
// characters, invalid bytes) stands there as an escape such as \x1b or \u202e.
// The result has at most max characters; "…" at its end says that it was cut.
// Printable text within max comes back as it is.
func Printable(s string, max int) string {
	if max <= 0 {
		return ""
	}
	if len(s) <= max && isPlain(s) {
		return s
	}
	var out strings.Builder
	length, fits := 0, 0 // fits is where to cut so that the ellipsis still fits
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		shown := show(r, size, s[i:i+size])
		length += utf8.RuneCountInString(shown)
		if length > max {
			return out.String()[:fits] + ellipsis
		}
		out.WriteString(shown)
		if length < max {
			fits = out.Len()
		}
		i += size
	}
	return out.String()
}

// isPlain reports whether s is printable ASCII, as almost all text is.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func show(r rune, size int, raw string) string {
	switch {
	case r == utf8.RuneError && size == 1, r < utf8.RuneSelf && !strconv.IsPrint(r):
		return fmt.Sprintf(`\x%02x`, raw[0])
	case strconv.IsPrint(r):
		return raw
	case r > 0xffff:
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}
