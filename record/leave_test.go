package record_test

import (
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/record"
	"sonde/store"
)

// leave stores a command while no recorder runs.
func (p *place) leave(key string, c incident.Command) (incident.Command, error) {
	p.t.Helper()
	s, err := store.Open(p.t.Context(), p.path, "here", "")
	require.NoError(p.t, err)
	c.Key = key
	done, err := record.Leave(p.t.Context(), s, c, time.Now())
	require.NoError(p.t, s.Close())
	return done, err
}

// lines are what was told to whom and where: in the conversation about which incident, by whom, and of
// what that was as people wrote it.
const lines = `SELECT destination, incident, change, coalesce(json_extract(body, '$.Answer.By'), ''), coalesce(json_extract(body, '$.Answer.Of'), '')
	FROM outbox WHERE json_extract(body, '$.Answer.At') > '0002' ORDER BY id`

func TestWhatIsLeftWithoutAServiceIsToldOnceToThoseWhoFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("a"))
		p.begin(t0)
		p.results("a", 0, 3, broken)
		p.end()
		about := incident.FirstID
		ack := incident.Command{Kind: incident.Acknowledge, Incident: about, By: "kim"}
		done, err := p.leave("1", ack)
		require.NoError(t, err)
		require.NotZero(t, done.ID)
		again, err := p.leave("2", incident.Command{Kind: incident.Acknowledge, Incident: about, By: "lee"})
		require.NoError(t, err)
		require.Equal(t, "kim", again.By, "who comes second changes nothing")
		_, err = p.leave("3", incident.Command{Kind: incident.Silence, Incident: about, By: "kim", UntilRecovered: true, From: time.Now()})
		require.NoError(t, err)
		_, err = p.leave("4", incident.Command{Kind: incident.FalseAlarm, Incident: about, By: "kim"})
		require.ErrorIs(t, err, incident.ErrNotOver)
		_, err = p.leave("5", incident.Command{Kind: incident.FalseAlarm, Incident: about + 7, By: "kim"})
		require.ErrorIs(t, err, incident.ErrNoIncident)
		want := []string{"ops 32768 acknowledged kim ", "ops 32768 silenced kim "}
		require.Equal(t, want, p.query(lines), "it is in the outbox already")

		for range 2 {
			p.begin(time.Now())
			p.committed()
			p.end()
			require.Equal(t, want, p.query(lines), "and no start doubles it")
		}
		_, err = p.leave("6", incident.Command{Kind: incident.Acknowledge, Incident: about, By: "lee", Undo: true})
		require.NoError(t, err)
		nothing, err := p.leave("7", incident.Command{Kind: incident.Acknowledge, Incident: about, By: "lee", Undo: true})
		require.NoError(t, err)
		require.True(t, nothing.At.IsZero())
		p.begin(time.Now())
		p.results("a", 3, 5, good)
		p.end()
		for _, key := range []string{"8", "9"} {
			_, err = p.leave(key, incident.Command{Kind: incident.FalseAlarm, Incident: about, By: "kim"})
			require.NoError(t, err)
		}
		require.Equal(t, append(want, "ops 32768 unacknowledged lee ", "ops 32768 false_alarm kim "), p.query(lines))
	})
}

func TestNothingIsSaidOfWhatNobodyHasHeardOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("a"))
		p.begin(t0)
		p.ask("1", incident.Command{Kind: incident.Silence, By: "kim", From: time.Now(), Until: slot(600_000), Scope: incident.Scope{Names: []string{"a"}}})
		p.results("a", 0, 3, broken)
		p.end()
		_, err := p.leave("2", incident.Command{Kind: incident.Acknowledge, Incident: incident.FirstID, By: "kim"})
		require.NoError(t, err)
		require.Empty(t, p.query(lines))
		require.Equal(t, []string{"kim"}, p.query("SELECT acked_by FROM incidents"))
	})
}

// A silence of what has several conversations, and its early end, is a line in each of them.
func TestASilenceOfAGroupIsALineInEachConversationThatIsOpen(t *testing.T) {
	for name, away := range map[string]bool{"beside a service": false, "without one": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var probes []store.Probe
				for _, name := range []string{"a", "b", "c", "d"} {
					w := watched(name)
					w.Subject.Group = "shop"
					probes = append(probes, w)
				}
				probes[3].Subject.Group = "other"
				p := newPlace(t, probes...)
				p.begin(t0)
				for _, name := range []string{"a", "b", "d"} {
					p.results(name, 0, 3, broken)
				}
				give := func(key string, c incident.Command) incident.Command {
					if !away {
						return p.ask(key, c)
					}
					p.end()
					done, err := p.leave(key, c)
					require.NoError(t, err)
					p.begin(time.Now())
					return done
				}
				silence := incident.Command{Kind: incident.Silence, By: "kim", From: time.Now(), Until: slot(600_000), Scope: incident.Scope{Names: []string{"group:shop"}}}
				done := give("1", silence)
				want := []string{"ops 32768 silenced kim group:shop", "ops 32769 silenced kim group:shop"}
				require.Equal(t, want, p.query(lines))
				p.results("c", 3, 3, broken)
				give("2", incident.Command{Kind: incident.End, Of: done.ID, By: "lee"})
				p.committed()
				want = append(want, "ops 32768 unsilenced lee group:shop", "ops 32769 unsilenced lee group:shop")
				require.Equal(t, want, p.query(lines), "who never heard of it hears that it is open")
				require.Equal(t, []string{"1"}, p.query("SELECT count(*) FROM outbox WHERE incident = 32771 AND change = 'opened'"))

				one := give("3", incident.Command{Kind: incident.Silence, Incident: incident.FirstID, By: "kim", From: time.Now(), UntilRecovered: true})
				give("4", incident.Command{Kind: incident.End, Of: one.ID, By: "lee"})
				want = append(want, "ops 32768 silenced kim ", "ops 32768 unsilenced lee ")
				require.Equal(t, want, p.query(lines))
				p.end()
			})
		})
	}
}

func TestTheEndOfASilenceThatIsOverAnywayIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("a"))
		p.begin(t0)
		p.results("a", 0, 3, broken)
		p.ask("1", incident.Command{Kind: incident.Silence, Incident: incident.FirstID, By: "kim", From: time.Now(), UntilRecovered: true})
		now := time.Now()
		brief := p.ask("2", incident.Command{Kind: incident.Silence, By: "kim", From: now, Until: now.Add(3 * time.Second), Scope: incident.Scope{Names: []string{"a"}}})
		time.Sleep(5 * time.Second)
		p.ask("3", incident.Command{Kind: incident.End, Of: brief.ID, By: "lee"})
		p.results("a", 3, 5, good)
		require.Equal(t, []string{"ops 32768 silenced kim ", "ops 32768 silenced kim a"}, p.query(lines))
		p.end()
	})
}

// stormOf is a place where so many probes have failed at once.
func stormOf(t *testing.T, n int) *place {
	t.Helper()
	var probes []store.Probe
	for i := range n {
		probes = append(probes, watched(fmt.Sprintf("p%d", i)))
	}
	p := newPlace(t, probes...)
	p.begin(t0)
	for i := range n {
		p.Record(resultOf(p, fmt.Sprintf("p%d", i), 0, broken))
	}
	for k := 1; k < 3; k++ {
		for i := range n {
			p.Record(resultOf(p, fmt.Sprintf("p%d", i), k, broken))
		}
	}
	p.committed()
	return p
}

func TestAStormIsAcknowledgedAsOneAndEachOfItsIncidents(t *testing.T) {
	for name, away := range map[string]bool{"beside a service": false, "without one": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := stormOf(t, 9)
				id, err := strconv.ParseInt(p.query("SELECT -incident FROM outbox WHERE incident < 0")[0], 10, 64)
				require.NoError(t, err)
				give := func(key, by string, undo bool) (incident.Command, error) {
					c := incident.Command{Key: key, Kind: incident.Acknowledge, Storm: id, By: by, Undo: undo}
					if !away {
						defer p.committed()
						return p.Order(t.Context(), c)
					}
					p.end()
					defer func() { p.begin(time.Now()) }()
					return p.leave(key, c)
				}
				acked := func() string { return p.query("SELECT count(acked_at) FROM incidents")[0] }
				_, err = p.leaveOrOrder(away, incident.Command{Key: "0", Kind: incident.Acknowledge, Storm: id + 1})
				require.ErrorIs(t, err, incident.ErrNoStorm)
				require.ErrorContains(t, err, notify.StormID(id).String()+" at ops", "and says which there are")

				done, err := give("1", "kim", false)
				require.NoError(t, err)
				require.Len(t, done.Members, 9)
				require.Equal(t, "9", acked())
				storm := fmt.Sprintf("ops %d acknowledged kim ", -id)
				require.Len(t, p.query(lines), 6, "five have conversations of their own")
				require.Contains(t, p.query(lines), storm)
				again, err := give("2", "lee", false)
				require.NoError(t, err)
				require.Equal(t, "kim", again.By)
				require.Empty(t, again.Members)
				require.Len(t, p.query(lines), 6, "who comes second changes nothing")
				require.Equal(t, []string{"9 kim"}, p.query("SELECT json_extract(body, '$.Answer.Count'), json_extract(body, '$.Storm.Acked.By') FROM outbox WHERE incident < 0 AND change = 'acknowledged'"))

				if !away { // more of it has to be acknowledged anew
					p.results("p8", 3, 5, good)
					p.results("p8", 8, 3, broken)
					require.Equal(t, "8", acked())
					more, err := give("3", "lee", false)
					require.NoError(t, err)
					require.Len(t, more.Members, 1)
				}
				undone, err := give("4", "lee", true)
				require.NoError(t, err)
				require.Len(t, undone.Members, 9)
				require.Equal(t, "0", acked())
				nothing, err := give("5", "lee", true)
				require.NoError(t, err)
				require.True(t, nothing.At.IsZero())
				p.end()
				require.Equal(t, []string{"1"}, p.query("SELECT count(*) FROM outbox WHERE incident < 0 AND change = 'unacknowledged'"))
			})
		})
	}
}

// leaveOrOrder gives an order that need not be obeyed.
func (p *place) leaveOrOrder(away bool, c incident.Command) (incident.Command, error) {
	if !away {
		return p.Order(p.t.Context(), c)
	}
	p.end()
	defer func() { p.begin(time.Now()) }()
	return p.leave(c.Key, c)
}

func TestARunIsToldWithItsResultInEachConversationAboutTheProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("a"), watched("b"))
		p.begin(t0)
		p.results("a", 0, 3, broken)
		run := func(name, key string, about incident.ID) bool {
			result := resultOf(p, name, 3, broken)
			result.Run, result.At = probe.Manual, time.Now().UTC().Truncate(time.Millisecond)
			told, err := p.Ran(t.Context(), record.Ran{Result: result, About: about, Key: key, By: "kim", User: "U0KIM", Said: "verdict  bad"})
			require.NoError(t, err)
			return told
		}
		require.True(t, run("a", "1", 0))
		require.Equal(t, []string{"ops 32768 run_now kim "}, p.query(lines), "it is durable")
		require.True(t, run("a", "1", 0), "the same again")
		require.False(t, run("b", "2", 0), "nobody talks about it")
		p.committed()
		require.Equal(t, []string{"ops 32768 run_now kim "}, p.query(lines), "is told once")
		require.Equal(t, []string{"verdict  bad U0KIM"}, p.query("SELECT json_extract(body, '$.Answer.Said'), json_extract(body, '$.Answer.User') FROM outbox WHERE change = 'run_now'"))
		p.results("a", 4, 5, good)
		require.False(t, run("a", "3", 0), "it is over")
		require.True(t, run("a", "4", incident.FirstID), "but asked for where it was told")
		require.Equal(t, []string{"opened", "resolved"}, p.query("SELECT change FROM timeline ORDER BY id"), "it changes nothing")
		p.kill()
		p.begin(time.Now())
		p.end()
		require.Len(t, p.query(lines), 2)
	})
}

func TestARunInAStormIsALineThatNamesTheProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := stormOf(t, 9)
		result := resultOf(p, "p8", 3, broken)
		result.Run = probe.Manual
		told, err := p.Ran(t.Context(), record.Ran{Result: result, Key: "1", By: "kim"})
		require.NoError(t, err)
		require.True(t, told)
		require.Equal(t, []string{"p8 run_now"}, p.query("SELECT json_extract(body, '$.Probe'), change FROM outbox WHERE incident < 0 AND change <> 'opened'"))
		p.end()
	})
}
