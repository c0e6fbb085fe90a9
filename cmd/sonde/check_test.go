package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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

// flaky is a target whose every third answer is a 503.
func flaky(t *testing.T) (address string, asked *atomic.Int64) {
	asked = new(atomic.Int64)
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1)%3 == 0 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(target.Close)
	path := filepath.Join(t.TempDir(), "sonde.yaml")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, "probes:\n  - {name: flaky, url: %q, retries: 0, notify: []}\n", target.URL), 0o600))
	t.Setenv("SONDE_CONFIG", path)
	return target.URL, asked
}

func TestARepeatedCheckShowsEveryRunAndSumsThemUp(t *testing.T) {
	_, asked := flaky(t)
	code, stdout, stderr := sonde(t, "check", "flaky", "--repeat", "6", "--every", "100ms")
	require.Equal(t, 2, code, stderr)
	require.EqualValues(t, 6, asked.Load())
	require.Equal(t, 6, strings.Count(stdout, "\n#"))
	require.Contains(t, stdout, "4 good, 2 bad")
	require.Contains(t, stdout, "2 x 500 server_error")
	require.NotContains(t, stdout, "\x1b", "it is no terminal")
}

func TestARepeatedCheckForScriptsIsOneDocument(t *testing.T) {
	flaky(t)
	code, stdout, stderr := sonde(t, "check", "flaky", "--repeat", "3", "--every", "100ms", "--json")
	require.Equal(t, 2, code, stderr)
	var all report.Repeat
	require.NoError(t, json.Unmarshal([]byte(stdout), &all))
	require.Len(t, all.Checks, 3)
	require.Equal(t, 3, all.Summary.Runs)
	require.Equal(t, map[string]int{"500 server_error": 1}, all.Summary.Reasons)
	require.LessOrEqual(t, *all.Summary.LatencyMS.Min, *all.Summary.LatencyMS.Max)
}

func TestARepeatedCheckAsksWhetherTheFirstAnswerStillHolds(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
		}
	}))
	defer target.Close()
	path := filepath.Join(t.TempDir(), "sonde.yaml")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, "probes:\n  - {name: docs, url: %q, cache: true, notify: []}\n", target.URL), 0o600))
	t.Setenv("SONDE_CONFIG", path)
	code, stdout, stderr := sonde(t, "check", "docs", "--repeat", "2", "--every", "100ms", "--json")
	require.Zero(t, code, stderr)
	var all report.Repeat
	require.NoError(t, json.Unmarshal([]byte(stdout), &all))
	first, second := all.Checks[0].Attempts[0], all.Checks[1].Attempts[0]
	require.Equal(t, []int{http.StatusOK, http.StatusNotModified}, []int{*first.Status, *second.Status})
	require.NotContains(t, first.Cache, "outcome", "it has nothing to ask with")
	require.Equal(t, "hit", second.Cache["outcome"])
}

func TestARepeatedCheckEndsWhenItIsInterrupted(t *testing.T) {
	_, asked := flaky(t)
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		for asked.Load() < 2 {
			time.Sleep(time.Millisecond)
		}
		interrupt()
	}()
	var out, errs bytes.Buffer
	code := run(ctx, []string{"check", "flaky", "--repeat", "0", "--every", "100ms"}, &out, &errs)
	require.Zero(t, code, "what was seen was good")
	require.Regexp(t, `\n[12] runs? in `, out.String(), "the last one may have ended")
	require.Empty(t, errs.String())
}

func TestRepeatingHasBounds(t *testing.T) {
	for name, tc := range map[string]struct {
		flags []string
		want  string
	}{
		"an endless document":      {[]string{"--repeat", "0", "--json"}, "say how often"},
		"less than no time":        {[]string{"--repeat", "-1"}, "not from 0 to 10000"},
		"a load test":              {[]string{"--repeat", "5", "--every", "1ms"}, "probed here, not loaded"},
		"a distance without times": {[]string{"--every", "1s"}, "give --repeat N too"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := sonde(t, append([]string{"check", "http://127.0.0.1:1/"}, tc.flags...)...)
			require.Equal(t, report.ExitUnknown, code)
			require.Contains(t, stderr, tc.want)
			require.Empty(t, stdout)
		})
	}
}

func TestACheckDoesNotWarnOfOtherProbes(t *testing.T) {
	target := httptest.NewServer(http.NotFoundHandler())
	defer target.Close()
	path := filepath.Join(t.TempDir(), "sonde.yaml")
	config := fmt.Sprintf("defaults: {notify: []}\nprobes:\n  - {name: asked, url: %q}\n  - {name: other, url: \"https://example.com/\", insecure: true}\n", target.URL)
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	_, _, stderr := sonde(t, "check", "asked", "-c", path)
	require.Empty(t, stderr, "validate says it")
}
