//go:build faults

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/notify"
	"sonde/notify/slack/fakeslack"
	"sonde/store"
)

// A hundred kills of the real program, of two services fifty each, while outages come and go: at random
// moments, when Slack has just taken a message, and when it has taken one whose answer never came. Every
// message is told exactly once: what Slack had taken when we died is found there again.
func TestAHundredKillsDuringAlertsLoseNoneAndDoubleNone(t *testing.T) {
	t.Parallel()
	for _, service := range []uint64{1, 2} {
		t.Run(fmt.Sprintf("service %d", service), func(t *testing.T) {
			t.Parallel()
			killDuringAlerts(t, uint64(time.Now().UnixNano())+service)
		})
	}
}

func killDuringAlerts(t *testing.T, seed uint64) {
	const kills = 50
	s := newScene(t)
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 2))
	unanswered := 0
	for range kills {
		p := s.serve(t)
		if chance.IntN(3) > 0 {
			s.status.Store(http.StatusOK + http.StatusServiceUnavailable - s.status.Load())
		}
		if chance.IntN(3) == 0 {
			unanswered++
			s.slack.Fail(fakeslack.Fault{Method: "chat.postMessage", Accept: true, Hang: true, Count: 1})
		}
		wait, enough := context.WithTimeout(t.Context(), time.Duration(200+chance.IntN(4000))*time.Millisecond)
		if chance.IntN(2) == 0 {
			s.slack.Await(wait, len(s.slack.Messages())+1)
		} else {
			<-wait.Done()
		}
		enough()
		p.kill()
	}
	s.slack.Heal()
	last := s.serve(t)
	s.status.Store(http.StatusServiceUnavailable)
	s.eventually(t, "the last outage is open", func() bool { status, _ := s.report(t); return status.Summary.Down == 1 })
	s.status.Store(http.StatusOK)
	s.eventually(t, "all is well", func() bool { status, _ := s.report(t); return status.Summary.Up == 1 })
	require.Eventually(t, func() bool {
		status, _ := s.report(t)
		return status.Service.Outbox.Pending == 0
	}, 3*time.Minute, 200*time.Millisecond, "everything is told")
	require.Equal(t, 0, last.end(syscall.SIGTERM))

	told := map[string]int{}
	for _, m := range s.slack.Messages() {
		told[keyOf(t, m)]++
		require.NotContains(t, m.Text, "possible repeat", "whether it got through is known")
	}
	reader, err := store.OpenReader(t.Context(), strings.TrimSuffix(s.config, ".yaml")+".db")
	require.NoError(t, err)
	defer func() { require.NoError(t, reader.Close()) }()
	all, err := reader.Outbox(t.Context(), notify.StatePending, notify.StateSending, notify.StateSent, notify.StateDead, notify.StateSuperseded)
	require.NoError(t, err)
	sent := 0
	for _, p := range all {
		require.Contains(t, []notify.State{notify.StateSent, notify.StateSuperseded}, p.State, "%+v", p)
		want := 0
		if p.State == notify.StateSent {
			want, sent = 1, sent+1
		}
		require.Equal(t, want, told[p.Key], "%s, which is %s", p.Key, p.State)
		delete(told, p.Key)
	}
	require.Empty(t, told, "nothing was told that is not known")
	t.Logf("%d kills, %d answers that never came, %d messages told once, %d that a later one said", kills, unanswered, sent, len(all)-sent)
}
