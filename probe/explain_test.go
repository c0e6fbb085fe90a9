package probe

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

func TestExplainAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		query  string
		code   int
		reason string
		retry  string
	}{
		"a known code":                        {"503", 503, "", "backoff"},
		"a code without an entry":             {"477", 477, "", "no"},
		"a reason":                            {"tls_expired", 0, "tls_expired", "no"},
		"a reason that leaves it to the code": {"server_error", 0, "server_error", "by_code"},
		"a reason in capitals and spaces":     {" TLS_Expired\n", 0, "tls_expired", "no"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Explain(tc.query)
			require.NoError(t, err)
			require.Equal(t, tc.code, got.Code)
			require.Equal(t, tc.reason, got.Reason)
			require.Equal(t, tc.retry, got.Retry)
		})
	}
}

func TestExplainNamesAWayOut(t *testing.T) {
	for name, tc := range map[string]struct{ query, want string }{
		"a slip of the finger":           {"tls_expierd", `"tls_expierd" is neither a status code nor a reason; the nearest reasons are tls_expired, `},
		"a part of a name":               {"refused", "the nearest reasons are connect_refused, "},
		"a part of several names":        {"dns", "the nearest reasons are dns_not_found, dns_failure, dns_timeout"},
		"a word from the meaning":        {"NXDOMAIN", "the nearest reasons are dns_not_found, "},
		"a Korean word":                  {"만료", `"만료" is neither a status code nor a reason; the nearest reasons are tls_expired, `},
		"a number that is no code":       {"600", `"600" is no status code; they run from 100 to 599, and an answer with another counts as a 5xx server error`},
		"a number below all codes":       {"99", `"99" is no status code`},
		"a number that fits no variable": {strings.Repeat("9", 40), `"99999999999999999999" is no status code`},
		"nothing":                        {"", `"" is neither a status code nor a reason; the nearest reasons are ok, `},
		"a terminal's control sequence":  {"\x1b[2J", `"\x1b[2J" is neither`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Explain(tc.query)
			require.ErrorContains(t, err, tc.want)
			require.Zero(t, got)
		})
	}
}

func TestExplanationsMayBeChangedByTheirReader(t *testing.T) {
	for _, query := range []string{"504", "too_slow"} {
		first, err := Explain(query)
		require.NoError(t, err)
		first.Next[0] = "changed"
		second, err := Explain(query)
		require.NoError(t, err)
		require.NotEqual(t, "changed", second.Next[0])
	}
}

func TestEditDistance(t *testing.T) {
	for name, tc := range map[string]struct {
		a, b string
		want int
	}{
		"equal words":      {"throttled", "throttled", 0},
		"a letter missing": {"throtled", "throttled", 1},
		"a letter more":    {"canceled", "cancelled", 1},
		"another letter":   {"forbidden", "forbiddem", 1},
		"letters swapped":  {"expierd", "expired", 2},
		"from nothing":     {"", "ok", 2},
		"to nothing":       {"ok", "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, editDistance(tc.a, tc.b))
			require.Equal(t, tc.want, editDistance(tc.b, tc.a))
		})
	}
}

func FuzzExplain(f *testing.F) {
	for _, seed := range []string{"504", "0504", "+504", "tls_expired", "TLS", "", "-1", "\xff\xfe", "99999999999999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		got, err := Explain(query)
		if err != nil {
			require.Zero(t, got)
			require.LessOrEqual(t, len(err.Error()), 600)
			for _, r := range err.Error() {
				require.True(t, unicode.IsPrint(r), "%q", r)
			}
			return
		}
		requireReadable(t, English, got)
		if got.Reason == "" {
			require.True(t, valid(got.Code))
		}
	})
}

func ExampleExplain() {
	for _, query := range []string{"504", "tls_expired"} {
		e, err := Explain(query)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%s %s: retry %s, fault %s\n%s\nFirst: %s\n", query, e.Name, e.Retry, e.Fault, e.Meaning, e.Next[0])
	}
	// Output:
	// 504 Gateway Timeout: retry yes, fault target
	// A gateway or proxy waited too long for the server behind it.
	// First: Follow the trace id from the gateway's log to the log of the upstream that was slow
	// tls_expired certificate expired: retry no, fault target
	// The server shows a certificate whose time has run out.
	// First: Renew the certificate now
}
