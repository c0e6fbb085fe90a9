package probe

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheRequestIsWhatTheTargetSays(t *testing.T) {
	server := serveWeb(t, func(http.ResponseWriter, *http.Request) {})
	for name, tc := range map[string]struct {
		options []func(*Target)
		check   func(*testing.T, arrival)
	}{
		"it is a GET that names its sender": {nil, func(t *testing.T, a arrival) {
			require.Equal(t, "GET /?q=1", a.line)
			require.Equal(t, "sonde/test", a.header.Get("User-Agent"))
			require.Equal(t, "gzip", a.header.Get("Accept-Encoding"))
		}},
		"headers are sent": {[]func(*Target){with("x-api-key", "k"), with("user-agent", "me")}, func(t *testing.T, a arrival) {
			require.Equal(t, "k", a.header.Get("X-Api-Key"))
			require.Equal(t, "me", a.header.Get("User-Agent"))
		}},
		"the host header names another host": {[]func(*Target){with("host", "shop.example.com")}, func(t *testing.T, a arrival) {
			require.Equal(t, "shop.example.com", a.host)
		}},
		"the body is sent": {[]func(*Target){sending("hello")}, func(t *testing.T, a arrival) {
			require.Equal(t, "POST /?q=1", a.line)
			require.Equal(t, "hello", a.body)
		}},
		"a large body is sent": {[]func(*Target){sending(strings.Repeat("x", 1<<20))}, func(t *testing.T, a arrival) {
			require.Len(t, a.body, 1<<20)
		}},
		"user-info becomes a credential": {[]func(*Target){func(t *Target) { t.URL.User = url.UserPassword("ann", "pw") }}, func(t *testing.T, a arrival) {
			require.Equal(t, "Basic YW5uOnB3", a.header.Get("Authorization"))
		}},
		"a HEAD asks for no compression": {[]func(*Target){using(http.MethodHead)}, func(t *testing.T, a arrival) {
			require.Empty(t, a.header.Get("Accept-Encoding"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			runner := quick()
			runner.UserAgent = "sonde/test"
			got := lastAttempt(t, runner, target(t, server.URL+"/?q=1", tc.options...))
			require.Equal(t, OK, got.Verdict.Reason, got.Evidence.Error)
			tc.check(t, server.last(t))
			requireBounded(t, got)
		})
	}
}

func TestALargeBodyThatIsNotReadDoesNotHideTheAnswer(t *testing.T) {
	server := serveRaw(t, says("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"))
	got := runOnce(t, quick(), target(t, server.url, sending(strings.Repeat("x", 16<<20))))
	require.Contains(t, []Reason{ClientError, ConnectionReset}, got.Verdict.Reason)

	stuck := serveRaw(t, thenSilence("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"))
	got = runOnce(t, quick(), target(t, stuck.url, sending(strings.Repeat("x", 16<<20))))
	require.Equal(t, 413, got.Verdict.Status)
}

func TestTheBodyIsJudged(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(w, "all is well")
	require.NoError(t, w.Close())
	server := serveWeb(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/zipped":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(zipped.Bytes())
		case "/chunked":
			for word := range strings.FieldsSeq("all is well") {
				_, _ = io.WriteString(w, word+" ")
				w.(http.Flusher).Flush()
			}
		case "/long":
			_, _ = io.WriteString(w, strings.Repeat("x", UsualBody-4)+"wellwell")
		case "/exact":
			_, _ = io.WriteString(w, strings.Repeat("x", UsualBody-4)+"well")
		case "/error":
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, "not well")
		default:
			_, _ = io.WriteString(w, "all is well")
		}
	})
	for name, tc := range map[string]struct {
		path, contains string
		want           Reason
		size           int64
	}{
		"what is expected is there":              {"/", "is well", OK, 11},
		"what is expected is not there":          {"/", "is not well", BodyMismatch, 11},
		"a compressed body is read":              {"/zipped", "is well", OK, 11},
		"a body in chunks is read":               {"/chunked", "is well", OK, 12},
		"a long body is judged up to the cut":    {"/long", "well", OK, UsualBody},
		"what lies behind the cut is not seen":   {"/long", "wellwell", BodyMismatch, UsualBody},
		"a body of just the longest is not cut":  {"/exact", "well", OK, UsualBody},
		"the status goes before the body":        {"/error", "is well", ServerError, 8},
		"nothing expected reads it all the same": {"/chunked", "", OK, 12},
	} {
		t.Run(name, func(t *testing.T) {
			got := lastAttempt(t, quick(), target(t, server.URL+tc.path, containing(tc.contains)))
			require.Equal(t, tc.want, got.Verdict.Reason, got.Evidence.Error)
			require.Equal(t, tc.size, got.Evidence.BodyBytes)
			require.Equal(t, tc.path == "/long" || tc.want == BodyMismatch, len(got.Evidence.Notes) > 0)
		})
	}
}

func TestPhasesLieWhereTheTimeWent(t *testing.T) {
	const pause = 60 * time.Millisecond
	server := serveRaw(t, func(conn net.Conn) {
		timer := time.NewTimer(pause)
		<-timer.C
		says("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok")(conn)
		timer.Reset(2 * pause)
		<-timer.C
		says("ok")(conn)
	})
	got := lastAttempt(t, quick(), target(t, server.url))
	require.Equal(t, OK, got.Verdict.Reason)
	require.GreaterOrEqual(t, got.Timings.FirstByte, pause-time.Millisecond)
	require.Less(t, got.Timings.FirstByte, 2*pause)
	require.GreaterOrEqual(t, got.Timings.Transfer, 2*pause-time.Millisecond)
	require.Zero(t, got.Timings.TLS)
	require.Zero(t, got.Timings.DNS)
	requireBounded(t, got)

	slow := target(t, server.url)
	slow.Expect.Latency = pause
	require.Equal(t, TooSlow, runOnce(t, quick(), slow).Verdict.Reason)
	slow.Expect.Latency = time.Minute
	require.Equal(t, OK, runOnce(t, quick(), slow).Verdict.Reason)
}

func TestThePhasesOfRedirectsAddUp(t *testing.T) {
	server := serveWeb(t, redirecting(map[string]string{"/": "302 /a", "/a": "302 /b"}))
	got := lastAttempt(t, quick(), target(t, server.URL))
	require.Equal(t, OK, got.Verdict.Reason)
	require.Len(t, got.Evidence.Redirects, 2)
	requireBounded(t, got)
}

func TestHeadersAreKeptWhereSomebodyWillRead(t *testing.T) {
	server := serveWeb(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "test/1")
		w.Header().Set("X-Request-Id", "r-1")
		w.Header().Set("Set-Cookie", "s3cret")
		w.Header().Set("X-Internal", "s3cret")
		for i := range 9 {
			w.Header().Add("Via", fmt.Sprint("hop ", i))
		}
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	t.Run("not of a good answer", func(t *testing.T) {
		got := lastAttempt(t, quick(), target(t, server.URL))
		require.Nil(t, got.Evidence.Header)
		require.Equal(t, "HTTP/1.1", got.Evidence.Protocol)
	})
	t.Run("of a good answer on demand, and of a bad one", func(t *testing.T) {
		runner := quick()
		runner.Detail = true
		for _, got := range []Attempt{lastAttempt(t, runner, target(t, server.URL)), lastAttempt(t, quick(), target(t, server.URL+"/bad"))} {
			require.Equal(t, "test/1", got.Evidence.AnsweredBy)
			require.Equal(t, []string{"r-1"}, got.Evidence.Header["x-request-id"])
			require.Equal(t, []string{"hop 0", "hop 1", "hop 2", "hop 3"}, got.Evidence.Header["via"])
			require.NotContains(t, fmt.Sprint(got.Evidence), "s3cret")
		}
	})
}

func TestNoSecretIsInWhatAnAttemptShows(t *testing.T) {
	const secret = "canary-1f3a"
	closed := serveRaw(t, func(net.Conn) {})
	looping := serveRaw(t, says("HTTP/1.1 302 Found\r\nLocation: ?key=%s\r\n\r\n", secret))
	broken := serveRaw(t, says("HTTP/1.1 302 Found\r\nLocation: http://%%zz/?key=%s\r\n\r\n", secret))
	for name, address := range map[string]string{
		"a lost connection": closed.url, "a redirect": looping.url, "a broken redirect": broken.url,
		"a refused connection": "http://127.0.0.1:1", "a name that is none": "http://" + strings.Repeat("x", 70) + ".test",
	} {
		t.Run(name, func(t *testing.T) {
			runner := quick()
			runner.Detail = true
			asked := target(t, address+"/?key="+secret, with("x-key", secret), sending(secret))
			asked.URL.User = url.UserPassword(secret, secret)
			result := runOnce(t, runner, asked)
			require.NotEqual(t, OK, result.Verdict.Reason)
			require.NotContains(t, fmt.Sprintf("%+v", result), secret)
		})
	}
}
