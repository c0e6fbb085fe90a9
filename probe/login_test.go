package probe

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	loginPage    = `<!doctype html><form action="/session" method="post"><input name="user"><INPUT name=pw TYPE = 'Password'></form>`
	registerPage = `<form><input type="password" name="a"><input type="password" name="b"></form>`
	newPage      = `<form><input type="password" autocomplete="section-x new-password"></form>`
	talkPage     = `<!-- <input type="password"> --><script>"<input type='password'>"</script><p>&lt;input type=password&gt;</p>`
)

func TestWhatAsksForAPassword(t *testing.T) {
	for name, tc := range map[string]struct {
		page string
		want bool
	}{
		"a form to log in":                    {loginPage, true},
		"an input that closes itself":         {`<input type="password"/>`, true},
		"a page to register has two":          {registerPage, false},
		"a page to choose a new one":          {newPage, false},
		"a page that only talks of passwords": {talkPage, false},
		"another input":                       {`<input type="text" name="password">`, false},
		"nothing":                             {"", false},
		"a page that breaks off":              {`<form><input type="password`, false},
		"a form beyond all reason":            {strings.Repeat(" ", maxForm) + loginPage, false},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, asksForPassword([]byte(tc.page))) })
	}
}

func TestAPageToLogInIsARefusedCredential(t *testing.T) {
	pages := map[string]string{"/": loginPage, "/login": loginPage, "/register": registerPage, "/welcome": "<p>Welcome</p>", "/json": loginPage}
	server := serveWeb(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/json" {
			w.Header().Set("Content-Type", "application/json")
		}
		_, _ = w.Write([]byte(pages[r.URL.Path]))
	})
	bearer := asking(Bearer(fixed("t0ken")))
	json := with("accept", "application/json")
	for name, tc := range map[string]struct {
		path    string
		options []func(*Target)
		want    Reason
	}{
		"in place of what was expected":             {"/", []func(*Target){containing("Welcome")}, LoginRedirect},
		"in place of a refusal: the door is shut":   {"/", []func(*Target){expecting(401)}, LoginRedirect},
		"shown to one who brought a credential":     {"/", []func(*Target){bearer}, LoginRedirect},
		"shown to one who brought a cookie":         {"/", []func(*Target){with("cookie", "a=b")}, LoginRedirect},
		"shown to one who accepts JSON alone":       {"/", []func(*Target){json}, LoginRedirect},
		"shown to one who accepts anything":         {"/", []func(*Target){with("accept", "application/json, */*;q=0.1")}, OK},
		"shown to a stranger is what strangers see": {"/", nil, OK},
		"as expected":        {"/", []func(*Target){bearer, containing("session")}, OK},
		"that was asked for": {"/login", []func(*Target){bearer}, OK},
		"that was asked for and is not as expected": {"/login", []func(*Target){bearer, containing("Welcome")}, BodyMismatch},
		"that is none":                                           {"/register", []func(*Target){bearer, containing("Welcome")}, BodyMismatch},
		"that is none and nothing is expected":                   {"/welcome", []func(*Target){bearer}, OK},
		"that a browser would not show as one":                   {"/json", []func(*Target){bearer, containing("Welcome")}, BodyMismatch},
		"where a refusal was expected and a page without a form": {"/welcome", []func(*Target){expecting(401)}, AuthBypass},
		"that was not read":                                      {"/", []func(*Target){bearer, using("HEAD")}, OK},
	} {
		t.Run(name, func(t *testing.T) {
			got := lastAttempt(t, quiet(), target(t, server.URL+tc.path, tc.options...))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String())
		})
	}
}

func TestAPageToLogInThatNobodyExpectedIsNoted(t *testing.T) {
	const note = "this looks like a page to log in; if that is not what you expected, say so with expect.body"
	server := serveWeb(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path != "/welcome" {
			_, _ = w.Write([]byte(loginPage))
		}
	})
	looking := &Runner{Detail: true}
	for name, tc := range map[string]struct {
		runner  *Runner
		path    string
		options []func(*Target)
		want    []string
	}{
		"to whoever looks":                          {looking, "/", nil, []string{note}},
		"unless it is the page that was asked for":  {looking, "/users/sign_in", nil, nil},
		"unless something else is there":            {looking, "/welcome", nil, nil},
		"unless what it says is expected":           {looking, "/", []func(*Target){containing("session")}, nil},
		"and where nobody looks it is not read for": {quick(), "/", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := lastAttempt(t, tc.runner, target(t, server.URL+tc.path, tc.options...))
			require.Equal(t, OK, got.Verdict.Reason)
			require.Equal(t, tc.want, got.Evidence.Notes)
		})
	}
}

func TestWhereARedirectLeadsToLogIn(t *testing.T) {
	hosts := []string{"idp.example.org", "bücher.example", "127.0.0.1"}
	for name, tc := range map[string]struct {
		asked, location string
		want            bool
	}{
		"a path of a page to log in":                {"https://a.test/", "/login", true},
		"with a query":                              {"https://a.test/", "/account/signin?next=%2F", true},
		"as Rails names it":                         {"https://a.test/", "/users/sign_in", true},
		"as WordPress names it":                     {"https://a.test/", "/wp-login.php?redirect_to=x", true},
		"of an authorization server":                {"https://a.test/", "https://login.b.test/tenant/oauth2/v2.0/authorize?client_id=x", true},
		"of single sign-on":                         {"https://a.test/", "https://b.test/SSO/saml", true},
		"a path that only begins like one":          {"https://a.test/", "/login-help", false},
		"a path that ends like one":                 {"https://a.test/", "/blogin", false},
		"a page to log in that was asked for":       {"https://a.test/login", "/login/", false},
		"a host where people log in":                {"https://a.test/", "https://idp.example.org/start", true},
		"that host in capitals and with a dot":      {"https://a.test/", "https://IDP.Example.ORG./start", true},
		"that host at another port":                 {"https://a.test/", "https://idp.example.org:8443/", true},
		"a host beside it":                          {"https://a.test/", "https://www.idp.example.org/", false},
		"an international host":                     {"https://a.test/", "https://xn--bcher-kva.example/", true},
		"an address":                                {"https://a.test/", "http://127.0.0.1:8080/", true},
		"a page of that host that was asked itself": {"https://idp.example.org/health", "/start", false},
		"but not its page to log in":                {"https://idp.example.org/health", "/login", true},
		"what is no address":                        {"https://a.test/", "http://%zz/", false},
	} {
		t.Run(name, func(t *testing.T) {
			asked := &Target{URL: mustParse(tc.asked), LoginHosts: hosts}
			require.Equal(t, tc.want, asked.leadsToLogin(asked.URL, tc.location))
		})
	}
}

func TestAFinalAnswerIsNeverThatOfALoginPageElsewhere(t *testing.T) {
	server := serveWeb(t, redirecting(map[string]string{"/": "302 /start", "/start": "302 /login", "/idp": "302 /there"}))
	got := lastAttempt(t, quick(), target(t, server.URL))
	require.Equal(t, LoginRedirect, got.Verdict.Reason, "the login page would answer 200, and is not asked")
	require.Equal(t, []string{"GET /", "GET /start"}, server.lines())

	idp := "http://localhost:" + mustParse(server.URL).Port() + "/there"
	elsewhere := serveWeb(t, redirecting(map[string]string{"/": "302 " + idp}))
	asked := target(t, elsewhere.URL)
	asked.LoginHosts = []string{"localhost"}
	got = lastAttempt(t, quick(), asked)
	require.Equal(t, LoginRedirect, got.Verdict.Reason)
	require.Equal(t, []string{"the redirect leads to a page to log in: " + idp}, got.Evidence.Notes)
	require.Len(t, server.lines(), 2, "it was not asked")
}
