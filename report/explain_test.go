package report_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/probe"
	"sonde/report"
)

func TestEveryEntryOfTheCatalogueHasTheKeysThatArePromised(t *testing.T) {
	promised := []string{"name", "class", "retry", "fault", "meaning", "next", "source"}
	codes, reasons := map[int]bool{}, map[string]bool{}
	for _, entry := range probe.Explanations(probe.Korean) {
		data, err := json.Marshal(report.NewExplanation(entry))
		require.NoError(t, err)
		var document map[string]any
		require.NoError(t, json.Unmarshal(data, &document))
		require.Len(t, document, len(promised)+1, "either a code or a reason, and no other key: %s", data)
		code, isCode := document["code"].(float64)
		reason, isReason := document["reason"].(string)
		require.NotEqual(t, isCode, isReason, "%s", data)
		for _, key := range promised {
			require.NotEmpty(t, document[key], "%s: %s", key, data)
		}
		require.IsType(t, []any{}, document["next"])
		if isCode {
			codes[int(code)] = true
		} else {
			reasons[reason] = true
		}
	}
	require.Len(t, codes, len(probe.Codes()), "each code once")
	require.Len(t, reasons, len(probe.Reasons()), "each reason once")
}

func TestAnEntryWithoutAdviceHasAnEmptyList(t *testing.T) {
	data, err := json.Marshal(report.NewExplanation(probe.Explanation{Reason: "ok", Name: "ok"}))
	require.NoError(t, err)
	require.Contains(t, string(data), `"next":[]`)
	require.NotContains(t, string(data), "code")
}

func TestEveryExplanationIsWrittenInFull(t *testing.T) {
	for _, language := range probe.Languages() {
		for _, entry := range probe.Explanations(language) {
			e := report.NewExplanation(entry)
			var out strings.Builder
			require.NoError(t, e.WriteText(&out, language))
			for _, part := range append([]string{e.Name, e.Meaning, e.Class.TitleIn(language), e.Source}, e.Next...) {
				require.Contains(t, out.String(), part)
			}
			require.NotContains(t, out.String(), "invalid(")
			require.NotRegexp(t, `(?m) $`, out.String(), "a label without its value")
		}
	}
}

func TestExplanationsReadAsTheyShould(t *testing.T) {
	for _, query := range []string{"504", "tls_expired", "client_error"} {
		for _, language := range probe.Languages() {
			name := "explain-" + query + "-" + language.String() + ".txt"
			t.Run(name, func(t *testing.T) {
				entry, err := probe.ExplainIn(language, query)
				require.NoError(t, err)
				var out strings.Builder
				require.NoError(t, report.NewExplanation(entry).WriteText(&out, language))
				golden(t, name, out.String())
			})
		}
	}
}

func TestTheCatalogueStandsUnderHeadings(t *testing.T) {
	for language, want := range map[probe.Language][]string{
		probe.English: {"1xx informational", "2xx success", "3xx redirection", "4xx client error", "5xx server error", "reasons"},
		probe.Korean:  {"1xx 정보", "2xx 성공", "3xx 리다이렉션", "4xx 클라이언트 오류", "5xx 서버 오류", "사유"},
	} {
		var entries []report.Explanation
		for _, e := range probe.Explanations(language) {
			entries = append(entries, report.NewExplanation(e))
		}
		var out strings.Builder
		require.NoError(t, report.WriteExplanations(&out, language, entries))
		var got []string
		for line := range strings.Lines(out.String()) {
			if heading, ok := strings.CutPrefix(line, "=== "); ok {
				got = append(got, strings.TrimSuffix(heading, " ===\n"))
			}
		}
		require.Equal(t, want, got)
		require.True(t, strings.HasPrefix(out.String(), "=== "+want[0]+" ===\n\n100 Continue\n  "))
		require.NotContains(t, out.String(), "\n\n\n\n")
	}
}
