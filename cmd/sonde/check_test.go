package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/report"
)

func TestCheckCountsA4xxAsTheProbeDoes(t *testing.T) {
	target := httptest.NewServer(http.NotFoundHandler())
	defer target.Close()
	path := filepath.Join(t.TempDir(), "sonde.yaml")
	config := fmt.Sprintf("defaults: {notify: []}\nprobes:\n  - {name: strict, url: %q, count_4xx: always}\n  - {name: usual, url: %q}\n", target.URL, target.URL)
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	for name, outcome := range map[string]string{"strict": "bad", "usual": "excluded"} {
		code, stdout, stderr := sonde(t, "check", name, "--json", "-c", path)
		require.Equal(t, 1, code, stderr)
		var answer report.Check
		require.NoError(t, json.Unmarshal([]byte(stdout), &answer))
		require.Equal(t, outcome, answer.Verdict.Outcome.String(), name)
		require.Equal(t, outcome, answer.Attempts[0].Outcome.String(), name)
	}
}
