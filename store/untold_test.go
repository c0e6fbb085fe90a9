package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

func TestALookSaysHowLongMessagesWaitAndHowManyAreInDoubt(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	look := func() Service {
		r, err := OpenReader(t.Context(), path)
		require.NoError(t, err)
		defer func() { require.NoError(t, r.Close()) }()
		snapshot, err := r.Snapshot(t.Context(), t0.Add(time.Hour))
		require.NoError(t, err)
		return snapshot.Service
	}
	require.Zero(t, look().Oldest)
	first, second, gone := about("ops", 1, incident.Opened), about("mail", 2, incident.Opened), about("lost", 3, incident.Opened)
	second.CreatedAt, gone.CreatedAt = t0.Add(time.Minute), t0.Add(-time.Hour)
	post(t, s, first, second, gone)
	c, _ := claim(t, s, "lost", 1)
	settle(t, s, c, dead)
	got := look()
	require.Equal(t, 2, got.Pending)
	require.Equal(t, 1, got.Dead)
	require.Zero(t, got.InDoubt)
	require.Equal(t, t0, got.Oldest, "what was given up does not wait")
	c, _ = claim(t, s, "ops", 1)
	settle(t, s, c, notify.Settlement{State: notify.StatePending, Next: t0.Add(time.Hour), Doubt: notify.Doubt{Since: t0}, Err: "timeout"})
	got = look()
	require.Equal(t, 1, got.InDoubt)
	require.Equal(t, t0, got.Oldest)
	_, err := s.Forward(t.Context(), notify.Forwarding{From: "ops", To: "mail", Why: "timeout", At: t0.Add(2 * time.Minute)})
	require.NoError(t, err)
	for range 2 {
		c, _ = claim(t, s, "mail", 600)
		settle(t, s, c, sent)
	}
	require.Zero(t, look().Oldest, "the fallback has told it")
	require.Equal(t, 1, look().Pending)
}

func TestTheCriticalMessageThatHasWaitedLongestIsFound(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	r, err := OpenReader(t.Context(), path)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	untold := func(second int) time.Time {
		since, err := r.Untold(t.Context(), t0.Add(time.Duration(second)*time.Second))
		require.NoError(t, err)
		return since
	}
	require.True(t, untold(0).IsZero(), "nothing waits")

	warning, later, critical, second := about("ops", 1, incident.Opened), about("ops", 2, incident.Opened), about("ops", 3, incident.Opened), about("mail", 3, incident.Opened)
	warning.Body.Severity = probe.Warning
	for _, m := range []*notify.Message{&later, &critical, &second} {
		m.Body.Severity = probe.Critical
	}
	later.CreatedAt, later.After = t0.Add(-time.Hour), t0.Add(50*time.Second)
	critical.CreatedAt, second.CreatedAt = t0.Add(5*time.Second), t0.Add(7*time.Second)
	post(t, s, warning, later, critical, second)
	require.True(t, untold(4).IsZero(), "a warning, and one that is to be sent later")
	require.Equal(t, critical.CreatedAt, untold(30))

	c, _ := claim(t, s, "ops", 10)
	require.Equal(t, critical.Body.Severity, c.Message.Body.Severity)
	require.Equal(t, critical.CreatedAt, untold(30), "it is being sent")
	settle(t, s, c, notify.Settlement{State: notify.StatePending, Next: t0.Add(time.Hour), Err: "pause"})
	require.Equal(t, critical.CreatedAt, untold(30), "a pause that was asked for is no reason")
	c, _ = claim(t, s, "ops", 4000)
	for c.Message.Incident != 3 {
		settle(t, s, c, sent)
		c, _ = claim(t, s, "ops", 4000)
	}
	settle(t, s, c, dead)
	require.Equal(t, second.CreatedAt, untold(4000), "the other destination")
	c, _ = claim(t, s, "mail", 4000)
	settle(t, s, c, sent)
	require.True(t, untold(4000).IsZero())
}
