package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// told sends the next message of a destination at a second, in a thread.
func told(t *testing.T, s *Store, second int, thread notify.Thread) notify.Message {
	t.Helper()
	c, _ := claim(t, s, "ops", second)
	require.NotNil(t, c)
	end := notify.Settlement{State: notify.StateSent, Thread: thread, At: t0.Add(time.Duration(second) * time.Second)}
	require.NoError(t, s.Settle(t.Context(), c.Message.ID, end))
	return c.Message
}

// stale is the first message that is to be renewed at a second.
func stale(t *testing.T, s *Store, second int) (*notify.Root, time.Time) {
	t.Helper()
	r, next, err := s.Stale(t.Context(), "ops", t0.Add(time.Duration(second)*time.Second))
	require.NoError(t, err)
	return r, next
}

// renew has the first message show what it should at a second, with a link to it.
func renew(t *testing.T, s *Store, r *notify.Root, second int) {
	t.Helper()
	at := t0.Add(time.Duration(second) * time.Second)
	require.NoError(t, s.Renew(t.Context(), r, notify.Renewal{At: at, Next: at.Add(5 * time.Second), Shown: true, Asked: true, Link: "https://x.example.com/p1"}))
}

var thread1 = notify.Thread{Channel: "C1", Root: "1.0"}

func TestAFirstMessageIsToShowTheLatestChange(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, about("ops", 1, incident.Opened))
	r, next := stale(t, s, 100)
	require.Nil(t, r, "there is none yet")
	require.Zero(t, next)
	opened := told(t, s, 0, thread1)
	r, next = stale(t, s, 4)
	require.Nil(t, r)
	require.Equal(t, t0.Add(5*time.Second), next, "a link is asked for soon")
	r, _ = stale(t, s, 5)
	require.False(t, r.Stale, "it shows what it should")
	require.True(t, r.Linkless)
	require.Equal(t, thread1, r.Thread)
	require.Equal(t, opened.Key, r.Key)
	renew(t, s, r, 5)
	r, next = stale(t, s, 100)
	require.Nil(t, r)
	require.Zero(t, next)

	part := about("ops", 1, incident.Opened)
	part.Body.Part = 2
	post(t, s, part)
	r, _ = stale(t, s, 100)
	require.Nil(t, r, "a part is told in the thread alone")

	post(t, s, about("ops", 1, incident.Escalated))
	post(t, s, about("ops", 1, incident.Changed))
	r, next = stale(t, s, 9)
	require.Nil(t, r, "it was changed just before")
	require.Equal(t, t0.Add(10*time.Second), next)
	r, _ = stale(t, s, 10)
	require.True(t, r.Stale)
	require.Equal(t, incident.Changed, r.Shows.Change, "of several changes, the latest")
	require.Equal(t, opened.Key, r.Key)

	post(t, s, about("ops", 1, incident.Resolved))
	renew(t, s, r, 10)
	r, _ = stale(t, s, 10)
	require.Equal(t, incident.Resolved, r.Shows.Change, "an end does not wait")
	renew(t, s, r, 10)
	post(t, s, about("ops", 1, incident.Reopened))
	r, _ = stale(t, s, 15)
	require.Equal(t, incident.Reopened, r.Shows.Change, "a relapse is shown by the same message")
	require.Equal(t, thread1, r.Thread)
}

func TestAFirstMessageThatSomebodyDeletedIsReplaced(t *testing.T) {
	s := open(t, newPath(t))
	opening := about("ops", 1, incident.Opened)
	opening.Body.Probe, opening.Body.Severity = "checkout", probe.Critical
	post(t, s, opening)
	told(t, s, 0, thread1)
	change := about("ops", 1, incident.Changed)
	change.Body.Probe = "checkout"
	post(t, s, change)
	told(t, s, 1, thread1)
	r, _ := stale(t, s, 5)
	gone := notify.Renewal{At: t0.Add(6 * time.Second), Next: t0.Add(time.Minute), Gone: true}
	require.NoError(t, s.Renew(t.Context(), r, gone))
	require.NoError(t, s.Renew(t.Context(), r, gone), "it is replaced once")
	c, _ := claim(t, s, "ops", 6)
	require.Equal(t, "again:ops:"+r.Shows.Key, c.Message.Key)
	require.True(t, c.Message.Body.Continued)
	require.Equal(t, "checkout", c.Message.Body.Probe)
	require.Zero(t, c.Thread)
	settle(t, s, c, notify.Settlement{State: notify.StateSent, Thread: notify.Thread{Channel: "C1", Root: "2.0"}})
	c, _ = claim(t, s, "ops", 100)
	require.Nil(t, c)

	post(t, s, about("ops", 1, incident.Resolved))
	told(t, s, 10, notify.Thread{Channel: "C1", Root: "2.0"})
	r, _ = stale(t, s, 10)
	require.Equal(t, "2.0", r.Thread.Root)
	require.NoError(t, s.Renew(t.Context(), r, gone))
	c, _ = claim(t, s, "ops", 100)
	require.Nil(t, c, "nobody misses that of an incident that is over")
	r, _ = stale(t, s, 100)
	require.Nil(t, r)
}

func TestAReplyThatBecameTheFirstMessageShowsItself(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, about("ops", 1, incident.Opened))
	told(t, s, 0, thread1)
	post(t, s, about("ops", 1, incident.Escalated))
	reply := told(t, s, 1, notify.Thread{Channel: "C1", Root: "3.0"})
	r, _ := stale(t, s, 6)
	require.False(t, r.Stale)
	require.Equal(t, reply.Key, r.Key)
	require.Equal(t, "3.0", r.Thread.Root)
	require.NoError(t, s.Renew(t.Context(), &notify.Root{Destination: "ops", Incident: 1, Thread: thread1, Want: 7}, notify.Renewal{At: t0, Next: t0, Shown: true}))
	post(t, s, about("ops", 1, incident.Changed))
	r, _ = stale(t, s, 6)
	require.Equal(t, incident.Changed, r.Shows.Change)
}

func TestWhatAFirstMessageShouldShowMayBeForgotten(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, about("ops", 1, incident.Opened))
	told(t, s, 0, thread1)
	post(t, s, about("ops", 1, incident.Changed))
	_, err := s.db.ExecContext(t.Context(), "DELETE FROM outbox")
	require.NoError(t, err)
	r, _ := stale(t, s, 5)
	require.True(t, r.Stale)
	require.Zero(t, r.Shows.ID)
	require.Empty(t, r.Key)
	renew(t, s, r, 5)
	r, _ = stale(t, s, 100)
	require.Nil(t, r)
	post(t, s, about("ops", 1, incident.Changed))
	r, _ = stale(t, s, 100)
	require.Equal(t, incident.Changed, r.Shows.Change, "ids are never given again")
}

func TestAConversationOfAnOlderReleaseIsLeftAsItIsUntilSomethingHappens(t *testing.T) {
	s := open(t, newPath(t))
	_, err := s.db.ExecContext(t.Context(), "INSERT INTO threads(incident, destination, channel, root) VALUES (1, 'ops', 'C1', '1.0')")
	require.NoError(t, err)
	r, next := stale(t, s, 100)
	require.Nil(t, r)
	require.Zero(t, next)
	post(t, s, about("ops", 1, incident.Resolved))
	require.Zero(t, count(t, s, "SELECT count(*) FROM outbox WHERE json_extract(body, '$.Late')"))
	r, _ = stale(t, s, 0)
	require.Equal(t, incident.Resolved, r.Shows.Change)
	require.Equal(t, thread1, r.Thread)
}

func TestWhatCannotBeToldIsToldElsewhereOnce(t *testing.T) {
	s := open(t, newPath(t))
	critical := about("ops", 1, incident.Opened)
	critical.Body.Severity = probe.Critical
	both := about("ops", 3, incident.Opened)
	post(t, s, critical, about("ops", 2, incident.Opened), both, about("backup", 3, incident.Opened))
	f := notify.Forwarding{From: "ops", To: "backup", Why: "is_archived", Critical: true, At: t0}
	n, err := s.Forward(t.Context(), f)
	require.NoError(t, err)
	require.Equal(t, 1, n, "what is critical first")
	f.Critical = false
	n, err = s.Forward(t.Context(), f)
	require.NoError(t, err)
	require.Equal(t, 1, n, "then the rest, but for what is told there anyway")
	n, err = s.Forward(t.Context(), f)
	require.NoError(t, err)
	require.Zero(t, n)
	require.Equal(t, 3, count(t, s, "SELECT count(*) FROM outbox WHERE destination = 'ops' AND state = 'pending'"), "they wait for their own destination, too")
	var told []notify.Message
	for range 3 {
		c, _ := claim(t, s, "backup", 0)
		told = append(told, c.Message)
		settle(t, s, c, notify.Settlement{State: notify.StateSent, Thread: notify.Thread{Channel: "C2", Root: c.Message.Key}})
	}
	require.Equal(t, "fallback:backup:ops:1:0", told[0].Key)
	require.Equal(t, notify.Instead{Of: "ops", Why: "is_archived"}, told[0].Body.Instead)
	require.Zero(t, told[1].Body.Instead, "this one is its own")

	post(t, s, about("ops", 1, incident.Resolved))
	require.Equal(t, 1, count(t, s, "SELECT count(*) FROM outbox WHERE destination = 'ops' AND change = 'resolved' AND json_extract(body, '$.Late')"))
	n, err = s.Forward(t.Context(), f)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	c, _ := claim(t, s, "backup", 0)
	require.Equal(t, incident.Resolved, c.Message.Change)
	require.False(t, c.Message.Body.Late, "there it is no news that it was open")
	require.Equal(t, "fallback:backup:ops:1:0", c.Thread.Root, "it is told in the same thread")
}
