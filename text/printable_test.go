package text_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"sonde/text"
)

func ExamplePrintable() {
	fmt.Println(text.Printable("HTTP/1.1 200 \x1b[31mOK\u202e\u009b", 256))
	fmt.Println(text.Printable("a long answer", 7))
	// Output:
	// HTTP/1.1 200 \x1b[31mOK\u202e\u009b
	// a long…
}

func TestPrintable(t *testing.T) {
	for name, tc := range map[string]struct {
		in   string
		max  int
		want string
	}{
		"plain text comes back as it is":               {"nginx/1.27 (Ubuntu)", 256, "nginx/1.27 (Ubuntu)"},
		"letters of any script are kept":               {"서울 Ünïcode", 256, "서울 Ünïcode"},
		"a backslash is kept":                          {`C:\x`, 256, `C:\x`},
		"an escape sequence cannot colour a terminal":  {"\x1b]52;c;AA\x07", 256, `\x1b]52;c;AA\x07`},
		"a line break cannot forge a line of a log":    {"a\r\nb\tc", 256, `a\x0d\x0ab\x09c`},
		"a NUL is shown":                               {"a\x00b\x7f", 256, `a\x00b\x7f`},
		"a C1 control is escaped":                      {"\u0085\u009b", 256, `\u0085\u009b`},
		"a bidirectional override is escaped":          {"\u202eexe\u2066\u200f", 256, `\u202eexe\u2066\u200f`},
		"an invisible character is escaped":            {"a\u200b\u00ad\ufeffb", 256, `a\u200b\u00ad\ufeffb`},
		"a space that is not the space is escaped":     {"a\u00a0\u2028b", 256, `a\u00a0\u2028b`},
		"a tag character beyond the BMP is escaped":    {"\U000e0041", 256, `\U000e0041`},
		"an invalid byte is escaped":                   {"a\xffb\xc3", 256, `a\xffb\xc3`},
		"the replacement character is text":            {"\ufffd", 256, "\ufffd"},
		"text that just fits is not cut":               {"abcd", 4, "abcd"},
		"text that does not fit ends in an ellipsis":   {"abcde", 4, "abc…"},
		"characters are counted, not bytes":            {"가나다라", 4, "가나다라"},
		"characters are cut, not bytes":                {"가나다라마", 4, "가나다…"},
		"an escape is cut as a whole":                  {"ab\x1bcd", 5, "ab…"},
		"an escape that just fits is kept":             {"ab\x1b", 6, `ab\x1b`},
		"an escape before the cut is kept as a whole":  {"ab\x1bcd", 7, `ab\x1b…`},
		"no room gives nothing":                        {"abc", 0, ""},
		"negative room gives nothing":                  {"abc", -1, ""},
		"room for one gives the ellipsis":              {"abc", 1, "…"},
		"an escape in room for one gives the ellipsis": {"\x1b", 1, "…"},
	} {
		t.Run(name, func(t *testing.T) {
			got := text.Printable(tc.in, tc.max)
			require.Equal(t, tc.want, got)
			require.Equal(t, got, text.Printable(got, tc.max), "twice is as once")
		})
	}
}

func FuzzPrintable(f *testing.F) {
	for _, seed := range []string{"", "ok", "\x1b[2J", "\u202e\u2066", "\xff\xfe", "가나다", strings.Repeat("\x00", 300)} {
		f.Add(seed, 256)
		f.Add(seed, 3)
	}
	f.Fuzz(func(t *testing.T, s string, max int) {
		max %= 512
		got := text.Printable(s, max)
		require.True(t, utf8.ValidString(got))
		require.LessOrEqual(t, utf8.RuneCountInString(got), maxOrNone(max))
		for _, r := range got {
			require.True(t, strconv.IsPrint(r), "%q in %q", r, got)
		}
		require.Equal(t, got, text.Printable(got, max), "twice is as once")
	})
}

func maxOrNone(n int) int {
	if n < 0 {
		return 0
	}
	return n
}
