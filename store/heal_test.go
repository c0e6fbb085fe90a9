package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
)

// fill makes the database full: it may not grow by a page any more, and has none to spare.
func fill(t *testing.T, s *Store) {
	t.Helper()
	var pages int
	require.NoError(t, s.db.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages))
	_, err := s.db.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	require.NoError(t, err)
}

func makeRoom(t *testing.T, s *Store) {
	t.Helper()
	_, err := s.db.ExecContext(t.Context(), "PRAGMA max_page_count = 1000000")
	require.NoError(t, err)
}

// big is a message that needs pages of its own.
func big(key string, id incident.ID) notify.Message {
	m := about("ops", id, incident.Opened)
	m.Key, m.Body.Runbook = key, string(make([]byte, 100_000))
	return m
}

func TestAFullDatabaseRefusesAndTheSameCommitSucceedsLater(t *testing.T) {
	s := open(t, newPath(t))
	fill(t, s)
	b := &Batch{At: t0, Messages: []notify.Message{big("k", 7)}}
	require.True(t, Full(s.Commit(t.Context(), b)))
	require.Zero(t, count(t, s, "SELECT count(*) FROM outbox"), "all or nothing")
	makeRoom(t, s)
	require.NoError(t, s.Commit(t.Context(), b))
	require.Equal(t, 1, count(t, s, "SELECT count(*) FROM outbox"))
}

func TestAMessageThatWasDeliveredFromMemoryIsStoredAsSentWithItsThread(t *testing.T) {
	s := open(t, newPath(t))
	m, later := about("ops", 7, incident.Opened), about("ops", 7, incident.Resolved)
	m.Key, later.Key = "k", "l"
	require.NoError(t, s.Commit(t.Context(), &Batch{At: t0, Messages: []notify.Message{m, later}, Delivered: map[string]notify.Delivery{
		"k": {Settlement: notify.Settlement{State: notify.StateSent, Thread: notify.Thread{Channel: "C", Root: "1"}, At: t0}},
		"l": {Settlement: notify.Settlement{State: notify.StatePending, Repeat: true}, Attempts: 3},
	}}))
	c, _ := claim(t, s, "ops", 0)
	require.Equal(t, "l", c.Message.Key)
	require.Equal(t, 3, c.Message.Attempts)
	require.True(t, c.Message.Repeat)
	require.Equal(t, notify.Thread{Channel: "C", Root: "1"}, c.Thread)
}

func TestLookingWritesNothingAndSeesWhatWaits(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, about("ops", 7, incident.Opened), about("ops", 7, incident.Changed), about("dev", 8, incident.Opened))
	c, _ := claim(t, s, "ops", 0)
	settle(t, s, c, notify.Settlement{State: notify.StateSent, Thread: notify.Thread{Channel: "C", Root: "1"}})
	view, err := s.Look(t.Context(), "ops", nil)
	require.NoError(t, err)
	require.Len(t, view.Waiting, 1)
	require.Equal(t, incident.Changed, view.Waiting[0].Message.Change)
	require.Equal(t, map[incident.ID]notify.Thread{7: {Channel: "C", Root: "1"}}, view.Threads)
}

func TestTheBallastMakesRoomOnceAndComesBack(t *testing.T) {
	s := open(t, newPath(t))
	pruned := 0
	s.KeepBallast(1<<20, 1, func(ctx context.Context, now time.Time) error { pruned++; return s.Tidy(ctx, now) })
	require.NoError(t, s.Upkeep(t.Context(), t0))
	info, err := os.Stat(s.ballastPath())
	require.NoError(t, err)
	require.EqualValues(t, 1<<20, info.Size())
	require.Zero(t, pruned)
	fill(t, s)
	require.True(t, Full(s.Commit(t.Context(), &Batch{At: t0, Messages: []notify.Message{big("k", 7)}})))
	require.NoFileExists(t, s.ballastPath())
	makeRoom(t, s)
	require.NoError(t, s.Upkeep(t.Context(), t0))
	require.Equal(t, 1, pruned)
	require.FileExists(t, s.ballastPath())
	require.NoError(t, s.Upkeep(t.Context(), t0))
	require.Equal(t, 1, pruned, "once is enough")
}

func TestWhereThereIsNoRoomThereIsNoBallast(t *testing.T) {
	s := open(t, newPath(t))
	s.KeepBallast(1<<20, 1<<60, nil)
	room, err := s.Room()
	require.NoError(t, err)
	s.ballast.size = room.Free - room.Total/10 + 1<<30
	require.NoError(t, s.Upkeep(t.Context(), t0))
	require.NoFileExists(t, s.ballastPath())
}

func TestADatabaseIsOpenedAgainWhileOthersUseIt(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, about("ops", 7, incident.Opened))
	var users sync.WaitGroup
	for range 4 {
		users.Go(func() {
			for range 50 {
				_, _, err := s.Claim(t.Context(), "ops", t0.Add(-time.Hour))
				if err != nil {
					t.Errorf("claim: %v", err)
				}
			}
		})
	}
	old := s.db
	require.ErrorIs(t, s.reopen(t.Context(), old, sql.ErrConnDone), sql.ErrConnDone, "the change is to be made again")
	require.NotSame(t, old, s.db)
	fresh := s.db
	require.Error(t, s.reopen(t.Context(), old, sql.ErrConnDone))
	require.Error(t, s.reopen(t.Context(), fresh, sql.ErrConnDone))
	require.Same(t, fresh, s.db, "not twice within ten seconds")
	users.Wait()
	require.NoError(t, verify(t.Context(), s.db))
}

func TestADatabaseThatIsFoundDamagedWhenItIsOpenedAgainIsGivenUp(t *testing.T) {
	s := open(t, newPath(t))
	_, err := s.db.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)")
	require.NoError(t, err)
	spoil(t, s.path)
	var fatal *FatalError
	err = s.reopen(t.Context(), s.db, sql.ErrConnDone)
	require.ErrorAs(t, err, &fatal)
	require.ErrorAs(t, err, new(*DamagedError))
	require.FileExists(t, s.path+".suspect", "the next start looks closer")
}

func TestTheThirdReopeningWithinTenMinutesIsTheLast(t *testing.T) {
	s := open(t, newPath(t))
	now := time.Now()
	s.opened = []time.Time{now.Add(-11 * time.Minute), now.Add(-9 * time.Minute)}
	require.Error(t, s.reopen(t.Context(), s.db, sql.ErrConnDone))
	require.NoError(t, s.fatal(), "one is too old to count")
	s.opened[1] = now.Add(-11 * time.Second)
	var fatal *FatalError
	require.ErrorAs(t, s.reopen(t.Context(), s.db, sql.ErrConnDone), &fatal)
	require.ErrorIs(t, <-s.Broken(), sql.ErrConnDone)
	require.ErrorAs(t, s.Commit(t.Context(), &Batch{At: t0}), &fatal, "nothing is written any more")
}

func TestDamageAtRunTimeEndsTheServiceAndLeavesANote(t *testing.T) {
	s := open(t, newPath(t))
	var fatal *FatalError
	_, err := s.db.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)")
	require.NoError(t, err)
	require.NoError(t, s.db.Close())
	spoil(t, s.path)
	s.db, err = openWriter(s.path)
	require.NoError(t, err)
	err = s.Commit(t.Context(), &Batch{At: t0, Messages: []notify.Message{big("k", 7)}})
	require.ErrorAs(t, err, &fatal)
	require.FileExists(t, s.path+".suspect")
}

// spoil writes noise over all pages but the first.
func spoil(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	for i := pageOf(content); i < len(content); i++ {
		content[i] = byte(i*7 + 3)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.Write(content)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

func TestABatchThatBreaksAConstraintForGoodIsNotTriedForEver(t *testing.T) {
	s := open(t, newPath(t))
	m := about("ops", 7, incident.Opened)
	m.Key = "k"
	b := &Batch{Seq: 3, At: t0, Messages: []notify.Message{m}, Delivered: map[string]notify.Delivery{"k": {Settlement: notify.Settlement{State: notify.StateSent}}}}
	_, err := s.db.ExecContext(t.Context(), "CREATE TRIGGER refuse BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'refused'); END")
	require.NoError(t, err)
	var fatal *FatalError
	for range 2 {
		err := s.Commit(t.Context(), b)
		require.Error(t, err)
		require.NotErrorAs(t, err, &fatal)
	}
	require.ErrorAs(t, s.Commit(t.Context(), b), &fatal)
	require.ErrorContains(t, fatal, "batch 3 of")
	require.ErrorContains(t, fatal, "message k")
	require.Zero(t, count(t, s, "SELECT count(*) FROM outbox"), "no part of it is stored")
}
