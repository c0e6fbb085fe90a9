package text

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMaskedTakesOutWhatLooksLikeASecret(t *testing.T) {
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
	for name, tc := range map[string]struct{ said, want string }{
		"a JWT":                             {"rejected " + jwt + " as expired", "rejected [redacted] as expired"},
		"a JWT that was cut":                {"rejected eyJhbGciOiJIUzI1NiJ9.eyJz…", "rejected [redacted]…"},
		"a bearer token":                    {"got Bearer abc123def456", "got Bearer [redacted]"},
		"a header with a credential":        {"Authorization: Basic dXNlcjpwYXNz\nnext", "Authorization: [redacted]\nnext"},
		"cookies up to the end of the line": {"Set-Cookie: a=b; c=d\nnext", "Set-Cookie: [redacted]\nnext"},
		"a password in JSON":                {`{"db_password": "hunter2", "host": "db"}`, `{"db_password": [redacted], "host": "db"}`},
		"a password with a quote in it":     {`{"password":"a\"b","x":1}`, `{"password":[redacted],"x":1}`},
		"a key in a query":                  {"GET /x?api_key=abc&y=1", "GET /x?api_key=[redacted]&y=1"},
		"a password in an address":          {"postgres://app:hunter2@db:5432/x", "postgres://[redacted]@db:5432/x"},
		"a token of Slack's":                {"xoxb-1234567890-abcdefgh", "[redacted]"},
		"a key of AWS":                      {"key AKIAIOSFODNN7EXAMPLE", "key [redacted]"},
		"a long key":                        {"k 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", "k [redacted]"},
		"a private key":                     {"-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nx", "[redacted]\nx"},
		"a private key without its end":     {"-----BEGIN PRIVATE KEY-----\nMII", "[redacted]"},

		"a challenge stays":               {`Bearer error="invalid_token"`, `Bearer error="invalid_token"`},
		"a realm stays":                   {`Basic realm="admin"`, `Basic realm="admin"`},
		"the name of a pod stays":         {"checkout-service-deployment-7d9f8b6c5-x2x4z", "checkout-service-deployment-7d9f8b6c5-x2x4z"},
		"a UUID stays":                    {"request 123e4567-e89b-12d3-a456-426614174000", "request 123e4567-e89b-12d3-a456-426614174000"},
		"a path stays":                    {"/srv/app/releases/20261123/lib/checkout/handler.rb", "/srv/app/releases/20261123/lib/checkout/handler.rb"},
		"words about secrets stay":        {"the session has expired, the token is invalid", "the session has expired, the token is invalid"},
		"what is not about a secret, too": {"upstream connect error: reset by peer", "upstream connect error: reset by peer"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, Masked(tc.said)) })
	}
}

// What is masked once has nothing left to mask, and a known secret is never there, whatever
// surrounds it.
func FuzzMasked(f *testing.F) {
	for _, seed := range []string{"", "x ", `{"a":"`, "://u:", "cookie: ", "\x00\xff", "ß…", "Bearer ", `\"`} {
		f.Add(seed, seed)
	}
	const secret = "xoxb-1234567890-abcdefgh"
	f.Fuzz(func(t *testing.T, before, after string) {
		masked := Masked(before + " " + secret + " " + after)
		require.NotContains(t, masked, secret)
		require.LessOrEqual(t, strings.Count(masked, "xoxb-1234567890"), strings.Count(before+after, "xoxb-1234567890"))
	})
}

func ExampleMasked() {
	fmt.Println(Masked(`{"error":"expired","token":"s3cr3t"}`))
	// Output: {"error":"expired","token":[redacted]}
}
