package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

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
