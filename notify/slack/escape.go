package slack

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"sonde/text"
)

// plain makes a text that is not our own fit for a line: printable, and no longer
// than so many UTF-16 units.
func plain(s string, units int) string {
	return clamp(text.Printable(s, units), units)
}

// escape keeps a text from being markup. Slack asks for these three characters and
// no others.
func escape(s string) string { return escaped.Replace(s) }

// tame keeps a text that is not our own from being formatted: what marks bold, italic and struck
// text, code, quotes and emoji becomes a character that looks like it. What is shown as code keeps
// its own.
func tame(s string) string {
	if !strings.ContainsAny(s, "`*~_:>") {
		return s
	}
	s = lookalike.Replace(s)
	if strings.HasPrefix(s, ">") {
		s = "›" + s[1:]
	}
	s = shortcode.ReplaceAllStringFunc(s, func(found string) string { return strings.ReplaceAll(found, ":", "꞉") })
	return underlined(s)
}

// Characters, and what stands for them: so that Slack reads no markup, and so that it formats nothing.
var (
	escaped   = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	lookalike = strings.NewReplacer("`", "ˋ", "*", "∗", "~", "∼")
)

// What Slack shows as an emoji, and what it would show as one if a colon of ours came behind it.
var (
	shortcode = regexp.MustCompile(`:[A-Za-z0-9_+'-]+:`)
	halfCode  = regexp.MustCompile(`:[A-Za-z0-9_+'-]+$`)
)

// beforeColon makes a text fit to stand before a colon.
func beforeColon(s string) string {
	return halfCode.ReplaceAllStringFunc(s, func(found string) string { return "꞉" + found[1:] })
}

// underlined replaces the underscores that may mark italics: those within a word do not.
func underlined(s string) string {
	if !strings.Contains(s, "_") {
		return s
	}
	runes := []rune(s)
	within := func(i int) bool {
		return i >= 0 && i < len(runes) && (runes[i] == '_' || unicode.IsLetter(runes[i]) || unicode.IsDigit(runes[i]))
	}
	for i, r := range runes {
		if r == '_' && !(within(i-1) && within(i+1)) {
			runes[i] = 'ˍ'
		}
	}
	return string(runes)
}

// tamed makes a text that is not our own fit for a line among our words. It is not escaped.
func tamed(s string, units int) string { return tame(plain(s, units)) }

// prose shows a text that is not our own among our words.
func prose(s string, units int) string { return escape(tamed(s, units)) }

// code shows a text that is not our own as code, in which nothing is markup.
func code(s string, units int) string {
	if s = plain(s, units); s == "" {
		return ""
	}
	return "`" + escape(strings.ReplaceAll(s, "`", "ˋ")) + "`"
}

// fence shows lines that are not our own as a block of code.
func fence(s string, units int) string {
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		if line = plain(line, units); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return "```\n" + escape(strings.ReplaceAll(clamp(strings.Join(lines, "\n"), units), "```", "ˋˋˋ")) + "\n```"
}

// link makes a link of a label that is escaped already; only the label if the
// address is not one of the web.
func link(address, label string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return label
	}
	safe := strings.NewReplacer("|", "%7C", "<", "%3C", ">", "%3E", " ", "%20", "&", "&amp;", "`", "%60", "*", "%2A", "~", "%7E").Replace(u.String())
	if len(safe) > maxLink {
		return label // a part of an address leads nowhere
	}
	return "<" + safe + "|" + strings.ReplaceAll(label, "|", "¦") + ">"
}

// moment shows an instant in the reader's own zone; fallback is for those who
// cannot.
func moment(t time.Time, format, fallback string) string {
	return "<!date^" + strconv.FormatInt(t.Unix(), 10) + "^" + format + "|" + escape(fallback) + ">"
}

// moment is an instant as each reader's own clock shows it.
func (s story) moment(t time.Time) string {
	return moment(t, "{date_short_pretty} {time_secs}", t.In(s.zone).Format("2006-01-02 15:04:05 MST"))
}
