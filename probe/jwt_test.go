package probe

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// jwt is a token that is signed with nonsense: nothing is ever verified.
func jwt(claims string) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + part([]byte(claims)) + "." + part([]byte("not a signature"))
}

// jwtUntil is a token that ends at an instant.
func jwtUntil(ends time.Time) string {
	return jwt(fmt.Sprintf(`{"sub":"sonde","exp":%d}`, ends.Unix()))
}

func TestLifeOfAToken(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	for name, tc := range map[string]struct {
		token string
		want  life
	}{
		"a token says when it ends":              {jwt(`{"exp":1300819380}`), life{ends: at(1300819380)}},
		"and when it begins":                     {jwt(`{"iat":1300000000,"exp":1300819380}`), life{at(1300000000), at(1300819380)}},
		"not before goes before issued":          {jwt(`{"iat":1300000000,"nbf":1300000100,"exp":1300819380}`), life{at(1300000100), at(1300819380)}},
		"fractions of a second are allowed":      {jwt(`{"exp":1300819380.5}`), life{ends: at(1300819380).Add(500 * time.Millisecond)}},
		"padding is tolerated":                   {padded(jwt(`{"exp":1300819380}`)), life{ends: at(1300819380)}},
		"a token without an end":                 {jwt(`{"sub":"x"}`), life{}},
		"an end that is a text":                  {jwt(`{"exp":"tomorrow"}`), life{}},
		"an end beyond all calendars":            {jwt(`{"exp":1e300}`), life{}},
		"an end before all calendars":            {jwt(`{"exp":-5}`), life{}},
		"an opaque token":                        {"mF_9.B5f-4.1JqM", life{}},
		"an encrypted one":                       {"a.b.c.d.e", life{}},
		"what is no object":                      {jwt(`[1]`), life{}},
		"a header without an algorithm":          {base64.RawURLEncoding.EncodeToString([]byte(`{}`)) + jwt(`{"exp":1300819380}`)[len("eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9"):], life{}},
		"the example of RFC 7519 section 3.1":    {"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", life{ends: at(1300819380)}},
		"a token that is absurdly long":          {jwt(`{"exp":1300819380,"x":"` + strings.Repeat("x", 64<<10) + `"}`), life{}},
		"an empty one":                           {"", life{}},
		"an end that is not a number of seconds": {jwt(`{"exp":{"a":1}}`), life{}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, lifeOfToken(tc.token)) })
	}
}

func padded(token string) string {
	parts := strings.Split(token, ".")
	for i, part := range parts {
		parts[i] = part + strings.Repeat("=", (4-len(part)%4)%4)
	}
	return strings.Join(parts, ".")
}

func FuzzLifeOfToken(f *testing.F) {
	for _, token := range []string{jwt(`{"exp":1300819380}`), jwt(`{"exp":1e308,"nbf":-0.0,"iat":null}`), "..", "a.b.c", "e30.e30."} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		l := lifeOfToken(token)
		for _, at := range []time.Time{l.begins, l.ends} {
			if !at.IsZero() {
				require.GreaterOrEqual(t, at.Year(), 1970)
				require.Less(t, at.Year(), 10000)
			}
		}
	})
}
