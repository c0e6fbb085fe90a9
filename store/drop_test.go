package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
)

// drops drops the message with a key.
func drops(t *testing.T, s *Store, key string) {
	t.Helper()
	var id notify.MessageID
	require.NoError(t, s.db.QueryRowContext(t.Context(), "SELECT id FROM outbox WHERE key = ?", key).Scan(&id))
	n, err := s.Drop(t.Context(), id, t0)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

func underKey(key string, id incident.ID, change incident.Change) notify.Message {
	m := about("ops", id, change)
	m.Key = key
	return m
}

// messageState is the state of the message with a key.
func messageState(t *testing.T, s *Store, key string) (state string) {
	t.Helper()
	require.NoError(t, s.db.QueryRowContext(t.Context(), "SELECT state FROM outbox WHERE key = ?", key).Scan(&state))
	return state
}

// tells delivers what comes next, and returns its key and whether it began a conversation.
func tells(t *testing.T, s *Store) (key string, begins bool) {
	t.Helper()
	c, _ := claim(t, s, "ops", 0)
	require.NotNil(t, c)
	if begins = c.Thread.IsZero(); begins {
		c.Thread = notify.Thread{Channel: "C1", Root: "root of " + c.Message.Key}
	}
	settle(t, s, c, notify.Settlement{State: notify.StateSent, Thread: c.Thread})
	return c.Message.Key, begins
}

func TestADroppedMessageIsKeptAndNeverSent(t *testing.T) {
	storm := -incident.ID(t0.UnixMilli())
	for name, tc := range map[string]struct {
		about  incident.ID
		before []string // that are told first
		drop   string
		begins bool // the next one begins the conversation
	}{
		"a first message: the next one begins the conversation": {40_001, nil, "opened", true},
		"a reply: the next one goes on with the conversation":   {40_001, []string{"opened"}, "changed", false},
		"the beginning of a storm":                              {storm, nil, "opened", true},
		"a reminder of a storm":                                 {storm, []string{"opened"}, "changed", false},
	} {
		t.Run(name, func(t *testing.T) {
			path := newPath(t)
			s := open(t, path)
			all := []notify.Message{underKey("opened", tc.about, incident.Opened), underKey("changed", tc.about, incident.Changed)}
			for _, key := range tc.before {
				post(t, s, all[0])
				told, begins := tells(t, s)
				require.Equal(t, key, told)
				require.True(t, begins)
				all = all[1:]
			}
			post(t, s, all[0])
			drops(t, s, tc.drop)
			for _, m := range all { // a repeated commit, and a replay
				post(t, s, m)
			}
			if tc.drop == "opened" {
				drops(t, s, "changed")
			}
			c, next := claim(t, s, "ops", 3600)
			require.Nil(t, c, "it is never sent")
			require.Zero(t, next)
			n, err := s.Retry(t.Context(), 0)
			require.NoError(t, err)
			require.Zero(t, n)
			require.Equal(t, "dropped", messageState(t, s, tc.drop))

			amended := underKey("opened", tc.about, incident.Opened)
			amended.Amends, amended.CreatedAt = true, t0.Add(time.Second)
			post(t, s, amended, underKey("over", tc.about, incident.Resolved))
			told, begins := tells(t, s)
			require.Equal(t, "over", told)
			require.Equal(t, tc.begins, begins)

			r, err := OpenReader(t.Context(), path)
			require.NoError(t, err)
			defer func() { require.NoError(t, r.Close()) }()
			kept, err := r.Outbox(t.Context(), notify.StateDropped)
			require.NoError(t, err)
			snapshot, err := r.Snapshot(t.Context(), t0)
			require.NoError(t, err)
			require.Equal(t, len(kept), snapshot.Service.Dropped, "people see how many there are")
			require.NotZero(t, snapshot.Service.Dropped)
			require.Zero(t, snapshot.Service.Pending)
			require.NoError(t, s.Tidy(t.Context(), t0.AddDate(0, 1, 1)))
			require.Zero(t, count(t, s, "SELECT count(*) FROM outbox WHERE state = 'dropped'"), "for a month")
		})
	}
}

// What was being delivered from memory when it was dropped may have been sent, and then was; but it is
// not tried again.
func TestADroppedMessageIsNotBroughtBackByADeliveryThatFailed(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, underKey("a", 40_001, incident.Opened), underKey("b", 40_002, incident.Opened))
	for key, end := range map[string]notify.Settlement{"a": {State: notify.StatePending, Next: t0.Add(time.Hour)}, "b": sent} {
		drops(t, s, key)
		end.At = t0.Add(time.Second)
		var id notify.MessageID
		require.NoError(t, s.db.QueryRowContext(t.Context(), "SELECT id FROM outbox WHERE key = ?", key).Scan(&id))
		require.NoError(t, s.Settle(t.Context(), id, end))
	}
	require.Equal(t, []string{"dropped", "sent"}, []string{messageState(t, s, "a"), messageState(t, s, "b")})
	require.Equal(t, 1, count(t, s, "SELECT count(*) FROM outbox WHERE state = 'dropped' AND settled_at IS NOT NULL"))
}
