package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
)

func TestThoseWhoLookSeeWhatWaitsAndWhatWasGivenUp(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	post(t, s, about("ops", 40_001, incident.Opened), about("ops", 40_002, incident.Opened), about("ops", 40_003, incident.Opened), notify.Message{Destination: "ops", CreatedAt: t0})
	first, _ := claim(t, s, "ops", 0)
	settle(t, s, first, sent)
	second, _ := claim(t, s, "ops", 0)
	settle(t, s, second, dead)
	third, _ := claim(t, s, "ops", 0)
	settle(t, s, third, notify.Settlement{State: notify.StatePending, Next: t0.Add(time.Minute), Counted: true, Repeat: true, Err: "busy"})

	r, err := OpenReader(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	all, err := r.Outbox(t.Context(), notify.StatePending, notify.StateSending, notify.StateDead)
	require.NoError(t, err)
	require.Len(t, all, 3)
	require.Equal(t, Post{
		ID: second.Message.ID, Key: second.Message.Key, Destination: "ops", Incident: 40_002, Change: "opened", State: notify.StateDead,
		CreatedAt: t0, SettledAt: t0, Error: "gone",
	}, all[0])
	require.Equal(t, Post{
		ID: third.Message.ID, Key: third.Message.Key, Destination: "ops", Incident: 40_003, Change: "opened", State: notify.StatePending,
		Attempts: 1, Repeat: true, CreatedAt: t0, Next: t0.Add(time.Minute), Error: "busy",
	}, all[1])
	require.Zero(t, all[2].Incident, "what is about no incident is a message, too")
	require.Empty(t, all[2].Change)
	one, err := r.Outbox(t.Context(), notify.StateSent)
	require.NoError(t, err)
	require.Len(t, one, 1)
	require.Equal(t, first.Message.ID, one[0].ID)
}

func TestWhatWasGivenUpIsTriedAgainOrForgotten(t *testing.T) {
	s := open(t, newPath(t))
	for id := incident.ID(40_001); id <= 40_004; id++ {
		post(t, s, about("ops", id, incident.Opened))
	}
	var ids []notify.MessageID
	for _, end := range []notify.Settlement{dead, dead, dead, sent} {
		c, _ := claim(t, s, "ops", 0)
		ids = append(ids, c.Message.ID)
		settle(t, s, c, end)
	}
	alter := func(f func() (int, error), n int) {
		t.Helper()
		altered, err := f()
		require.NoError(t, err)
		require.Equal(t, n, altered)
	}
	alter(func() (int, error) { return s.Retry(t.Context(), ids[0]) }, 1)
	c, _ := claim(t, s, "ops", 0)
	require.Equal(t, ids[0], c.Message.ID)
	require.Zero(t, c.Message.Attempts)
	alter(func() (int, error) { return s.Retry(t.Context(), ids[0]) }, 0) // it is on its way
	alter(func() (int, error) { return s.Drop(t.Context(), ids[0], t0) }, 0)
	settle(t, s, c, notify.Settlement{State: notify.StatePending, Next: t0.Add(time.Hour), Counted: true})
	c, _ = claim(t, s, "ops", 0)
	require.Nil(t, c)
	alter(func() (int, error) { return s.Retry(t.Context(), ids[0]) }, 1)
	c, _ = claim(t, s, "ops", 0)
	require.Equal(t, ids[0], c.Message.ID, "what waits is tried at once")
	settle(t, s, c, sent)

	alter(func() (int, error) { return s.Drop(t.Context(), ids[1], t0) }, 1)
	alter(func() (int, error) { return s.Drop(t.Context(), ids[3], t0) }, 0) // it was sent
	alter(func() (int, error) { return s.Retry(t.Context(), 0) }, 1)
	c, _ = claim(t, s, "ops", 0)
	require.Equal(t, ids[2], c.Message.ID, "all that were given up are what is left of them")
	alter(func() (int, error) { return s.Retry(t.Context(), 0) }, 0)
}
