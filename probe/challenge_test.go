package probe

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/text"
)

func TestChallenges(t *testing.T) {
	for name, tc := range map[string]struct {
		fields []string
		want   []Challenge
	}{
		"a realm (RFC 7617 section 2)": {[]string{`Basic realm="foo", charset="UTF-8"`}, []Challenge{{Scheme: "Basic", Realm: "foo"}}},
		"an error (RFC 6750 section 3)": {[]string{`Bearer realm="example", error="invalid_token", error_description="The access token expired"`},
			[]Challenge{{Scheme: "Bearer", Realm: "example", Error: "invalid_token", Description: "The access token expired"}}},
		"two in a field, with a quoted quote (RFC 9110 section 11.6.1)": {[]string{`Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple"`},
			[]Challenge{{Scheme: "Newauth", Realm: "apps"}, {Scheme: "Basic", Realm: "simple"}}},
		"two fields":                          {[]string{"Negotiate", `Basic realm=x`}, []Challenge{{Scheme: "Negotiate"}, {Scheme: "Basic", Realm: "x"}}},
		"schemes without anything":            {[]string{"Negotiate, NTLM , Basic"}, []Challenge{{Scheme: "Negotiate"}, {Scheme: "NTLM"}, {Scheme: "Basic"}}},
		"what is for programs is passed over": {[]string{"Negotiate YIIaa+/x==, Basic realm=x"}, []Challenge{{Scheme: "Negotiate"}, {Scheme: "Basic", Realm: "x"}}},
		"scopes":                              {[]string{`Bearer error="insufficient_scope", scope="read write"`}, []Challenge{{Scheme: "Bearer", Error: "insufficient_scope", Scope: "read write"}}},
		"names in any letters":                {[]string{`bearer REALM="a", Error=b`}, []Challenge{{Scheme: "bearer", Realm: "a", Error: "b"}}},
		"space around the equals sign":        {[]string{"Basic realm = \"a b\" , x\t=\ty, Bearer"}, []Challenge{{Scheme: "Basic", Realm: "a b"}, {Scheme: "Bearer"}}},
		"the first of a name counts":          {[]string{`Basic realm="a", realm="b"`}, []Challenge{{Scheme: "Basic", Realm: "a"}}},
		"empty elements":                      {[]string{", ,Basic realm=a,,"}, []Challenge{{Scheme: "Basic", Realm: "a"}}},
		"a comma in quotes separates nothing": {[]string{`Basic realm="a, Bearer error=x"`}, []Challenge{{Scheme: "Basic", Realm: "a, Bearer error=x"}}},
		"a quote that does not end":           {[]string{`Basic realm="a, b`}, []Challenge{{Scheme: "Basic", Realm: "a, b"}}},
		"a parameter before any scheme":       {[]string{`realm="a", Basic`}, []Challenge{{Scheme: "Basic"}}},
		"garbage is passed over":              {[]string{`@@ "x" Basic realm=a`}, []Challenge{{Scheme: "Basic", Realm: "a"}}},
		"nothing":                             {[]string{""}, nil},
		"no more than eight":                  {[]string{strings.Repeat("a,", 100)}, []Challenge{{Scheme: "a"}, {Scheme: "a"}, {Scheme: "a"}, {Scheme: "a"}, {Scheme: "a"}, {Scheme: "a"}, {Scheme: "a"}, {Scheme: "a"}}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, challenges(http.Header{"Www-Authenticate": tc.fields}, false))
			for i := range tc.want {
				tc.want[i].Proxy = true
			}
			require.Equal(t, tc.want, challenges(http.Header{"Proxy-Authenticate": tc.fields}, true))
		})
	}
}

func FuzzChallenges(f *testing.F) {
	for _, field := range []string{`Basic realm="foo"`, `Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple"`, "Negotiate a==", `Bearer scope="\`, "=,=\"", "\x1b\u202e"} {
		f.Add(field)
	}
	f.Fuzz(func(t *testing.T, field string) {
		all := parseChallenges(nil, field)
		require.LessOrEqual(t, len(all), maxChallenges)
		for _, c := range all {
			require.NotEmpty(t, c.Scheme)
			require.Empty(t, strings.Trim(c.Scheme, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"), "a scheme is a token")
			shown := c.printable(noSecrets())
			require.Equal(t, text.Printable(shown.Description, maxText), shown.Description)
			// What was understood is understood again.
			again := fmt.Sprintf("%s realm=%s, error=%s, scope=%s", c.Scheme, quotedString(c.Realm), quotedString(c.Error), quotedString(c.Scope))
			require.Equal(t, []Challenge{{Scheme: c.Scheme, Realm: c.Realm, Error: c.Error, Scope: c.Scope}}, parseChallenges(nil, again))
		}
	})
}

func quotedString(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
