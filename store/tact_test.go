package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

func TestHowPeopleAreToldIsCommittedWithWhatTheyAreTold(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	member := notify.Member{
		Incident: 40_000, About: 7, At: t0, Since: t0.Add(-time.Minute), Probe: "checkout", Group: "shop", Host: "x.example.com", Parents: []string{"db"},
		Kind: probe.KindDown, Severity: probe.Critical, Reason: probe.ServerError, Status: 503,
	}
	pace := notify.Pace{
		Openings: []notify.Member{member}, Mentions: []time.Time{t0},
		Storms: []notify.Storm{{ID: 5, Began: t0, Last: t0, Busy: t0, Calm: true, Over: true, Shown: t0, Affected: 3, Failing: 2, Reminded: t0, Uncalled: true}},
	}
	kept := notify.Kept{Destination: "ops", Incident: 40_000, Storm: 5, Own: true, Over: true, Change: incident.Reopened, Recovered: t0, Member: member}
	changes := notify.Changes{
		Paces: map[string]*notify.Pace{"ops": &pace, "gone": nil},
		Kept:  map[notify.KeptKey]*notify.Kept{{Destination: "ops", Incident: 40_000}: &kept, {Destination: "ops", Incident: 40_001}: nil},
	}
	for range 2 { // a commit may be repeated
		require.NoError(t, s.Commit(t.Context(), &Batch{At: t0, Tact: changes}))
		paces, rows, err := s.Tact(t.Context())
		require.NoError(t, err)
		require.Equal(t, map[string]*notify.Pace{"ops": &pace}, paces)
		require.Equal(t, []notify.Kept{kept}, rows)
	}
	require.NoError(t, s.Commit(t.Context(), &Batch{At: t0, Tact: notify.Changes{
		Paces: map[string]*notify.Pace{"ops": nil}, Kept: map[notify.KeptKey]*notify.Kept{{Destination: "ops", Incident: 40_000}: nil},
	}}))
	paces, rows, err := s.Tact(t.Context())
	require.NoError(t, err)
	require.Empty(t, paces)
	require.Empty(t, rows)
}

func TestAMessageMayWaitAndSaySomethingElseUntilItIsSent(t *testing.T) {
	s := open(t, newPath(t))
	m := notify.Message{Key: "storm:1:ops", Destination: "ops", Incident: -1, Change: incident.Opened, CreatedAt: t0, After: t0.Add(5 * time.Second)}
	m.Body.Storm = &notify.StormFacts{Affected: 6}
	more := m
	more.Amends, more.Body.Storm = true, &notify.StormFacts{Affected: 500}
	post(t, s, m)
	c, next := claim(t, s, "ops", 0)
	require.Nil(t, c)
	require.Equal(t, m.After, next)
	post(t, s, more)
	c, _ = claim(t, s, "ops", 5)
	require.Equal(t, 500, c.Message.Body.Storm.Affected)
	settle(t, s, c, notify.Settlement{State: notify.StateSent, Thread: notify.Thread{Channel: "C1", Root: "1.1"}})

	more.Body.Storm, more.CreatedAt = &notify.StormFacts{Affected: 501}, t0.Add(15*time.Second)
	post(t, s, more)
	post(t, s, more) // a commit may be repeated
	more.Body.Storm, more.CreatedAt = &notify.StormFacts{Affected: 502}, t0.Add(30*time.Second)
	post(t, s, more)
	c, _ = claim(t, s, "ops", 3600)
	require.Nil(t, c, "it is told where it stands, and not anew")
	require.Equal(t, 2, count(t, s, "SELECT count(*) FROM outbox"), "what was to be shown before is forgotten")
	require.Equal(t, 1, count(t, s, "SELECT count(*) FROM threads t JOIN outbox o ON o.id = t.want WHERE t.root = '1.1' AND t.want <> t.shown AND o.body LIKE '%502%'"))
}
