package probe

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"sonde/text"
)

func ExampleEvidence() {
	server := newExampleServer(http.StatusBadGateway)
	defer server.Close()
	result := new(Runner).Run(exampleContext(), exampleTarget(server.URL), Manual, exampleTime)
	seen := result.Attempts[0].Evidence
	fmt.Println(seen.StatusLine)
	fmt.Println(len(seen.TraceID))
	// Output:
	// HTTP/1.1 502 Bad Gateway
	// 32
}

func TestAnExcerptIsWhatPeopleCanRead(t *testing.T) {
	for name, tc := range map[string]struct {
		body, declared string
		whole          bool
		want           string
	}{
		"nothing":                                   {"", "", true, ""},
		"text as it is":                             {"no room left on device", "text/plain", true, "no room left on device"},
		"HTML stays as it is":                       {"<h1>502 Bad Gateway</h1>\r\n<hr>nginx\r\n", "text/html", true, "<h1>502 Bad Gateway</h1>\n<hr>nginx"},
		"letters of any script":                     {"데이터베이스 연결 실패", "", true, "데이터베이스 연결 실패"},
		"a byte order mark is no text":              {"\ufeffok", "", true, "ok"},
		"blank lines are left out":                  {"\n\n a\n \t \n\nb\n", "", true, " a\nb"},
		"a tab is two spaces":                       {"\tat main.go:7", "", true, "  at main.go:7"},
		"an escape sequence cannot colour anything": {"\x1b[31mred\x1b[0m and so on and on and on", "", true, `\x1b[31mred\x1b[0m and so on and on and on`},
		"an override cannot turn text round":        {"a\u202eb", "", true, `a\u202eb`},
		"a stray byte is shown":                     {"all of this is text but \xff for one", "", true, `all of this is text but \xff for one`},
		"a picture is described":                    {"\x89PNG\r\n\x1a\n\x00\x00", "image/png", true, "(not text: image/png)"},
		"and recognised if it is not declared":      {"\x89PNG\r\n\x1a\n\x00\x00", "", true, "(not text: image/png)"},
		"another encoding is named":                 {"\xbc\xad\xb9\xf6 \xbf\xc0\xb7\xf9", "text/html; charset=euc-kr", true, "(not text: text/html; charset=euc-kr)"},
		"a hostile type is made printable":          {"\x00", "a\u202eb", true, `(not text: a\u202eb)`},
		"more is announced":                         {"the beginning", "", false, "the beginning…"},
		"a character that was cut is left out":      {"데이\xed\x84", "", false, "데이…"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, excerpt([]byte(tc.body), tc.whole, tc.declared, noSecrets()))
		})
	}
}

func noSecrets() *masker { return (&Target{URL: mustParse("http://a.test/")}).masker() }

func FuzzExcerpt(f *testing.F) {
	for _, body := range []string{"", "ok", "\x1b[2J\u202e", "\xff\xfe\x00", "가나다\r\n\t", strings.Repeat("x\n", 3000), "[redacted] hunter2hunt", "\ufeff\ufeff"} {
		f.Add([]byte(body), true)
		f.Add([]byte(body), false)
	}
	asked := &Target{URL: mustParse("http://a.test/?k=hunter2hunter2"), Header: map[string]text.Secret{"X": text.NewSecret("s3cret-한글-value")}}
	m := asked.masker()
	f.Fuzz(func(t *testing.T, body []byte, whole bool) {
		got := excerpt(body, whole, "text/plain", m)
		require.LessOrEqual(t, len(got), maxExcerpt)
		require.True(t, utf8.ValidString(got))
		for _, r := range got {
			require.True(t, r == '\n' || strconv.IsPrint(r), "%q in %q", r, got)
		}
		require.NotContains(t, got, "hunter2hunter2")
		require.NotContains(t, got, "s3cret-한글-value")
		require.Equal(t, got, excerpt([]byte(got), true, "text/plain", m), "twice is as once")
	})
}

func TestAnExcerptIsKeptOfAnswersThatWereNotGood(t *testing.T) {
	long := strings.Repeat("the database is on fire\n", 1000)
	server := serveWeb(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/500":
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, "no room left")
		case "/long":
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, long)
		case "/zipped":
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, zipped(long))
		case "/moved":
			http.Redirect(w, r, "/500", http.StatusFound)
		default:
			_, _ = io.WriteString(w, "all is well")
		}
	})
	show := func(path string, options ...func(*Target)) Evidence {
		return lastAttempt(t, quick(), target(t, server.URL+path, options...)).Evidence
	}
	require.Equal(t, "no room left", show("/500").Excerpt)
	require.Equal(t, "no room left", show("/500", containing("x")).Excerpt)
	require.Equal(t, "no room left", show("/moved").Excerpt)
	require.Equal(t, "all is well", show("/", containing("not there")).Excerpt)
	require.Empty(t, show("/").Excerpt, "of a good answer nobody asks")
	require.Contains(t, show("/moved", redirects(0)).Excerpt, "Found", "of a redirect that is judged itself")
	for _, path := range []string{"/long", "/zipped"} {
		got := show(path)
		require.True(t, strings.HasPrefix(got.Excerpt, "the database is on fire\nthe database"), path)
		require.True(t, strings.HasSuffix(got.Excerpt, "…"), path)
		require.LessOrEqual(t, len(got.Excerpt), maxExcerpt)
		require.Equal(t, int64(len(long)), got.BodyBytes, "the body is read to its end all the same")
	}
}

func TestAnExcerptOfAnAnswerThatBrokeOffHasWhatCame(t *testing.T) {
	for name, answer := range map[string]string{
		"a 200 that is too short": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it",
		"a 503 that is too short": "HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nhalf of it",
	} {
		t.Run(name, func(t *testing.T) {
			server := serveRaw(t, says("%s", answer))
			require.Equal(t, "half of it", lastAttempt(t, quick(), target(t, server.url)).Evidence.Excerpt)
		})
	}
}

func TestOverHTTP2ThereIsNoReasonPhrase(t *testing.T) {
	issuer := newAuthority(t)
	server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{issuer.issue(t, nil)}}, true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Regexp(t, traceparent, r.Header.Get("Traceparent"))
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, "no upstream")
	}))
	runner := quick()
	runner.Roots = issuer.pool()
	got := lastAttempt(t, runner, target(t, server.URL)).Evidence
	require.Equal(t, "HTTP/2.0", got.Protocol)
	require.Equal(t, "HTTP/2.0 502", got.StatusLine)
	require.Equal(t, "no upstream", got.Excerpt)
	require.Len(t, got.TraceID, 32)
}

func TestHostileTextIsPrintableWhereverItStands(t *testing.T) {
	server := serveRaw(t, says("HTTP/1.1 503 \x1b]0;x\x07\u202e\xff\r\nX-Request-Id: a\u202eb\r\n\r\nthe \x1b[2J \u202e \x07\xff body, which is long enough to be text"))
	got := lastAttempt(t, quick(), target(t, server.url)).Evidence
	require.Equal(t, `HTTP/1.1 503 \x1b]0;x\x07\u202e\xff`, got.StatusLine)
	require.Equal(t, []string{`a\u202eb`}, got.Header["x-request-id"])
	require.Equal(t, `the \x1b[2J \u202e \x07\xff body, which is long enough to be text`, got.Excerpt)
}

// Whatever form a secret comes back in, and wherever the body is cut, it is not shown.
func TestNoSecretIsInAnExcerpt(t *testing.T) {
	const secret = `canary"<&/+ 한글'-1f3a`
	const shown = "canary"
	basic := base64.StdEncoding.EncodeToString([]byte("ann:" + secret))
	asked := func(t *testing.T, address string) *Target {
		return target(t, address+"/?key="+queryEscaped(secret), sending(`{"name": "shop", "token": "`+strings.ReplaceAll(secret, `"`, `\"`)+`"}`),
			with("x-key", secret), with("authorization", "Basic "+basic))
	}
	forms := append(formsOf(secret), basic, "ann:"+secret)
	for i, form := range forms {
		t.Run(fmt.Sprint("form ", i), func(t *testing.T) {
			server := serveRaw(t, says("HTTP/1.1 401 No\r\nContent-Type: text/html\r\n\r\n<p>wrong: %s!</p>", form))
			got := lastAttempt(t, quick(), asked(t, server.url)).Evidence.Excerpt
			require.NotContains(t, got, shown)
			require.Contains(t, got, "wrong: [redacted]!")
		})
	}
	t.Run("cut at every byte", func(t *testing.T) {
		m := asked(t, "http://a.test").masker()
		for _, form := range forms {
			for n := range form {
				body := "wrong: " + form[:n]
				require.NotContains(t, excerpt([]byte(body), false, "", m), form[:max(n, 1)], "%d bytes of %q", n, form)
			}
		}
	})
	t.Run("the request's body sent back", func(t *testing.T) {
		server := serveWeb(t, func(http.ResponseWriter, *http.Request) {})
		server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.Copy(w, r.Body)
		})
		for _, body := range []string{strings.Repeat(shown, 10), strings.Repeat(shown, 2000), "a=b&secret=" + shown + "-9", `["` + shown + `-9"]`} {
			got := lastAttempt(t, quick(), target(t, server.URL, sending(body))).Evidence.Excerpt
			require.NotContains(t, got, shown)
		}
	})
}
