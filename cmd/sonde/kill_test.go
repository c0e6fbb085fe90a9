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

	"sonde/incident"
	"sonde/notify"
	"sonde/notify/slack/fakeslack"
	"sonde/store"
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

	require.Positive(t, s.toldToTheEnd(t))
	status, _ := s.report(t)
	require.Zero(t, status.Service.Outbox.Dead)
}

// toldToTheEnd fails the test if Slack was told anything twice, if an outage that was told did not end
// in a recovery that was, or if a recovery was told of nothing. It returns how many were told. A
// recovery tells of what opened, too, where that could not be told before it was over.
func (s *scene) toldToTheEnd(t *testing.T) (recoveries int) {
	t.Helper()
	seen := map[string]bool{}
	for _, m := range s.slack.Messages() {
		key := keyOf(t, m)
		require.False(t, seen[key], "told twice: %s", key)
		seen[key] = true
	}
	reader, err := store.OpenReader(t.Context(), strings.TrimSuffix(s.config, ".yaml")+".db")
	require.NoError(t, err)
	defer func() { require.NoError(t, reader.Close()) }()
	posts, err := reader.Outbox(t.Context(), notify.StateSent, notify.StateSuperseded)
	require.NoError(t, err)
	open, unheard := map[incident.ID]bool{}, map[incident.ID]bool{}
	for _, p := range posts {
		told := p.State == notify.StateSent
		require.Equal(t, told, seen[p.Key], "%s is %s", p.Key, p.State)
		if p.Incident <= 0 {
			continue // a storm, which ends when it is calm
		}
		switch about := p.Incident; p.Change {
		case "opened", "reopened":
			require.False(t, open[about], "%s opened twice", p.Key)
			open[about], unheard[about] = told, !told
		case "resolved":
			require.Equal(t, told, open[about] || unheard[about] && told, "%s is %s", p.Key, p.State)
			open[about], unheard[about] = false, false
			if told {
				recoveries++
			}
		}
	}
	for about, still := range open {
		require.False(t, still, "people think that %s is open", about)
	}
	return recoveries
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
