package probe

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"sonde/text"
)

// Bounds of what is kept of an answer.
const (
	maxText    = 256 // characters of one text
	maxValues  = 4   // of one header
	maxInterim = 16
)

// shownHeaders are the headers worth keeping: they say who answered and on what way, what
// the answer wants next and how it was cached, and carry neither credentials nor content.
var shownHeaders = []string{
	"Server", "Via", "X-Request-Id", "Traceparent", "Server-Timing", "X-Cache", "Age", "Retry-After",
	"Www-Authenticate", "Location", "Allow", "Etag", "Cache-Control", "Last-Modified", "Cf-Ray", "Content-Type", "Date",

	// Who answered, and which log has it.
	"X-Correlation-Id", "X-Trace-Id", "X-B3-Traceid", "Tracestate", "X-Amzn-Requestid", "X-Amzn-Trace-Id", "X-Amz-Cf-Id", "X-Amz-Cf-Pop",
	"X-Amz-Apigw-Id", "X-Amzn-Errortype", "X-Azure-Ref", "X-Kong-Request-Id", "X-Served-By", "X-Varnish", "X-Powered-By", "X-Runtime",

	// What a gateway says of what is behind it (the first: RFC 9209).
	"Proxy-Status", "X-Envoy-Upstream-Service-Time", "X-Envoy-Overloaded", "X-Envoy-Ratelimited", "X-Kong-Upstream-Latency", "X-Kong-Response-Latency",

	// How it was cached (the first: RFC 9211).
	"Cache-Status", "Cf-Cache-Status", "X-Cache-Hits", "Expires", "Vary",

	// What it wants of the next request, and how it is framed.
	"Proxy-Authenticate", "Ratelimit", "Ratelimit-Policy", "Ratelimit-Limit", "Ratelimit-Remaining", "Ratelimit-Reset",
	"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset", "Upgrade", "Content-Length", "Content-Encoding", "Alt-Svc",
}

// show adds to an attempt what people want to see of it, without our secrets.
func (t *Target) show(a *Attempt, o *observation) {
	e, m := &a.Evidence, t.masker()
	e.Header = headerEvidence(o.header, m)
	e.AnsweredBy = answeredBy(o.header)
	beginning, whole := o.start()
	if a.Verdict.Outcome != Good {
		seen := clues{status: o.status, wait: o.wait, header: o.header, body: string(beginning)}
		found := attribute(seen)
		e.Gateway, e.AnsweredBy = found.sentence(seen), found.by(e.AnsweredBy)
	}
	e.StatusLine = statusLine(e.Protocol, o.status, o.phrase)
	e.TraceID = o.trace.String()
	m.evidence(e)
	if a.Verdict.Outcome != Good {
		e.Excerpt = excerpt(beginning, whole, o.header.Get("Content-Type"), m)
	}
}

// statusLine is the line that an answer began with. From HTTP/2 on there is no reason
// phrase (RFC 9113 section 8.3.2).
func statusLine(protocol string, status int, phrase string) string {
	switch {
	case phrase == "":
		return ""
	case !strings.HasPrefix(protocol, "HTTP/1."):
		phrase = strconv.Itoa(status)
	}
	return text.Printable(protocol+" "+phrase, maxText)
}

// addNote adds a note, made printable.
func (e *Evidence) addNote(note string) { e.Notes = append(e.Notes, text.Printable(note, maxText)) }

// headerEvidence is what may be shown of a header, masked before it is cut; nil if nothing.
func headerEvidence(header http.Header, m *masker) map[string][]string {
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
			kept = append(kept, text.Printable(m.replace(value), maxText))
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
