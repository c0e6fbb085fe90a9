package results_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"sonde/bench/results"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAPartReplacesItselfAndNothingElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "RESULTS.md")
	put := func(name, body string) string {
		require.NoError(t, results.Put(path, results.Part{Name: name, Command: "go run ./bench/" + name, Machine: results.Machine(), Body: body}))
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(text)
	}
	put("one", "first of one\n\n### deeper\n\nstill one")
	put("two", "first of two")
	text := put("one", "second of one")
	require.True(t, strings.HasPrefix(text, "# What was measured\n"))
	require.Less(t, strings.Index(text, "second of one"), strings.Index(text, "first of two"), "parts keep their order")
	require.NotContains(t, text, "first of one")
	require.NotContains(t, text, "still one")
	require.Equal(t, 1, strings.Count(text, "## one\n"))
	require.Contains(t, text, "`go run ./bench/two`, ")
	require.Contains(t, text, " cores of ")
	again := put("two", "first of two")
	require.Equal(t, strings.Count(text, "\n"), strings.Count(again, "\n"), "nothing grows when it is written again")
}

func TestAFileThatCannotBeWrittenIsNamed(t *testing.T) {
	require.ErrorContains(t, results.Put(t.TempDir(), results.Part{}), "results")
}
