package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/report"
)

// Whoever wonders why a channel is silent is told where an incident was told, and where it waits.
func TestAnIncidentSaysWhereItWasToldAndWhereItWaits(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	closed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }))
	defer closed.Close()
	written, err := os.ReadFile(s.config)
	require.NoError(t, err)
	config := strings.Replace(string(written), "}}\ndefaults:", "}}\n  broken: {webhook: {url: \""+closed.URL+"\"}}\ndefaults:", 1)
	s.write(t, strings.Replace(config, "notify: [ops]", "notify: [ops, broken]", 1))
	p := s.serve(t)
	id := s.down(t)
	var story report.Story
	s.eventually(t, "one destination was told and the other was not", func() bool {
		_, stdout, _ := s.answered(t, "incidents", id, "--json")
		require.NoError(t, json.Unmarshal([]byte(stdout), &story))
		return len(story.Destinations) == 2 && story.Destinations[0].Error != "" && story.Destinations[1].State == "told" && story.Destinations[1].Link != ""
	})
	require.Equal(t, "broken", story.Destinations[0].Destination)
	require.Equal(t, "waits", story.Destinations[0].State)
	require.Equal(t, "destination", story.Destinations[0].Why)
	require.Equal(t, "ops", story.Destinations[1].Destination)
	require.NotNil(t, story.Destinations[1].At)
	_, text, _ := s.answered(t, "incidents", "--open")
	require.Contains(t, text, "\n"+id+" waits: broken (the destination does not take it, again at ")
	_, text, _ = s.answered(t, "incidents", id)
	require.Regexp(t, `(?m)^  told +ops `, text)
	require.Zero(t, p.end(syscall.SIGTERM))
}
