package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/probe"
	"sonde/report"
)

func TestWhatCannotBeExplainedIsAUsageError(t *testing.T) {
	for name, args := range map[string][]string{
		"a language that is none":          {"explain", "504", "--lang", "fr"},
		"a language that is none, for all": {"explain", "--all", "--lang", "KO"},
		"a code that is none":              {"explain", "600"},
		"a reason that is none":            {"explain", "tls_expierd"},
		"nothing":                          {"explain"},
		"two things":                       {"explain", "503", "504"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := sonde(t, args...)
			require.Equal(t, exitUsage, code)
			require.Empty(t, stdout)
			require.NotEmpty(t, stderr)
		})
	}
}

func TestTheLanguageOfAllIsThatWhichWasAskedFor(t *testing.T) {
	for _, language := range probe.Languages() {
		code, stdout, stderr := sonde(t, "explain", "--all", "--json", "--lang", language.String())
		require.Equal(t, exitOK, code)
		require.Empty(t, stderr)
		var got []report.Explanation
		require.NoError(t, json.Unmarshal([]byte(stdout), &got))
		var want []report.Explanation
		for _, e := range probe.Explanations(language) {
			want = append(want, report.NewExplanation(e))
		}
		require.Equal(t, want, got)
	}
}
