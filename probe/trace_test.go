package probe

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// traceparent is what W3C Trace Context section 3.2 has as version 00.
var traceparent = regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-01$`)

func TestEveryAttemptIsATraceOfItsOwn(t *testing.T) {
	server := serveWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			w.Header().Set("Location", "/failing")
			w.WriteHeader(http.StatusFound)
			return
		}
		w.WriteHeader(http.StatusBadGateway)
	})
	result := runOnce(t, quick(), target(t, server.URL+"/moved", retrying(1)))
	require.Len(t, result.Attempts, 2)
	var sent []string
	for _, a := range server.arrivals {
		require.Len(t, a.header["Traceparent"], 1)
		require.Regexp(t, traceparent, a.header.Get("Traceparent"))
		sent = append(sent, a.header.Get("Traceparent"))
	}
	require.Len(t, sent, 4)
	id := func(header string) string { return strings.Split(header, "-")[1] }
	span := func(header string) string { return strings.Split(header, "-")[2] }
	require.Equal(t, id(sent[0]), id(sent[1]), "the redirects of an attempt share its trace")
	require.NotEqual(t, span(sent[0]), span(sent[1]), "and each request is a span of it")
	require.NotEqual(t, id(sent[0]), id(sent[2]), "a retry is another trace")
	require.Equal(t, []string{id(sent[0]), id(sent[2])}, []string{result.Attempts[0].Evidence.TraceID, result.Attempts[1].Evidence.TraceID})
}

func TestWhoSaysWhatTheTraceIs(t *testing.T) {
	const own = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
	server := serveWeb(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	for name, tc := range map[string]struct {
		options  []func(*Target)
		sent, id string
	}{
		"nobody, where it is turned off":                 {[]func(*Target){func(t *Target) { t.NoTrace = true }}, "", ""},
		"a configured header":                            {[]func(*Target){with("traceparent", own)}, own, "4bf92f3577b34da6a3ce929d0e0e4736"},
		"a configured header where it is turned off":     {[]func(*Target){with("Traceparent", own), func(t *Target) { t.NoTrace = true }}, own, "4bf92f3577b34da6a3ce929d0e0e4736"},
		"a configured header that is none is sent as is": {[]func(*Target){with("TRACEPARENT", "mine")}, "mine", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := lastAttempt(t, quick(), target(t, server.URL, tc.options...))
			require.Equal(t, tc.sent, server.last(t).header.Get("Traceparent"))
			require.Equal(t, tc.id, got.Evidence.TraceID)
		})
	}
	t.Run("nobody, where no request was sent", func(t *testing.T) {
		require.Empty(t, lastAttempt(t, quick(), target(t, "http://127.0.0.1:1")).Evidence.TraceID)
	})
	t.Run("nobody asks after a good answer", func(t *testing.T) {
		fine := serveWeb(t, func(http.ResponseWriter, *http.Request) {})
		require.Empty(t, lastAttempt(t, quick(), target(t, fine.URL)).Evidence.TraceID)
		detailed := quick()
		detailed.Detail = true
		require.Len(t, lastAttempt(t, detailed, target(t, fine.URL)).Evidence.TraceID, 32)
	})
}

func TestATraceIsReadBackFromItsHeader(t *testing.T) {
	for range 100 {
		made := newTrace()
		require.Regexp(t, traceparent, made.parent())
		read, valid := parseTrace(made.parent())
		require.True(t, valid)
		require.Equal(t, made, read)
	}
	for name, header := range map[string]string{
		"nothing": "", "an id of zeros": "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
		"an id that is too short": "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
		"upper case":              "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
		"an id that is no number": "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
		"a version that is none":  "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	} {
		t.Run(name, func(t *testing.T) {
			_, valid := parseTrace(header)
			require.False(t, valid)
		})
	}
}

func FuzzTrace(f *testing.F) {
	f.Add("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	f.Add("----")
	f.Fuzz(func(t *testing.T, header string) {
		if read, valid := parseTrace(header); valid {
			require.Contains(t, header, read.String())
		}
	})
}
