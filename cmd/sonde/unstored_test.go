package main

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/notify/slack"
	"sonde/notify/slack/fakeslack"
	"sonde/probe"
	"sonde/record"
	"sonde/store"
	"sonde/text"
)

// A message whose claim cannot be written is told all the same, once, as a possible
// repeat; and when the database can be written again, it is not told again.
func TestAClaimThatCannotBeWrittenIsToldOnceBySlack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sonde.db")
	db, err := store.Open(t.Context(), path, "", "here")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	server, err := fakeslack.Start()
	require.NoError(t, err)
	defer server.Close()
	other, err := sql.Open("sqlite", "file:"+path+"?_busy_timeout=5000")
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close()) }()
	change := func(script string) {
		_, err := other.ExecContext(t.Context(), script)
		require.NoError(t, err)
	}
	var dispatcher *notify.Dispatcher
	deliver := func() (stop func()) {
		sender, err := slack.New(slack.Config{Name: "ops", Token: text.NewSecret(fakeslack.Token), Channel: "C0OPS", APIURL: server.URL()})
		require.NoError(t, err)
		dispatcher = notify.NewDispatcher(notify.NewRelay(db), map[string]notify.Sender{"ops": sender}, newLogger(t.Output()))
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = dispatcher.Run(ctx) })
		return func() { cancel(); running.Wait() }
	}
	require.NoError(t, db.Announce(t.Context(), &store.Loss{At: time.Now()}, []string{"ops"}, "here"))
	change("CREATE TRIGGER refuse BEFORE UPDATE ON outbox BEGIN SELECT RAISE(ABORT, 'refused'); END")
	stop := deliver()
	brief, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	messages := server.Await(brief, 1)
	require.Len(t, messages, 1)
	require.Contains(t, messages[0].Text, "possible repeat")
	dispatcher.Wake("ops")
	<-time.After(time.Second)
	require.Len(t, server.Messages(), 1)

	change("DROP TRIGGER refuse")
	dispatcher.Wake("ops")
	require.Eventually(t, func() bool {
		var state string
		return other.QueryRowContext(t.Context(), "SELECT state FROM outbox").Scan(&state) == nil && state == "sent"
	}, 20*time.Second, 20*time.Millisecond)
	stop()
	stop = deliver() // as after a restart
	<-time.After(500 * time.Millisecond)
	stop()
	require.Len(t, server.Messages(), 1, "once")
}

// refusing is a database that cannot be written.
type refusing struct{}

func (refusing) Commit(context.Context, *store.Batch) error { return errors.New("refused") }

func TestRoomIsLookedForAfterACommitThatFailed(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "sonde.db"), "", "here")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	probes := []store.Probe{{ID: 1, Policy: &incident.Policy{}}}
	recorder := record.New(record.Options{
		Log: refusing{}, Memory: store.NewMemory(), Probes: probes, Logger: newLogger(t.Output()),
		Recheck: func(probe.ID, time.Time) {}, Told: func(string) {}, Published: func([]store.Entry) {},
	})
	relay := notify.NewRelay(db)
	s := &service{log: newLogger(t.Output()), store: db, recorder: recorder, relay: relay, dispatcher: notify.NewDispatcher(relay, nil, newLogger(t.Output()))}
	left, err := db.Room()
	require.NoError(t, err)
	s.room.turn(!short(left), time.Now()) // what was seen before is wrong by now
	s.watchStorage(t.Context())
	require.NotEqual(t, short(left), s.room.low, "no commit has failed: nobody looks")
	recorder.Start()
	recorder.Skip(1, time.Now(), time.Now(), probe.ProberOverload)
	require.Eventually(t, func() bool { return recorder.Stats().Failures > 0 }, 10*time.Second, time.Millisecond)
	s.watchStorage(t.Context())
	require.Equal(t, short(left), s.room.low)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, recorder.Stop(ctx))
}

func TestWhatIsNotStoredIsNotedUntilItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sonde.db")
	open := func() *store.Store {
		db, err := store.Open(t.Context(), path, "", "here")
		require.NoError(t, err)
		return db
	}
	now := time.Now()
	messages := []notify.Message{{Key: "k", Destination: "ops", Incident: incident.FirstID + 7}}
	db := open()
	u := newUnstored(notify.NewRelay(db), db, now)
	require.True(t, u.doubt.IsZero())
	u.Strand(messages)
	require.NoError(t, db.Close(), "it was given up")

	db = open()
	u = newUnstored(notify.NewRelay(db), db, now)
	require.Equal(t, now.Add(time.Hour), u.doubt)
	_, memory, err := db.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, incident.FirstID+8, memory.IDs.Next, "its number is not given again")
	u.Committed(nil)
	require.NoError(t, db.Close())

	db = open()
	require.True(t, db.Doubtful(), "for an hour")
	u = newUnstored(notify.NewRelay(db), db, now.Add(-2*time.Hour))
	u.Committed(nil)
	require.NoError(t, db.Close())
	db = open()
	require.False(t, db.Doubtful())
	require.NoError(t, db.Close())
}
