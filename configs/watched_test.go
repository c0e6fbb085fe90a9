package configs_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/configs"
	"sonde/probe"
)

func TestFilesBehindHeadersQueryAndBodyAreReadAnew(t *testing.T) {
	var seen string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body := make([]byte, r.ContentLength)
		_, _ = r.Body.Read(body)
		seen = fmt.Sprintf("%s %s %s", r.URL.RawQuery, r.Header.Get("X-Api-Key"), body)
	}))
	defer server.Close()
	folder := t.TempDir()
	put := func(content string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "new"), []byte(content+"\n"), 0o600))
		require.NoError(t, os.Rename(filepath.Join(folder, "new"), filepath.Join(folder, "key")))
	}
	put("one&1")
	text := `probes: [{name: a, url: "` + server.URL + `/?e=${env:E}&k=${file:key}", method: POST, headers: {x-api-key: "key ${file:key}"}, body: "a=${env:E}&b=${file:key}", notify: []}]`
	config, _, err := configs.Parse(filepath.Join(folder, "sonde.yaml"), []byte(text), configs.Options{Secrets: true, Env: environment(map[string]string{"E": "<e>"})})
	require.NoError(t, err)
	ask := func() string {
		result := new(probe.Runner).Run(t.Context(), config.Probes[0].Target, probe.Manual, time.Now())
		require.Equal(t, probe.OK, result.Verdict.Reason)
		return seen
	}
	require.Equal(t, "e=%3Ce%3E&k=one%261 key one&1 a=<e>&b=one&1", ask())
	put("two&2")
	for seen != "e=%3Ce%3E&k=two%262 key two&2 a=<e>&b=two&2" { // files are looked at every few seconds
		time.Sleep(50 * time.Millisecond)
		ask()
	}
}

func TestWhatStandsInNoFileIsNotLookedAt(t *testing.T) {
	text := `probes: [{name: a, url: "http://127.0.0.1/?k=${env:E}", headers: {x-a: "${env:E}"}, auth: {bearer: "${env:E}"}, notify: []}]`
	config, _, err := configs.Parse("sonde.yaml", []byte(text), configs.Options{Secrets: true, Env: environment(map[string]string{"E": "e"})})
	require.NoError(t, err)
	require.Nil(t, config.Probes[0].Target.Watched)
}
