package text

import (
	"net/url"
	"strings"
)

// maxURL is how many characters of an address are shown.
const maxURL = 1024

// URL returns an address as it may be shown: without user-info and fragment, and
// with "…" in place of each value of the query, for that is where secrets are.
// A query part that has no name is all value. The nil URL gives "".
func URL(u *url.URL) string {
	if u == nil {
		return ""
	}
	var out strings.Builder
	if u.Scheme != "" {
		out.WriteString(u.Scheme)
		out.WriteByte(':')
	}
	if u.Opaque != "" {
		out.WriteString(ellipsis)
		return Printable(out.String(), maxURL)
	}
	if u.Host != "" {
		out.WriteString("//")
		out.WriteString(u.Host)
	}
	out.WriteString(u.EscapedPath())
	writeQuery(&out, u.RawQuery)
	return Printable(out.String(), maxURL)
}

// writeQuery keeps the names of a query and their order.
func writeQuery(out *strings.Builder, query string) {
	separator := byte('?')
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		out.WriteByte(separator)
		separator = '&'
		if name, _, named := strings.Cut(part, "="); named {
			out.WriteString(name)
			out.WriteByte('=')
		}
		out.WriteString(ellipsis)
	}
}
