package probe

import (
	"encoding/csv"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

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
			explained := explainReason(English, Reason(i))
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
		{100, 104}, {200, 208}, {226, 226}, {300, 308}, {400, 418}, {421, 426}, {428, 429}, {431, 431}, {444, 444},
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
		http.StatusTeapot:                       "(Unused)",
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
		"104 is like the other 1xx":                         {104, RetryYes, FaultNone},
		"306 is like the other 3xx":                         {306, RetryNotApplicable, FaultNone},
		"418 is like an unknown 4xx":                        {418, RetryNo, FaultRequest},
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
		"a 3xx counts as 300":                   {309, 300, "Unknown 3xx", ClassRedirection},
		"a 4xx counts as 400":                   {419, 400, "Unknown 4xx", ClassClientError},
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
			for _, language := range Languages() {
				requireReadable(t, language, explainCode(language, code))
			}
		})
	}
}

func TestReasonsAreOfTheClassOfTheirAnswer(t *testing.T) {
	for _, reason := range Reasons() {
		entry := explainReason(English, reason)
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

// BenchmarkCatalogue looks a code up, as the judgement of an answer does, and explains it.
func BenchmarkCatalogue(b *testing.B) {
	b.Run("look up", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if CodeOf(504).Retry != RetryYes {
				b.Fatal("another entry")
			}
		}
	})
	for _, language := range Languages() {
		b.Run("explain in "+language.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ExplainIn(language, "504"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
