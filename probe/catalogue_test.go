package probe

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// readTable reads a CSV file of testdata into one map per row, by column name.
func readTable(t *testing.T, name string) []map[string]string {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name))
	require.NoError(t, err)
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	require.NotEmpty(t, lines)
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := make(map[string]string)
		for i, column := range lines[0] {
			row[column] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func TestCodesAgreeWithThePaper(t *testing.T) {
	rows := readTable(t, "status-codes.csv")
	require.Len(t, rows, 25)
	for _, row := range rows {
		t.Run(row["code"], func(t *testing.T) {
			status, err := strconv.Atoi(row["code"])
			require.NoError(t, err)
			require.True(t, Known(status))
			code := CodeOf(status)
			require.Equal(t, row["name"], code.Name)
			require.Equal(t, row["class"], code.Class().String())
			require.Equal(t, row["retry"], code.Retry.String())
			require.Contains(t, code.Source, "white paper section")
		})
	}
}

func TestReasonsAgreeWithTheDesign(t *testing.T) {
	rows := readTable(t, "reasons.csv")
	require.Len(t, rows, len(reasons))
	for i, row := range rows {
		t.Run(row["reason"], func(t *testing.T) {
			rule := reasons[i]
			outcome := "by_count_4xx"
			if rule.outcome != outcomeByCount4xx {
				outcome = rule.outcome.String()
			}
			explained := explainReason(Reason(i))
			require.Equal(t, row["reason"], rule.name)
			require.Equal(t, row["outcome"], outcome)
			require.Equal(t, row["fault"], rule.fault.String())
			require.Equal(t, row["retry"], explained.Retry)
			require.Equal(t, row["incident"], rule.incident.String())
			require.Equal(t, row["severity"], rule.severity.String())
			require.Equal(t, row["meaning"], rule.meaning)
		})
	}
}

func TestCatalogueCoversTheRegistryAndVendorCodes(t *testing.T) {
	var want, got []int
	for _, span := range [][2]int{
		{100, 103}, {200, 208}, {226, 226}, {300, 305}, {307, 308}, {400, 417}, {421, 426}, {428, 429}, {431, 431}, {444, 444},
		{451, 451}, {494, 499}, {500, 511}, {520, 527}, {529, 530}, {598, 599},
	} {
		for status := span[0]; status <= span[1]; status++ {
			want = append(want, status)
		}
	}
	for _, code := range Codes() {
		got = append(got, code.Status)
	}
	require.Equal(t, want, got)

	entries := len(informational) + len(successes) + len(redirections) + len(clientErrors) + len(serverErrors) + len(vendorCodes)
	require.Len(t, got, entries, "a code has two entries")
}

func TestRegisteredCodesGoByTheirRegisteredNames(t *testing.T) {
	old := map[int]string{ // net/http keeps the names of RFC 7231
		http.StatusNonAuthoritativeInfo:         "Non-Authoritative Information",
		http.StatusRequestEntityTooLarge:        "Content Too Large",
		http.StatusRequestURITooLong:            "URI Too Long",
		http.StatusRequestedRangeNotSatisfiable: "Range Not Satisfiable",
		http.StatusUnprocessableEntity:          "Unprocessable Content",
	}
	for _, code := range Codes() {
		want := http.StatusText(code.Status)
		if name, renamed := old[code.Status]; renamed {
			want = name
		}
		if want != "" {
			require.Equal(t, want, code.Name, code.Status)
		}
	}
}

func TestJudgementOfCodesOutsideThePaper(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		retry  Retry
		fault  Fault
	}{
		"103 is like the other 1xx":                         {103, RetryYes, FaultNone},
		"a redirect has nothing to retry":                   {308, RetryNotApplicable, FaultNone},
		"a proxy's 407 is about the credential":             {407, RetryNo, FaultCredential},
		"a 425 is asked again once the handshake is done":   {425, RetryConditional, FaultRequest},
		"a lock may be gone the next time":                  {423, RetryConditional, FaultRequest},
		"a captive portal wants a login":                    {511, RetryNo, FaultCredential},
		"a loop stays a loop":                               {508, RetryNo, FaultTarget},
		"nginx saw the client go":                           {499, RetryConditional, FaultRequest},
		"a client certificate is a credential":              {496, RetryNo, FaultCredential},
		"an origin that is down may come back":              {521, RetryYes, FaultTarget},
		"a wrong certificate stays wrong":                   {526, RetryNo, FaultTarget},
		"an overloaded site is asked with back-off, as 503": {529, RetryBackoff, FaultTarget},
	} {
		t.Run(name, func(t *testing.T) {
			code := CodeOf(tc.status)
			require.Equal(t, tc.status, code.Status)
			require.Equal(t, tc.retry.String(), code.Retry.String())
			require.Equal(t, tc.fault.String(), code.Fault.String())
		})
	}
}

func TestFaultFollowsTheClassOfACode(t *testing.T) {
	for _, code := range Codes() {
		switch code.Class() {
		case ClassClientError:
			require.Contains(t, []Fault{FaultRequest, FaultCredential, FaultThrottle}, code.Fault, code.Status)
		case ClassServerError:
			require.Contains(t, []Fault{FaultTarget, FaultCredential}, code.Fault, code.Status)
			require.NotEqual(t, RetryNotApplicable, code.Retry, code.Status)
		default:
			require.Equal(t, FaultNone, code.Fault, code.Status)
		}
	}
}

func TestUnknownCodesAreJudgedAsTheirClass(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		like   int
		name   string
		class  Class
	}{
		"a 1xx counts as 100":                   {199, 100, "Unknown 1xx", ClassInformational},
		"a 2xx counts as 200":                   {299, 200, "Unknown 2xx", ClassSuccess},
		"a 3xx counts as 300":                   {306, 300, "Unknown 3xx", ClassRedirection},
		"a 4xx counts as 400":                   {418, 400, "Unknown 4xx", ClassClientError},
		"a 5xx counts as 500":                   {555, 500, "Unknown 5xx", ClassServerError},
		"a number above 599 counts as 500":      {600, 500, "Invalid Status Code", ClassServerError},
		"a number far above 599 counts as 500":  {1 << 30, 500, "Invalid Status Code", ClassServerError},
		"a number below 100 counts as 500":      {99, 500, "Invalid Status Code", ClassServerError},
		"a negative number counts as 500":       {-404, 500, "Invalid Status Code", ClassServerError},
		"no status at all is of no class but 0": {0, 500, "Invalid Status Code", ClassNoResponse},
	} {
		t.Run(name, func(t *testing.T) {
			require.False(t, Known(tc.status))
			code, like := CodeOf(tc.status), CodeOf(tc.like)
			require.Equal(t, tc.status, code.Status)
			require.Equal(t, tc.name, code.Name)
			require.Equal(t, tc.class, code.Class())
			require.Equal(t, like.Retry, code.Retry)
			require.Equal(t, like.Fault, code.Fault)
			requireReadable(t, explainCode(code))
		})
	}
}

func TestEveryEntryIsReadable(t *testing.T) {
	all := Explanations()
	require.Len(t, all, len(Codes())+len(Reasons()))
	for _, entry := range all {
		t.Run(fmt.Sprint(entry.Code, entry.Reason), func(t *testing.T) {
			requireReadable(t, entry)
			require.NotEqual(t, entry.Code == 0, entry.Reason == "", "either a code or a reason")
		})
	}
}

func requireReadable(t *testing.T, entry Explanation) {
	t.Helper()
	for _, text := range append([]string{entry.Name, entry.Meaning, entry.Source}, entry.Next...) {
		require.NotEmpty(t, text)
		require.LessOrEqual(t, len(text), 120, text)
		require.Equal(t, strings.TrimSpace(text), text)
		for _, r := range text {
			require.True(t, r <= unicode.MaxASCII && unicode.IsPrint(r), "%q in %q", r, text)
		}
	}
	require.True(t, strings.HasSuffix(entry.Meaning, "."), "a meaning is a sentence: %q", entry.Meaning)
	require.NotEmpty(t, entry.Next)
	require.LessOrEqual(t, len(entry.Next), 5)
	seen := make(map[string]bool)
	for _, item := range entry.Next {
		require.False(t, strings.HasSuffix(item, "."), "an item is no sentence: %q", item)
		require.True(t, unicode.IsUpper(rune(item[0])) || strings.HasPrefix(item, "sonde"), item)
		require.False(t, seen[item], "twice: %q", item)
		seen[item] = true
	}
}

func TestReasonsAreOfTheClassOfTheirAnswer(t *testing.T) {
	for _, reason := range Reasons() {
		entry := explainReason(reason)
		switch reasons[reason].symptom {
		case NoAnswer, ProberTrouble:
			require.Equal(t, ClassNoResponse, entry.Class, reason)
		case FiveXX:
			require.Equal(t, ClassServerError, entry.Class, reason)
		case FourXX, Throttling:
			require.Equal(t, ClassClientError, entry.Class, reason)
		default:
			require.NotEqual(t, ClassNoResponse, entry.Class, reason)
			require.NotEqual(t, ClassServerError, entry.Class, reason)
		}
	}
}

func TestCodeOfDoesNotAllocate(t *testing.T) {
	retries := 0
	allocations := testing.AllocsPerRun(100, func() {
		for status := -1; status <= 600; status++ {
			retries += int(CodeOf(status).Retry)
		}
	})
	require.Zero(t, allocations)
	require.Positive(t, retries)
}

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
		"a number that is no code":       {"600", `"600" is no status code; they run from 100 to 599`},
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
		requireReadable(t, got)
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
	// First: Follow the trace id from the gateway's log to the upstream that was slow
	// tls_expired certificate expired: retry no, fault target
	// The server shows a certificate whose time has run out.
	// First: Renew the certificate now
}
