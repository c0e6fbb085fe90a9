package slack

import (
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"sonde/incident"
)

func TestLink(t *testing.T) {
	for name, tc := range map[string]struct{ address, want string }{
		"an address of the web is a link":        {"https://e.org/a?b=1&c=2", "<https://e.org/a?b=1&amp;c=2|here>"},
		"an address cannot end the link":         {"https://e.org/a|b>c<!here>", "<https://e.org/a%7Cb%3Ec%3C%21here%3E|here>"},
		"another scheme is no link":              {"javascript:alert(1)", "here"},
		"an address without a host is no link":   {"https:///x", "here"},
		"what is no address is no link":          {"::", "here"},
		"an address of absurd length is no link": {"https://e.org/" + strings.Repeat("a", 1000), "here"},
	} {
		t.Run(name, func(t *testing.T) {
			got := link(tc.address, "here")
			if strings.Contains(tc.want, "!here") || strings.Contains(tc.want, "%21") {
				require.NotContains(t, got[1:], "<")
				require.Equal(t, 1, strings.Count(got, ">"))
				require.Equal(t, 1, strings.Count(got, "|"))
				return
			}
			require.Equal(t, tc.want, got)
		})
	}
}

func TestDurations(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0 s": -time.Second, "45 s": 45 * time.Second, "1 min": time.Minute, "12 min 4 s": 12*time.Minute + 4*time.Second,
		"4 h": 4*time.Hour + 59*time.Second, "4 h 1 min": 4*time.Hour + time.Minute, "2 d 3 h": 51*time.Hour + time.Minute,
	} {
		require.Equal(t, want, englishDuration(d))
	}
}

// Whatever a probe is called and a target says, it stays text.
func FuzzUntrustedTextStaysText(f *testing.F) {
	for _, seed := range []string{
		"checkout", "<!channel>", "<@U123>", "a&b<c>d", "`code`", "&lt;!here&gt;", "\x00\x1b[31m", "\u202eabc", "\xff\xfe",
		"<https://evil.example|click>", strings.Repeat("😀<", 400), "{incident}{name}", "|>", "#general", "\n\n",
	} {
		f.Add(seed, 10)
	}
	f.Fuzz(func(t *testing.T, s string, units int) {
		units = max(1, min(units, 300))
		cut := clamp(strings.ToValidUTF8(s, "?"), units)
		require.True(t, utf8.ValidString(cut))
		require.LessOrEqual(t, len(utf16.Encode([]rune(cut))), units)
		require.NotContains(t, strings.Trim(code(s, units), "`"), "`")

		m := sample(incident.Opened, causes["5xx"])
		ours := told(m).fit(formFull)
		m.Body.Probe, m.Body.Group, m.Body.URL, m.Body.Location = s, s, s, s
		m.Body.Runbook, m.Body.Labels = s, map[string]string{s: s}
		theirs := told(m).fit(formFull)
		require.NoError(t, theirs.check())
		for _, text := range texts(theirs) {
			require.True(t, utf8.ValidString(text))
			require.NotContains(t, text, "<@")
			require.NotContains(t, text, "<#")
			require.NotContains(t, strings.ReplaceAll(text, "<!date^", ""), "<!")
		}
		require.LessOrEqual(t, strings.Count(strings.Join(texts(theirs), ""), "<"), strings.Count(strings.Join(texts(ours), ""), "<"))
	})
}
