package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/report"
)

func TestCheckSaysWhichExpectationWasNotMet(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Powered-By", "PHP/5.3")
		switch r.URL.Path {
		case "/rule":
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"code": "NO_FUNDS"}`)
		case "/moved":
			http.Redirect(w, r, "/elsewhere", http.StatusMovedPermanently)
		default:
			_, _ = io.WriteString(w, `{"status": "degraded", "queue": 7}`)
		}
	}))
	defer target.Close()
	path := filepath.Join(t.TempDir(), "sonde.yaml")
	require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(`
defaults: {notify: []}
probes:
  - {name: header, url: URL/, expect: {headers: {x-powered-by: {absent: true}}}}
  - {name: body, url: URL/, expect: {body: {contains: ready}}}
  - {name: size, url: URL/, expect: {size: {min: 1KiB}}}
  - {name: json, url: URL/, expect: {json: status == "up" && queue < 100}}
  - {name: business, url: URL/rule, expect: {business: body.code == "NO_FUNDS"}}
  - {name: redirect, url: URL/moved, redirects: 0, expect: {redirect: "^https://"}}
`, "URL", target.URL)), 0o600))
	for name, want := range map[string]struct {
		exit         int
		reason, note string
	}{
		"header":   {2, "header_mismatch", `header X-Powered-By is there, and should be absent; it is "PHP/5.3"`},
		"body":     {2, "body_mismatch", `the body does not contain "ready"; it begins "{"status": "degraded", "queue": 7}"`},
		"size":     {2, "body_mismatch", `the body has 34 bytes, and should have at least 1024`},
		"json":     {2, "json_mismatch", `json: status == "up" && queue < 100 is false; status is "degraded", queue is 7`},
		"business": {1, "business_error", `business: body.code == "NO_FUNDS", so no failure of the server; it should answer 4xx, such as 409 or 422, instead of 500`},
		"redirect": {2, "header_mismatch", `Location does not lead to /^https:///; it is "` + target.URL + `/elsewhere"`},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := sonde(t, "check", name, "--json", "-c", path)
			require.Equal(t, want.exit, code, stderr)
			var answer report.Check
			require.NoError(t, json.Unmarshal([]byte(stdout), &answer))
			require.Equal(t, want.reason, answer.Verdict.Reason.String())
			require.Contains(t, answer.Attempts[0].Notes, want.note)
			_, stdout, _ = sonde(t, "check", name, "-c", path)
			require.Contains(t, stdout, want.note)
		})
	}
}
