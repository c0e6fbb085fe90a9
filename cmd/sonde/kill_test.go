package main

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/notify/slack/fakeslack"
)

// The service is killed again and again, at any moment of outages that come and go. At
// the end every outage has been told and every recovery too, and nothing twice.
func TestKilledAgainAndAgainNothingIsLost(t *testing.T) {
	t.Parallel()
	const kills = 12
	s := newScene(t)
	chance := rand.New(rand.NewPCG(1, 2))
	for range kills {
		p := s.serve(t)
		if chance.IntN(3) > 0 {
			s.status.Store(http.StatusOK + http.StatusServiceUnavailable - s.status.Load())
		}
		wait := time.After(time.Duration(200+chance.IntN(3500)) * time.Millisecond)
		<-wait
		p.kill()
	}
	last := s.serve(t)
	s.status.Store(http.StatusServiceUnavailable)
	s.eventually(t, "the last outage is open", func() bool { status, _ := s.report(t); return status.Summary.Down == 1 })
	s.status.Store(http.StatusOK)
	s.eventually(t, "all is well", func() bool { status, _ := s.report(t); return status.Summary.Up == 1 })
	s.settled(t)
	require.Equal(t, 0, last.end(syscall.SIGTERM))

	openings, recoveries := s.toldOnce(t)
	require.Positive(t, openings)
	require.Equal(t, openings, recoveries, "every outage that was told ended in a recovery that was told")
	status, _ := s.report(t)
	require.Zero(t, status.Service.Outbox.Dead)
}

// toldOnce counts what Slack was told, and fails if a message came twice. What one late message
// says of a whole outage counts as neither.
func (s *scene) toldOnce(t *testing.T) (openings, recoveries int) {
	t.Helper()
	seen := map[string]bool{}
	for _, m := range s.slack.Messages() {
		key := keyOf(t, m)
		require.False(t, seen[key], "told twice: %s", key)
		seen[key] = true
		switch {
		case strings.Contains(key, ":opened:"), strings.Contains(key, ":reopened:"):
			openings++
		case strings.Contains(key, ":resolved:") && m.ThreadTS != "": // else it tells of the opening, too
			recoveries++
		}
	}
	return openings, recoveries
}

// keyOf is the key under which a message stands in the outbox.
func keyOf(t *testing.T, m fakeslack.Message) string {
	t.Helper()
	var metadata struct {
		Payload struct {
			Key string `json:"dedupe_key"`
		} `json:"event_payload"`
	}
	require.NoError(t, json.Unmarshal(m.Metadata, &metadata))
	require.NotEmpty(t, metadata.Payload.Key)
	return metadata.Payload.Key
}
