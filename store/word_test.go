package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
)

// keyed is a message with the key that [notify.Plan] gives it.
func keyed(destination string, of, under incident.ID, change incident.Change) notify.Message {
	m := about(destination, under, change)
	m.Key = of.String() + ":" + destination + ":" + change.String() + ":0"
	return m
}

// words is what is known of an incident, by destination.
func words(t *testing.T, path string, id incident.ID) map[string]*Word {
	t.Helper()
	r, err := OpenReader(t.Context(), path)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	all, err := r.Words(t.Context(), id)
	require.NoError(t, err)
	return all
}

func TestWhatBecameOfAnOpeningIsKnownByDestination(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	const id, larger = incident.FirstID, incident.FirstID + 1
	require.Empty(t, words(t, path, id))
	post(t, s, keyed("ops", id, id, incident.Opened), keyed("mail", id, id, incident.Opened), keyed("gone", id, id, incident.Opened),
		keyed("hook", id, larger, incident.Opened), keyed("ops", larger, larger, incident.Opened), keyed("ops", id, id, incident.Reminded))
	c, _ := claim(t, s, "ops", 1)
	settle(t, s, c, sent)
	c, _ = claim(t, s, "gone", 1)
	settle(t, s, c, dead)
	c, _ = claim(t, s, "hook", 1)
	settle(t, s, c, sent)

	all := words(t, path, id)
	require.Len(t, all, 4)
	require.Equal(t, notify.StateSent, all["ops"].Opening.State, "the reminder that waits is another matter")
	require.Equal(t, t0, all["ops"].Opening.SettledAt)
	require.Equal(t, notify.StatePending, all["mail"].Opening.State)
	require.Empty(t, all["mail"].Failing)
	require.Equal(t, notify.StateDead, all["gone"].Opening.State)
	require.Equal(t, "gone", all["gone"].Opening.Error)
	require.Equal(t, notify.StateSent, all["hook"].Opening.State, "it was told as a part of another")
	require.Len(t, words(t, path, larger), 1)

	c, _ = claim(t, s, "mail", 1)
	settle(t, s, c, notify.Settlement{State: notify.StatePending, Next: t0.Add(time.Minute), Err: "no route to host"})
	later := keyed("mail", larger, larger, incident.Opened)
	post(t, s, later)
	require.Equal(t, "no route to host", words(t, path, larger)["mail"].Failing, "it waits for the one before")
	_, err := s.Forward(t.Context(), notify.Forwarding{From: "mail", To: "ops", Why: "no route to host", At: t0})
	require.NoError(t, err)
	require.True(t, words(t, path, id)["mail"].Elsewhere)
}

func TestWhatIsToldByAFallbackIsKnownWhereItIsTold(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	const id = incident.FirstID
	post(t, s, keyed("ops", id, id, incident.Opened))
	n, err := s.Forward(t.Context(), notify.Forwarding{From: "ops", To: "backup", Why: "is_archived", At: t0})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	all := words(t, path, id)
	require.Equal(t, "ops", all["backup"].For)
	require.Empty(t, all["ops"].For)
	require.True(t, all["ops"].Elsewhere)
}

func TestWhatADestinationHearsOfOtherwiseIsKnown(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	const id, storm = incident.FirstID, notify.StormID(1700000000000)
	gust := about("ops", incident.ID(-storm), incident.Opened)
	gust.Key = storm.Key("ops")
	require.NoError(t, s.Commit(t.Context(), &Batch{At: t0, Messages: []notify.Message{gust}, Tact: notify.Changes{
		Paces: map[string]*notify.Pace{}, Kept: map[notify.KeptKey]*notify.Kept{
			{Destination: "ops", Incident: id}:   {Storm: storm, Change: incident.Opened},
			{Destination: "night", Incident: id}: {Change: incident.Opened},
		},
	}}))
	all := words(t, path, id)
	require.Len(t, all, 2)
	require.Nil(t, all["night"].Opening)
	require.Zero(t, all["night"].Kept.Storm)
	require.Equal(t, storm, all["ops"].Kept.Storm)
	require.Equal(t, notify.StatePending, all["ops"].Gust.State)
	c, _ := claim(t, s, "ops", 1)
	settle(t, s, c, sent)
	require.Equal(t, notify.StateSent, words(t, path, id)["ops"].Gust.State)
}

func TestOnlyWhatCameInThePlaceOfAnotherIsPassedOn(t *testing.T) {
	s := open(t, newPath(t))
	const id = incident.FirstID
	post(t, s, keyed("ops", id, id, incident.Opened), keyed("backup", id+1, id+1, incident.Opened))
	pass := func(f notify.Forwarding) int {
		f.At = t0
		n, err := s.Forward(t.Context(), f)
		require.NoError(t, err)
		return n
	}
	require.Equal(t, 1, pass(notify.Forwarding{From: "ops", To: "backup", Why: "is_archived"}))
	require.Zero(t, pass(notify.Forwarding{From: "backup", Of: "others", To: "mail", Why: "invalid_auth"}))
	require.Equal(t, 1, pass(notify.Forwarding{From: "backup", Of: "ops", To: "mail", Why: "invalid_auth"}), "what is its own waits there")
	c, _ := claim(t, s, "mail", 1)
	require.Equal(t, notify.Instead{Of: "ops", Why: "is_archived"}, c.Message.Body.Instead, "where it was to be told at first")
	require.Zero(t, pass(notify.Forwarding{From: "backup", Of: "ops", To: "mail", Why: "invalid_auth"}), "once")
}
