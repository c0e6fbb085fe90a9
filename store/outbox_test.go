package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// post puts messages into the outbox.
func post(t *testing.T, s *Store, messages ...notify.Message) {
	t.Helper()
	for i := range messages {
		if messages[i].Key == "" {
			messages[i].Key = fmt.Sprintf("%s:%s:%d", messages[i].Destination, messages[i].Incident, count(t, s, "SELECT count(*) FROM outbox")+i)
		}
	}
	require.NoError(t, s.Commit(t.Context(), &Batch{At: t0, Messages: messages}))
}

func about(destination string, id incident.ID, change incident.Change) notify.Message {
	return notify.Message{Destination: destination, Incident: id, Change: change, CreatedAt: t0}
}

// claim takes the next message of a destination that is due at a second.
func claim(t *testing.T, s *Store, destination string, second int) (*notify.Claim, time.Time) {
	t.Helper()
	c, next, err := s.Claim(t.Context(), destination, t0.Add(time.Duration(second)*time.Second))
	require.NoError(t, err)
	return c, next
}

func settle(t *testing.T, s *Store, c *notify.Claim, end notify.Settlement) {
	t.Helper()
	end.At = t0
	require.NoError(t, s.Settle(t.Context(), c.Message.ID, end))
}

var (
	sent = notify.Settlement{State: notify.StateSent}
	dead = notify.Settlement{State: notify.StateDead, Err: "gone"}
)

func TestAMessageComesBackWhole(t *testing.T) {
	s := open(t, newPath(t))
	m := about("ops", 40_000, incident.Opened)
	m.Key = "k"
	m.Body = notify.Body{
		Probe: "checkout", URL: "https://x.example.com/", Labels: map[string]string{"a": "b"}, Interval: time.Minute, Kind: probe.KindDown, Severity: probe.Critical,
		Cause: judge(probe.ServerError, 503), Codes: []incident.CodeCount{{Code: 503, Count: 4}}, Failures: 4, Openings: 1, Since: t0, OpenedAt: t0, At: t0, RecoverBy: t0.Add(time.Hour),
		Budgets: []notify.BudgetFact{{Objective: watched("a", 1).Objectives[0], Spent: time.Second, Total: time.Minute, Judged: true}},
	}
	post(t, s, m)
	c, next := claim(t, s, "ops", 0)
	require.Zero(t, next)
	m.ID = c.Message.ID
	require.Equal(t, &notify.Claim{Message: m}, c)
	c, next = claim(t, s, "ops", 0)
	require.Nil(t, c, "it is being sent")
	require.Zero(t, next)
}

func TestTheOrderWithinAnIncidentIsKept(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, about("ops", 1, incident.Opened), about("ops", 1, incident.Escalated), about("ops", 2, incident.Opened), about("backup", 1, incident.Opened))

	first, _ := claim(t, s, "ops", 0)
	require.Equal(t, incident.ID(1), first.Message.Incident)
	require.Equal(t, incident.Opened, first.Message.Change)
	other, _ := claim(t, s, "ops", 0)
	require.Equal(t, incident.ID(2), other.Message.Incident, "another incident does not wait for it")
	elsewhere, _ := claim(t, s, "backup", 0)
	require.Equal(t, incident.ID(1), elsewhere.Message.Incident, "nor does another destination")
	none, next := claim(t, s, "ops", 0)
	require.Nil(t, none)
	require.Zero(t, next, "what waits for a delivery under way is not due at a time")

	settle(t, s, first, notify.Settlement{State: notify.StatePending, Next: t0.Add(30 * time.Second), Counted: true, Repeat: true, Err: "503"})
	none, next = claim(t, s, "ops", 29)
	require.Nil(t, none)
	require.Equal(t, t0.Add(30*time.Second), next)
	again, _ := claim(t, s, "ops", 30)
	require.Equal(t, first.Message.ID, again.Message.ID, "the first one once more, not the second")
	require.Equal(t, 1, again.Message.Attempts)
	require.True(t, again.Message.Repeat)
	settle(t, s, again, notify.Settlement{State: notify.StatePending, Next: t0.Add(40 * time.Second), Err: "429"})
	again, _ = claim(t, s, "ops", 40)
	require.Equal(t, 1, again.Message.Attempts, "a pause that was asked for does not count")
	require.True(t, again.Message.Repeat, "what may have got through once may have for ever")

	settle(t, s, again, sent)
	second, _ := claim(t, s, "ops", 40)
	require.Equal(t, incident.Escalated, second.Message.Change)
	require.False(t, second.Message.Repeat)
}

func TestADeadMessageBlocksNothing(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, about("ops", 1, incident.Opened), about("ops", 1, incident.Escalated))
	c, _ := claim(t, s, "ops", 0)
	settle(t, s, c, dead)
	c, _ = claim(t, s, "ops", 0)
	require.Equal(t, incident.Escalated, c.Message.Change)
	require.Equal(t, 1, count(t, s, "SELECT count(*) FROM outbox WHERE state = 'dead' AND error = 'gone' AND settled_at = ?", t0.UnixMilli()))
}

func TestAConversationIsKept(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, about("ops", 1, incident.Opened), about("ops", 1, incident.Risen), about("ops", 1, incident.Escalated))
	post(t, s, about("ops", 2, incident.Opened), about("backup", 1, incident.Opened))
	c, _ := claim(t, s, "ops", 0)
	require.Zero(t, c.Thread)
	settle(t, s, c, notify.Settlement{State: notify.StateSent, Thread: notify.Thread{Channel: "C1", Root: "1.0"}})
	c, _ = claim(t, s, "ops", 0)
	require.Equal(t, notify.Thread{Channel: "C1", Root: "1.0"}, c.Thread)
	settle(t, s, c, sent) // says nothing of a conversation: the one there is stays
	c, _ = claim(t, s, "ops", 0)
	require.Equal(t, notify.Thread{Channel: "C1", Root: "1.0"}, c.Thread)
	settle(t, s, c, notify.Settlement{State: notify.StateSent, Thread: notify.Thread{Channel: "C2", Root: "2.0"}})
	post(t, s, about("ops", 1, incident.Reopened))

	for range 2 { // the other incident, and the first one again
		c, _ = claim(t, s, "ops", 0)
		want := notify.Thread{}
		if c.Message.Incident == 1 {
			want = notify.Thread{Channel: "C2", Root: "2.0"}
		}
		require.Equal(t, want, c.Thread)
	}
	c, _ = claim(t, s, "backup", 0)
	require.Zero(t, c.Thread, "each destination has its own")
}

func TestSettlingWhatIsNotThereIsAnError(t *testing.T) {
	s := open(t, newPath(t))
	require.ErrorContains(t, s.Settle(t.Context(), 7, sent), "settle message 7")
}

func TestTheOutboxSurvivesACrash(t *testing.T) {
	for name, tc := range map[string]struct {
		destinations []string
		dead         int
	}{
		"all destinations are there":   {[]string{"ops", "backup"}, 0},
		"a destination was removed":    {[]string{"ops"}, 1},
		"all destinations are removed": {nil, 4},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, newPath(t))
			post(t, s, about("ops", 1, incident.Opened), about("ops", 2, incident.Opened), about("ops", 3, incident.Opened), about("ops", 4, incident.Opened), about("backup", 1, incident.Opened))
			done, _ := claim(t, s, "ops", 0)
			settle(t, s, done, sent)
			cut, _ := claim(t, s, "ops", 0)
			later, _ := claim(t, s, "ops", 0)
			settle(t, s, later, notify.Settlement{State: notify.StatePending, Next: t0.Add(time.Hour), Counted: true})

			_, err := s.RecoverOutbox(t.Context(), tc.destinations, t0)
			require.NoError(t, err)
			require.Equal(t, 1, count(t, s, "SELECT count(*) FROM outbox WHERE state = 'sent'"), "what is sent stays so")
			require.Equal(t, tc.dead, count(t, s, "SELECT count(*) FROM outbox WHERE state = 'dead' AND settled_at = ? AND error <> ''", t0.UnixMilli()))
			if tc.destinations == nil {
				return
			}
			again, _ := claim(t, s, "ops", 0)
			require.Equal(t, cut.Message.ID, again.Message.ID)
			require.Equal(t, notify.Doubt{Since: t0}, again.Message.Doubt, "it may have got through")
			require.Zero(t, again.Message.Attempts)
			fresh, _ := claim(t, s, "ops", 0)
			require.Zero(t, fresh.Message.Doubt)
			_, next := claim(t, s, "ops", 0)
			require.Equal(t, t0.Add(time.Hour), next, "what was to wait waits on")
		})
	}
}

func TestTidyForgetsOnlyWhatNobodyAsksFor(t *testing.T) {
	s, id := configured(t)
	now := t0.AddDate(0, 3, 0)
	post(t, s, about("ops", 1, incident.Opened), about("ops", 2, incident.Opened), about("ops", 3, incident.Opened), about("ops", 4, incident.Opened))
	for _, end := range []notify.Settlement{
		{State: notify.StateSent, At: t0},
		{State: notify.StateSent, At: now.AddDate(0, 0, -20)},
		{State: notify.StateDead, At: t0},
	} {
		c, _ := claim(t, s, "ops", 0)
		require.NoError(t, s.Settle(t.Context(), c.Message.ID, end))
	}
	for i, at := range []time.Time{t0, now.Add(-time.Hour)} {
		in := incident.Input{At: at, Verdict: judge(probe.OK, 200), Attempts: 1}
		require.NoError(t, s.Commit(t.Context(), &Batch{Seq: int64(i + 1), At: at, Entries: []Entry{{Probe: id, Input: in}}}))
	}
	require.NoError(t, s.Tidy(t.Context(), now))
	require.Equal(t, 3, count(t, s, "SELECT count(*) FROM outbox"), "one was sent long ago")
	require.Equal(t, 1, count(t, s, "SELECT count(*) FROM outbox WHERE state = 'dead'"))
	require.Equal(t, 1, count(t, s, "SELECT count(*) FROM outbox WHERE state = 'pending'"))
	require.Equal(t, 2, count(t, s, "SELECT count(*) FROM log"), "results are kept")
	require.Zero(t, walSize(t, s), "the write-ahead log is empty")
}

func TestWhatWasOverBeforeItCouldBeToldIsOneLateMessage(t *testing.T) {
	opened, changed, part := about("ops", 1, incident.Opened), about("ops", 1, incident.Changed), about("ops", 1, incident.Opened)
	part.Body.Part = 2
	for name, tc := range map[string]struct {
		before []notify.Message
		claims []notify.Settlement // of the messages before; StateSending: it is under way
		late   bool
		waits  int // messages that still wait
	}{
		"an opening that waits is part of the end":       {[]notify.Message{opened}, nil, true, 1},
		"and so is what came between":                    {[]notify.Message{opened, changed}, nil, true, 1},
		"not one that was sent":                          {[]notify.Message{opened}, []notify.Settlement{sent}, false, 1},
		"nor one that is under way":                      {[]notify.Message{opened}, []notify.Settlement{{State: notify.StateSending}}, false, 2},
		"nor one that may have got through":              {[]notify.Message{opened}, []notify.Settlement{{Doubt: notify.Doubt{Since: t0}}}, false, 2},
		"nor one that was never to be told":              {[]notify.Message{opened, changed}, []notify.Settlement{dead}, false, 2},
		"nor one of which a part may go on":              {[]notify.Message{opened, part}, nil, false, 3},
		"one that was tried in vain is":                  {[]notify.Message{opened}, []notify.Settlement{{Counted: true, Next: t0.Add(time.Hour)}}, true, 1},
		"an incident that was never to open is but over": {nil, nil, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, newPath(t))
			for i := range tc.before {
				tc.before[i].Key = ""
			}
			post(t, s, tc.before...)
			for _, end := range tc.claims {
				if c, _ := claim(t, s, "ops", 0); end.State != notify.StateSending {
					settle(t, s, c, end)
				}
			}
			post(t, s, about("ops", 1, incident.Resolved), about("backup", 1, incident.Resolved))
			require.Equal(t, tc.waits, count(t, s, "SELECT count(*) FROM outbox WHERE destination = 'ops' AND state IN ('pending', 'sending')"))
			require.Equal(t, tc.late, count(t, s, "SELECT count(*) FROM outbox WHERE change = 'resolved' AND json_extract(body, '$.Late')") == 1)
			require.Zero(t, count(t, s, "SELECT count(*) FROM outbox WHERE destination = 'backup' AND json_extract(body, '$.Late')"), "each destination has its own")
		})
	}
}

func TestWhatMattersMoreGoesFirst(t *testing.T) {
	s := open(t, newPath(t))
	critical := about("ops", 4, incident.Opened)
	critical.Body.Severity = probe.Critical
	post(t, s, about("ops", 1, incident.Reminded), about("ops", 2, incident.Changed), about("ops", 3, incident.Opened), critical, about("ops", 2, incident.Resolved))
	var order []incident.ID
	for range 4 {
		c, _ := claim(t, s, "ops", 0)
		order = append(order, c.Message.Incident)
	}
	require.Equal(t, []incident.ID{4, 2, 3, 1}, order)
}

// Who has a message already is known with it when it is sent again, whatever it has come to say.
func TestWhoHasAMessageAlreadyIsKeptWithIt(t *testing.T) {
	s := open(t, newPath(t))
	m := about("people", -1, incident.Opened)
	m.Key, m.Body.Storm = "storm", &notify.StormFacts{Affected: 6}
	post(t, s, m)
	c, _ := claim(t, s, "people", 0)
	require.Empty(t, c.Message.Body.Given)
	given := []string{"ann@example.com", `"b b"@example.com`}
	settle(t, s, c, notify.Settlement{State: notify.StatePending, Counted: true, Given: given})
	more := m
	more.Amends, more.Body.Storm = true, &notify.StormFacts{Affected: 500}
	post(t, s, more)
	c, _ = claim(t, s, "people", 1)
	require.Equal(t, given, c.Message.Body.Given)
	require.Equal(t, 500, c.Message.Body.Storm.Affected)
	settle(t, s, c, notify.Settlement{State: notify.StatePending})
	c, _ = claim(t, s, "people", 1)
	require.Equal(t, given, c.Message.Body.Given, "nobody has to say it again")
	forwarding := notify.Forwarding{From: "people", To: "ops", At: t0}
	other, ok := forwarding.Take(c.Message, false)
	require.True(t, ok)
	require.Empty(t, other.Body.Given, "they have it, the others there do not")
}

// aChart is a chart that belongs into the conversation about an incident.
func aChart(id incident.ID) notify.Message {
	return notify.Message{
		Key: notify.ChartPrefix + "ops:" + id.String(), Destination: "ops", CreatedAt: t0, After: t0.Add(10 * time.Second),
		Body: notify.Body{Chart: id, Probe: "checkout", At: t0},
	}
}

func TestNothingWaitsForAChartAndItGoesIntoTheThreadOfItsIncident(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, about("ops", 40, incident.Opened), aChart(40), about("ops", 40, incident.Changed), about("ops", 0, 0))
	opened, _ := claim(t, s, "ops", 0)
	settle(t, s, opened, notify.Settlement{State: notify.StateSent, Thread: notify.Thread{Channel: "C1", Root: "1.1"}})
	for range 2 {
		c, _ := claim(t, s, "ops", 1)
		require.NotNil(t, c)
		require.Zero(t, c.Message.Body.Chart)
		settle(t, s, c, sent)
	}
	c, next := claim(t, s, "ops", 9)
	require.Nil(t, c)
	require.Equal(t, t0.Add(10*time.Second), next)
	c, _ = claim(t, s, "ops", 10)
	require.Equal(t, incident.ID(40), c.Message.Body.Chart)
	require.Equal(t, notify.Thread{Channel: "C1", Root: "1.1"}, c.Thread)
	settle(t, s, c, notify.Settlement{State: notify.StateSent, Thread: c.Thread})
	require.Equal(t, 1, count(t, s, "SELECT count(*) FROM threads"), "it begins no conversation")
}

func TestAChartIsNotDrawnOnceItsIncidentIsOverOrAStormBegan(t *testing.T) {
	for name, then := range map[string]notify.Message{
		"it is over": about("ops", 40, incident.Resolved), "it was settled": about("ops", 40, incident.Settled), "a storm": about("ops", -1, incident.Opened),
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, newPath(t))
			then.CreatedAt = t0.Add(8 * time.Second)
			post(t, s, about("ops", 40, incident.Opened), aChart(40))
			opened, _ := claim(t, s, "ops", 0)
			settle(t, s, opened, notify.Settlement{State: notify.StateSent, Thread: notify.Thread{Channel: "C1", Root: "1.1"}})
			post(t, s, then)
			c, _ := claim(t, s, "ops", 20)
			require.Zero(t, c.Message.Body.Chart)
			settle(t, s, c, sent)
			c, _ = claim(t, s, "ops", 20)
			require.Nil(t, c)
			require.Equal(t, 1, count(t, s, "SELECT count(*) FROM outbox WHERE state = 'superseded' AND key LIKE 'chart:%'"))
		})
	}
}
