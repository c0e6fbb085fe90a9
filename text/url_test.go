package text_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"sonde/text"
)

func ExampleURL() {
	u, _ := url.Parse("https://ann:secret@example.com/pay?token=t0p&lang=ko#form")
	fmt.Println(text.URL(u))
	// Output:
	// https://example.com/pay?token=…&lang=…
}

func TestURL(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"an address without a query is shown whole":      {"http://example.com:8080/a/b", "http://example.com:8080/a/b"},
		"user-info is dropped":                           {"http://ann:s3cret@h/", "http://h/"},
		"a user without a password is dropped":           {"http://s3cret@h/", "http://h/"},
		"the fragment is dropped":                        {"http://h/p#s3cret", "http://h/p"},
		"a name without a value is kept":                 {"http://h/?a=", "http://h/?a=…"},
		"a part without a name is a value":               {"http://h/?s3cret", "http://h/?…"},
		"the order of names is kept":                     {"http://h/?z=1&a=2&z=3", "http://h/?z=…&a=…&z=…"},
		"a value with = in it is one value":              {"http://h/?t=s3=cret==", "http://h/?t=…"},
		"empty parts are dropped":                        {"http://h/?&&a=s3cret&", "http://h/?a=…"},
		"a semicolon separates nothing":                  {"http://h/?a=1;s3cret=2", "http://h/?a=…"},
		"an escape in the path stays an escape":          {"http://h/a%2Fb%1b", "http://h/a%2Fb%1b"},
		"an opaque address keeps its scheme only":        {"mailto:s3cret@h", "mailto:…"},
		"a relative address has no scheme and no host":   {"/login?next=s3cret", "/login?next=…"},
		"a bidirectional override in the path is escape": {"http://h/\u202e", "http://h/%E2%80%AE"},
		"an address in brackets keeps them":              {"http://[::1]:80/", "http://[::1]:80/"},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(tc.in)
			require.NoError(t, err)
			require.Equal(t, tc.want, text.URL(u))
		})
	}
	require.Empty(t, text.URL(nil))
}

func FuzzURL(f *testing.F) {
	f.Add("https://u:p@h/p?a=b#c")
	f.Add("//h?x")
	f.Fuzz(func(t *testing.T, s string) {
		const secret = "CANARY7"
		u, err := url.Parse(s)
		if err != nil {
			return
		}
		u.User = url.UserPassword(secret, secret)
		u.RawQuery += "&k=" + secret
		u.Fragment = secret
		shown := text.URL(u)
		require.True(t, utf8.ValidString(shown))
		if !strings.Contains(s, secret) {
			require.NotContains(t, shown, secret)
		}
	})
}
