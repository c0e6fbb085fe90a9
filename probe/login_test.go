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
	for name, tc := range map[string]struct {
		path    string
		options []func(*Target)
		want    Reason
	}{
		"in place of what was expected":             {"/", []func(*Target){containing("Welcome")}, LoginRedirect},
		"in place of a refusal: the door is shut":   {"/", []func(*Target){expecting(401)}, LoginRedirect},
		"shown to one who brought a credential":     {"/", []func(*Target){bearer}, LoginRedirect},
		"shown to one who brought a cookie":         {"/", []func(*Target){with("cookie", "a=b")}, LoginRedirect},
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
