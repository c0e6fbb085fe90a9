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
	for _, entry := range probe.Explanations() {
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
	for _, entry := range probe.Explanations() {
		e := report.NewExplanation(entry)
		var out strings.Builder
		require.NoError(t, e.WriteText(&out))
		for _, part := range append([]string{e.Name, e.Meaning, e.Class.Title(), e.Source}, e.Next...) {
			require.Contains(t, out.String(), part)
		}
		require.NotContains(t, out.String(), "invalid(")
	}
}
