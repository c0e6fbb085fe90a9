package probe

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// arrival is a request as a server saw it.
type arrival struct {
	line, host, body string
	header           http.Header
}

// webServer answers over HTTP and remembers what was asked.
type webServer struct {
	*httptest.Server
	mu       sync.Mutex
	arrivals []arrival
}

func serveWeb(t testing.TB, handler http.HandlerFunc) *webServer {
	t.Helper()
	s := new(webServer)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.arrivals = append(s.arrivals, arrival{r.Method + " " + r.URL.String(), r.Host, string(body), r.Header})
		s.mu.Unlock()
		handler(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *webServer) lines() (lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.arrivals {
		lines = append(lines, a.line)
	}
	return lines
}

// last is the last request that came.
func (s *webServer) last(t *testing.T) arrival {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	require.NotEmpty(t, s.arrivals)
	return s.arrivals[len(s.arrivals)-1]
}

// redirecting answers paths with redirects: "status location"; other paths with 200.
func redirecting(paths map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, found := paths[r.URL.Path]
		if !found {
			return
		}
		status, location, _ := strings.Cut(answer, " ")
		if location != "" {
			w.Header()["Location"] = []string{location}
		}
		w.WriteHeader(int(status[0]-'0')*100 + int(status[1]-'0')*10 + int(status[2]-'0'))
	}
}

func TestWhereARedirectEnds(t *testing.T) {
	server := serveWeb(t, redirecting(map[string]string{
		"/":         "302 /a?token=s3cret",
		"/a":        "302 b",
		"/b":        "307 /end",
		"/self":     "302 /self",
		"/ring":     "302 /ring/2",
		"/ring/2":   "301 /ring",
		"/nowhere":  "302",
		"/bad":      "302 http://%zz/",
		"/hostless": "302 http:///x",
		"/ftp":      "302 ftp://files.example.com/",
		"/script":   "302 javascript:alert(1)",
		"/home":     "302 /account/login?next=%2Fhome",
		"/idp":      "302 https://idp.example.com/oauth2/authorize?client=x",
		"/blog":     "302 /blogging-in",
		"/login":    "302 /login/",
		"/choices":  "300 /end",
	}))
	for name, tc := range map[string]struct {
		path   string
		hops   int
		want   Reason
		status int
		asked  int
	}{
		"the final answer counts":                       {"/", 5, OK, 200, 4},
		"as many as allowed are followed":               {"/", 3, OK, 200, 4},
		"one more is too many":                          {"/", 2, RedirectLimit, 307, 3},
		"none allowed judges the redirect":              {"/", 0, UnexpectedStatus, 302, 1},
		"to itself is a loop":                           {"/self", 5, RedirectLoop, 302, 1},
		"round and round is a loop":                     {"/ring", 5, RedirectLoop, 301, 2},
		"without a Location leads nowhere":              {"/nowhere", 5, RedirectInvalid, 302, 1},
		"to what is no URL leads nowhere":               {"/bad", 5, RedirectInvalid, 302, 1},
		"to no host leads nowhere":                      {"/hostless", 5, RedirectInvalid, 302, 1},
		"to another protocol is blocked":                {"/ftp", 5, RedirectBlocked, 302, 1},
		"to a script is blocked":                        {"/script", 5, RedirectBlocked, 302, 1},
		"to a login page means the credential":          {"/home", 5, LoginRedirect, 302, 1},
		"to a login page elsewhere does too":            {"/idp", 5, LoginRedirect, 302, 1},
		"to a login page is seen where none is allowed": {"/home", 0, LoginRedirect, 302, 1},
		"to a path that only begins like one is fine":   {"/blog", 5, OK, 200, 2},
		"of a login page to itself is fine":             {"/login", 5, OK, 200, 2},
		"that offers choices is not followed":           {"/choices", 5, UnexpectedStatus, 300, 1},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(server.lines())
			got := lastAttempt(t, quick(), target(t, server.URL+tc.path, redirects(tc.hops)))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String())
			require.Equal(t, tc.status, got.Verdict.Status)
			require.Len(t, server.lines()[before:], tc.asked)
			requireBounded(t, got)
		})
	}
}

func TestARedirectToALoginPageSaysWhichPage(t *testing.T) {
	server := serveWeb(t, redirecting(map[string]string{"/": "302 /account/login?next=s3cret"}))
	got := lastAttempt(t, quick(), target(t, server.URL))
	require.Equal(t, LoginRedirect, got.Verdict.Reason)
	require.Equal(t, []string{"the redirect leads to a page to log in: " + server.URL + "/account/login?next=…"}, got.Evidence.Notes)
}

func TestALoginPageThatIsExpectedIsGood(t *testing.T) {
	server := serveWeb(t, redirecting(map[string]string{"/": "302 /login"}))
	got := runOnce(t, quick(), target(t, server.URL, expecting(302)))
	require.Equal(t, OK, got.Verdict.Reason)
	require.Len(t, server.lines(), 1, "a redirect that is expected is not followed")
}

func TestWhatBecomesOfARequestThatIsRedirected(t *testing.T) {
	for name, tc := range map[string]struct {
		method, status string
		want           string
		body           string
	}{
		"a 301 turns POST into GET":        {"POST", "301", "GET /end", ""},
		"a 302 turns POST into GET":        {"POST", "302", "GET /end", ""},
		"a 303 turns POST into GET":        {"POST", "303", "GET /end", ""},
		"a 303 turns PUT into GET":         {"PUT", "303", "GET /end", ""},
		"a 303 leaves HEAD":                {"HEAD", "303", "HEAD /end", ""},
		"a 302 leaves PUT and its body":    {"PUT", "302", "PUT /end", "data"},
		"a 307 leaves POST and its body":   {"POST", "307", "POST /end", "data"},
		"a 308 leaves POST and its body":   {"POST", "308", "POST /end", "data"},
		"a 308 leaves DELETE and its body": {"DELETE", "308", "DELETE /end", "data"},
	} {
		t.Run(name, func(t *testing.T) {
			server := serveWeb(t, redirecting(map[string]string{"/": tc.status + " /end"}))
			asked := target(t, server.URL, sending("data"), using(tc.method), idempotent, with("content-type", "text/plain"), with("x-api-key", "k"))
			require.Equal(t, OK, runOnce(t, quick(), asked).Verdict.Reason)
			last := server.last(t)
			require.Equal(t, tc.want, last.line)
			require.Equal(t, tc.body, last.body)
			require.Equal(t, "k", last.header.Get("X-Api-Key"), "the origin is the same")
			require.Equal(t, tc.body != "", last.header.Get("Content-Type") != "", "what describes the body goes with it")
		})
	}
}

func TestNothingSecretGoesToAnotherOrigin(t *testing.T) {
	elsewhere := serveWeb(t, func(http.ResponseWriter, *http.Request) {})
	server := serveWeb(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", elsewhere.URL+"/end?token=s3cret")
		w.WriteHeader(map[string]int{"/302": 302, "/307": 307, "/308": 308}[r.URL.Path])
	})
	secretive := func(path string, options ...func(*Target)) *Target {
		asked := target(t, server.URL+path, append(options, with("authorization", "Bearer s3cret"),
			with("x-api-key", "s3cret"), with("cookie", "s3cret"), with("host", "internal.example.com"))...)
		asked.URL.User = url.UserPassword("ann", "s3cret")
		return asked
	}
	t.Run("headers and user-info are dropped", func(t *testing.T) {
		got := lastAttempt(t, quick(), secretive("/302"))
		require.Equal(t, OK, got.Verdict.Reason)
		require.Equal(t, "Bearer s3cret", server.last(t).header.Get("Authorization"), "a header goes before user-info")
		require.Equal(t, "internal.example.com", server.last(t).host)
		last := elsewhere.last(t)
		require.Equal(t, strings.TrimPrefix(elsewhere.URL, "http://"), last.host)
		require.Equal(t, http.Header{"User-Agent": {"sonde"}, "Accept-Encoding": {"gzip"}, "Connection": {"close"}, "Traceparent": last.header["Traceparent"]}, last.header)
		shown := elsewhere.URL + "/end?token=…"
		require.Equal(t, []string{shown}, got.Evidence.Redirects)
		require.Contains(t, got.Evidence.Notes, "headers and user-info were not sent to another origin: "+shown)
	})
	t.Run("a body that would have to go along blocks", func(t *testing.T) {
		before := len(elsewhere.lines())
		got := lastAttempt(t, quick(), secretive("/307", sending("s3cret"), idempotent))
		require.Equal(t, RedirectBlocked, got.Verdict.Reason)
		require.Len(t, elsewhere.lines(), before)
	})
	t.Run("a body that is dropped does not block", func(t *testing.T) {
		got := lastAttempt(t, quick(), secretive("/302", sending("s3cret")))
		require.Equal(t, OK, got.Verdict.Reason)
		require.Empty(t, elsewhere.last(t).body)
	})
	t.Run("a permanent move says what to configure", func(t *testing.T) {
		got := lastAttempt(t, quick(), secretive("/308"))
		require.Contains(t, got.Evidence.Notes, "moved permanently: configure "+elsewhere.URL+"/end?token=…")
	})
}

func TestNextRequest(t *testing.T) {
	for name, tc := range map[string]struct {
		from, location string
		want           string
		home           bool
		reason         Reason
	}{
		"https may not become http":           {"https://a.test/", "http://a.test/", "", false, RedirectBlocked},
		"http may become https":               {"http://a.test/", "https://a.test/", "https://a.test/", false, OK},
		"the default port is the same origin": {"https://a.test/", "https://A.test:443/x", "https://A.test:443/x", true, OK},
		"another port is another origin":      {"https://a.test/", "https://a.test:8443/", "https://a.test:8443/", false, OK},
		"a subdomain is another origin":       {"https://a.test/", "//b.a.test/", "https://b.a.test/", false, OK},
		"user-info of a redirect is dropped":  {"http://a.test/", "http://u:p@a.test/", "http://a.test/", true, OK},
		"a fragment is dropped":               {"http://a.test/x", "#top", "http://a.test/x", true, OK},
		"a query replaces the query":          {"http://a.test/x?a=1", "?b=2", "http://a.test/x?b=2", true, OK},
	} {
		t.Run(name, func(t *testing.T) {
			from, err := url.Parse(tc.from)
			require.NoError(t, err)
			got, reason, _ := hop{url: from, method: "GET", home: true}.next(302, tc.location)
			require.Equal(t, tc.reason, reason)
			if reason == OK {
				require.Equal(t, tc.want, got.url.String())
				require.Equal(t, tc.home, got.home)
			}
		})
	}
}

func FuzzNextRequest(f *testing.F) {
	for _, location := range []string{"/", "//b.test", "http://u:p@c.test:1/x#y", "javascript:1", "\x00", "https://[::1]%25/", "?"} {
		f.Add(302, location)
		f.Add(308, location)
	}
	from, err := url.Parse("https://u:p@a.test/path?q=1")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, status int, location string) {
		got, reason, note := hop{url: from, method: "POST", body: true, home: true}.next(status, location)
		_ = (&Target{URL: from, LoginHosts: []string{"c.test"}}).leadsToLogin(from, location)
		require.Equal(t, reason == OK, note == "")
		if reason != OK {
			return
		}
		require.Equal(t, "https", got.url.Scheme)
		require.NotEmpty(t, got.url.Hostname())
		require.Nil(t, got.url.User)
		require.False(t, got.body && !sameOrigin(from, got.url), "the body stays at home")
		require.Equal(t, sameOrigin(from, got.url), got.home)
		require.NotEmpty(t, got.key())
	})
}
