package probe

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hinting is a handler that announces what is to come before it answers.
func hinting(pause time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Link"] = []string{`</style.css>; rel=preload; as=style, <https://cdn.example.com/a.js?token=s3cret>; rel="preload"`, `<%zz>; rel=x`, `no link`}
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusProcessing)
		timer := time.NewTimer(pause)
		<-timer.C
		w.WriteHeader(http.StatusOK)
	}
}

func TestInterimAnswersAreSeenOverEachProtocol(t *testing.T) {
	issuer := newAuthority(t)
	config := func() *tls.Config { return &tls.Config{Certificates: []tls.Certificate{issuer.issue(t, nil)}} }
	for protocol, address := range map[string]string{
		"HTTP/1.1": serveTLS(t, config(), false, hinting(200*time.Millisecond)).URL,
		"HTTP/2.0": serveTLS(t, config(), true, hinting(200*time.Millisecond)).URL,
	} {
		t.Run(protocol, func(t *testing.T) {
			runner := quick()
			runner.Roots = issuer.pool()
			got := lastAttempt(t, runner, target(t, address))
			require.Equal(t, protocol, got.Evidence.Protocol)
			require.Equal(t, OK, got.Verdict.Reason, got.Evidence.Error)
			require.Len(t, got.Evidence.Interim, 2)
			early, processing := got.Evidence.Interim[0], got.Evidence.Interim[1]
			require.Equal(t, []int{103, 102}, []int{early.Status, processing.Status})
			require.Equal(t, []string{"preload /style.css", "preload https://cdn.example.com/a.js?token=…"}, early.Links)
			require.Empty(t, processing.Links, "only a 103 announces")
			require.Positive(t, early.At)
			require.LessOrEqual(t, early.At, processing.At)
			require.GreaterOrEqual(t, got.Timings.Total-processing.At, 100*time.Millisecond, "they came while the server thought")
			require.GreaterOrEqual(t, got.Timings.FirstByte, 100*time.Millisecond, "the first byte is that of the final answer")
		})
	}
}

func TestInterimAnswersWithoutEndAreCutOverHTTP2Too(t *testing.T) {
	issuer := newAuthority(t)
	server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{issuer.issue(t, nil)}}, true, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Flood", strings.Repeat("y", 4096))
		for range 64 {
			w.WriteHeader(http.StatusEarlyHints)
		}
	}))
	runner := quick()
	runner.Roots = issuer.pool()
	got := lastAttempt(t, runner, target(t, server.URL))
	require.Equal(t, ProtocolError, got.Verdict.Reason)
	require.LessOrEqual(t, len(got.Evidence.Interim), maxInterim)
}

func TestLinksAreRead(t *testing.T) {
	for value, want := range map[string][]link{
		``:                 nil,
		`<a>`:              {{"a", ""}},
		`<a>; rel=preload`: {{"a", "preload"}},
		`<a>;rel="preload", <b> ; REL = next ;as=x`: {{"a", "preload"}, {"b", "next"}},
		`<a>; title="x, <y>; rel=z"; rel="q\"r"`:    {{"a", `q"r`}},
		`<a>; crossorigin; rel=preload`:             {{"a", "preload"}},
		`<a>; rel=first; rel=second`:                {{"a", "first"}},
		`<a>; rel=x nonsense`:                       {{"a", "x nonsense"}},
		`<a> nonsense`:                              nil,
		`<a`:                                        nil,
		`<>; rel=preload, <b>`:                      {{"b", ""}},
		`<a>; rel="unfinished`:                      {{"a", "unfinished"}},
		strings.Repeat(`<a>,`, 100):                 {{"a", ""}, {"a", ""}, {"a", ""}},
	} {
		require.Equal(t, want, parseLinks([]string{value}, 3), value)
	}
}

func FuzzLinks(f *testing.F) {
	f.Add(`</style.css>; rel=preload; as=style, <b>`)
	f.Add(`<a>; title="\"`)
	f.Add("<\x1b>;\u202e")
	f.Fuzz(func(t *testing.T, value string) {
		shown := hints(http.StatusEarlyHints, []string{value, value})
		require.LessOrEqual(t, len(shown), maxHints)
		for _, s := range shown {
			requirePrintable(t, s)
		}
		require.Nil(t, hints(http.StatusOK, []string{value}))
	})
}

func TestInterimAnswersThatAreNotKeptAreCounted(t *testing.T) {
	server := serveWeb(t, func(w http.ResponseWriter, _ *http.Request) {
		for range 20 {
			w.WriteHeader(http.StatusProcessing)
		}
	})
	got := lastAttempt(t, quick(), target(t, server.URL))
	require.Equal(t, OK, got.Verdict.Reason)
	require.Len(t, got.Evidence.Interim, maxInterim)
	require.Equal(t, []string{"20 interim (1xx) answers came; the first 16 are kept"}, got.Evidence.Notes)
}
