package main

import (
	"net/http"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a message tells of the past comes from the store of the service that sends it.
func TestAnAlertSaysWhatWasSeenAndHowItWasBefore(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	service := s.serve(t)
	s.eventually(t, "the probe has been up for a while", func() bool { return s.asked.Load() >= 4 })
	s.status.Store(http.StatusServiceUnavailable)
	s.eventually(t, "the outage is told", func() bool { roots, _ := s.told(); return len(roots) == 1 })
	roots, _ := s.told()
	shown := string(roots[0].Blocks) + string(roots[0].Attachments)
	for _, want := range []string{"`critical`", "HTTP/1.1 503", "*Known already*", "Last good: 200", "last good ", "checks `", "×", "*Check next*", "in the day before 0 of"} {
		require.Contains(t, shown, want)
	}
	s.status.Store(http.StatusOK)
	s.eventually(t, "the recovery is told", func() bool { _, replies := s.told(); return len(replies) == 1 })
	_, replies := s.told()
	shown = string(replies[0].Blocks) + string(replies[0].Attachments)
	for _, want := range []string{"*Now*", "200 in ", "of that this incident: "} {
		require.Contains(t, shown, want)
	}
	require.Equal(t, 0, service.end(syscall.SIGTERM))
}
