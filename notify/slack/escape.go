package slack

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"sonde/text"
)

// plain makes a text that is not our own fit for a line: printable, and no longer
// than so many UTF-16 units.
func plain(s string, units int) string {
	return clamp(text.Printable(s, units), units)
}

// escape keeps a text from being markup. Slack asks for these three characters and
// no others.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// prose shows a text that is not our own among our words.
func prose(s string, units int) string {
	return escape(strings.ReplaceAll(plain(s, units), "`", "ˋ"))
}

// code shows a text that is not our own as code, in which nothing is markup.
func code(s string, units int) string {
	if s = plain(s, units); s == "" {
		return ""
	}
	return "`" + escape(strings.ReplaceAll(s, "`", "ˋ")) + "`"
}

// link makes a link of a label that is escaped already; only the label if the
// address is not one of the web.
func link(address, label string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return label
	}
	safe := strings.NewReplacer("|", "%7C", "<", "%3C", ">", "%3E", " ", "%20", "&", "&amp;", "`", "%60").Replace(u.String())
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
