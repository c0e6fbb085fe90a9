package probe

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"strings"
)

// traceHeader carries the trace of a request (W3C Trace Context section 3.2).
const traceHeader = "Traceparent"

// trace is the identity of what a request sets off. An attempt has one of its own, so
// that a failure is looked up without meeting its retries; its redirects share it.
// The zero trace is none.
type trace struct{ id [16]byte }

// newTrace makes a trace whose id is random in all its bytes (W3C Trace Context level 2
// section 5.1).
func newTrace() (t trace) {
	for t == (trace{}) { // an id of zeros is not valid
		binary.NativeEndian.PutUint64(t.id[:8], rand.Uint64())
		binary.NativeEndian.PutUint64(t.id[8:], rand.Uint64())
	}
	return t
}

// traceOf is the trace of an attempt, and whether sonde sends it: not where the target
// turned it off, or has a header of its own, whose trace it then is.
func traceOf(t *Target) (of trace, inject bool) {
	for name, value := range t.Header {
		if strings.EqualFold(name, traceHeader) {
			configured, _ := parseTrace(value.Reveal())
			return configured, false
		}
	}
	if t.NoTrace {
		return trace{}, false
	}
	return newTrace(), true
}

// parent writes the header for one request: version 00, a parent id of its own, and the
// flag that says the trace is recorded, for a probe's request is worth being found.
func (t trace) parent() string {
	const sampled = "01"
	var span [8]byte
	binary.NativeEndian.PutUint64(span[:], rand.Uint64()|1) // not zero, which is not valid
	line := make([]byte, 0, len("00-")+32+1+16+1+2)
	line = append(line, "00-"...)
	line = hex.AppendEncode(line, t.id[:])
	line = append(line, '-')
	line = hex.AppendEncode(line, span[:])
	line = append(line, '-')
	return string(append(line, sampled...))
}

// String is the trace id as tracing tools show it; "" for none.
func (t trace) String() string {
	if t == (trace{}) {
		return ""
	}
	return hex.EncodeToString(t.id[:])
}

// parseTrace reads the trace id of a traceparent header of any version (W3C Trace
// Context section 3.2.2).
func parseTrace(header string) (t trace, valid bool) {
	parts := strings.Split(strings.TrimSpace(header), "-")
	if len(parts) < 4 || len(parts[0]) != 2 || len(parts[1]) != 32 || len(parts[2]) != 16 || strings.ToLower(header) != header || parts[0] == "ff" {
		return trace{}, false
	}
	if _, err := hex.Decode(t.id[:], []byte(parts[1])); err != nil {
		return trace{}, false
	}
	return t, t != (trace{})
}

// addTrace adds the trace to a request. Another origin gets it too: it is random, and
// the redirect that leads there links the requests anyway.
func (w *walk) addTrace(request *http.Request) {
	if w.inject {
		request.Header[traceHeader] = []string{w.trace.parent()}
	}
}
