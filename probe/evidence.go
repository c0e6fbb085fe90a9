package probe

import (
	"net/http"
	"net/url"
	"strings"

	"sonde/text"
)

// Bounds of what is kept of an answer.
const (
	maxText    = 256 // characters of one text
	maxValues  = 4   // of one header
	maxInterim = 16
)

// shownHeaders are the headers worth keeping: they say who answered, what it
// wants next and how it was cached, and carry neither credentials nor content.
var shownHeaders = []string{
	"Server", "Via", "X-Request-Id", "Traceparent", "Server-Timing", "X-Cache", "Age", "Retry-After",
	"Www-Authenticate", "Location", "Allow", "Etag", "Cache-Control", "Last-Modified", "Cf-Ray", "Content-Type", "Date",
}

// addNote adds a note, made printable.
func (e *Evidence) addNote(note string) { e.Notes = append(e.Notes, text.Printable(note, maxText)) }

// headerEvidence is what may be shown of a header; nil if nothing.
func headerEvidence(header http.Header) map[string][]string {
	var shown map[string][]string
	for _, name := range shownHeaders {
		values := header[name]
		if len(values) == 0 {
			continue
		}
		if shown == nil {
			shown = make(map[string][]string, 4)
		}
		kept := make([]string, 0, min(len(values), maxValues))
		for _, value := range values[:cap(kept)] {
			if name == "Location" {
				value = withoutQueryValues(value)
			}
			kept = append(kept, text.Printable(value, maxText))
		}
		shown[strings.ToLower(name)] = kept
	}
	return shown
}

func withoutQueryValues(location string) string {
	if parsed, err := url.Parse(location); err == nil {
		return text.URL(parsed)
	}
	return "(not a URL)"
}

// answeredBy says who answered: the server, or the last proxy before it.
func answeredBy(header http.Header) string {
	for _, name := range []string{"Server", "Via"} {
		if value := header.Get(name); value != "" {
			return text.Printable(value, maxText)
		}
	}
	return ""
}
