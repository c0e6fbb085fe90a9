package record_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// told is what people were told, with who did what.
const told = "SELECT change, coalesce(json_extract(body, '$.Answer.By'), ''), coalesce(json_extract(body, '$.Acked.By'), '') FROM outbox ORDER BY id"

// results records results of a probe at slots from one on.
func (p *place) results(name string, from, n int, v probe.Verdict) {
	for i := range n {
		p.Record(resultOf(p, name, from+i, v))
	}
	p.committed()
}

// ask gives an order that must be obeyed.
func (p *place) ask(key string, c incident.Command) incident.Command {
	p.t.Helper()
	c.Key = key
	done, err := p.Order(p.t.Context(), c)
	require.NoError(p.t, err)
	p.committed()
	return done
}

func TestWhoFollowsAnIncidentHearsWhatIsDoneAboutIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("a"))
		p.begin(t0)
		p.results("a", 0, 3, broken)
		about := incident.FirstID
		p.ask("1", incident.Command{Kind: incident.Acknowledge, Incident: about, By: "kim", User: "U0KIM"})
		p.ask("2", incident.Command{Kind: incident.Acknowledge, Incident: about, By: "lee"})
		p.ask("3", incident.Command{Kind: incident.Acknowledge, Incident: about, By: "lee", Undo: true})
		p.ask("4", incident.Command{Kind: incident.Acknowledge, Incident: about, By: "lee", Undo: true})
		p.ask("5", incident.Command{Kind: incident.Silence, Incident: about, By: "kim", From: time.Now(), Until: time.Now().Add(time.Minute)})
		_, err := p.Order(t.Context(), incident.Command{Key: "6", Kind: incident.FalseAlarm, Incident: about})
		require.ErrorIs(t, err, incident.ErrNotOver)
		require.Equal(t, []string{"opened  ", "acknowledged kim kim", "unacknowledged lee ", "silenced kim "}, p.query(told), "what changes nothing is not told")
		require.Equal(t, []string{"0"}, p.query("SELECT count(acked_at) FROM incidents"))

		p.results("a", 3, 5, good)
		require.Equal(t, []string{"recovered"}, p.query("SELECT phase FROM incidents"))
		p.ask("7", incident.Command{Kind: incident.FalseAlarm, Incident: about, By: "kim"})
		p.ask("8", incident.Command{Kind: incident.FalseAlarm, Incident: about, By: "lee"})
		require.Equal(t, []string{"kim"}, p.query("SELECT false_alarm_by FROM incidents WHERE false_alarm_at IS NOT NULL"))
		p.results("a", 8, 70, good)
		require.Equal(t, []string{"closed"}, p.query("SELECT phase FROM incidents"))
		p.ask("9", incident.Command{Kind: incident.FalseAlarm, Incident: about, By: "lee", Undo: true})
		_, err = p.Order(t.Context(), incident.Command{Key: "10", Kind: incident.FalseAlarm, Incident: about + 1})
		require.ErrorIs(t, err, incident.ErrNoIncident)
		require.Equal(t, []string{"resolved  ", "false_alarm kim ", "no_false_alarm lee "}, p.query(told)[4:])
		require.Equal(t, []string{"opened", "acknowledged", "unacknowledged", "silenced", "resolved", "false_alarm", "closed", "no_false_alarm"}, p.query("SELECT change FROM timeline ORDER BY id"))
		require.Equal(t, []string{"1"}, p.query("SELECT count(*) FROM incidents WHERE false_alarm_at IS NULL"))
		p.end()
	})
}

// Nobody is told that silence is over while it is not.
func TestOfSeveralSilencesTheLastOneEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("a"), watched("b"))
		p.begin(t0)
		p.results("a", 0, 3, broken)
		silence := func(key string, c incident.Command) incident.CommandID {
			c.Kind, c.By, c.From = incident.Silence, "kim", time.Now()
			return p.ask(key, c).ID
		}
		until := time.Now().Add(2 * time.Hour).UTC().Truncate(time.Millisecond)
		all := incident.Scope{All: true}
		short := silence("1", incident.Command{Scope: all, Until: until.Add(-time.Hour)})
		long := silence("2", incident.Command{Scope: all, Until: until})
		recovered := silence("3", incident.Command{Incident: incident.FirstID, UntilRecovered: true})
		silence("4", incident.Command{Scope: incident.Scope{Names: []string{"b"}}, Until: until})
		for key, id := range []incident.CommandID{short, long, recovered} {
			p.ask(strconv.Itoa(10+key), incident.Command{Kind: incident.End, Of: id, By: "lee"})
		}
		require.Equal(t, []string{"1 " + until.Format(time.RFC3339Nano), "1 ", " "}, p.query(`SELECT coalesce(json_extract(body, '$.Answer.Other'), ''), coalesce(json_extract(body, '$.Answer.Until'), '')
			FROM outbox WHERE change = 'unsilenced' ORDER BY id`))
		p.end()
	})
}

func TestASilenceUntilItRecoversEndsThenAlsoOverARestart(t *testing.T) {
	for name, end := range map[string]func(*place){"without one": nil, "in good order": (*place).end, "after a kill": (*place).kill} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := watched("a")
				a.Policy.RemindEvery = time.Minute
				p := newPlace(t, a, watched("b"))
				p.begin(t0)
				p.results("a", 0, 3, broken)
				silenced := p.ask("1", incident.Command{Kind: incident.Silence, Incident: incident.FirstID, UntilRecovered: true, By: "kim", From: time.Now()})
				require.Equal(t, []string{"a"}, silenced.Scope.Names)
				if end != nil {
					end(p)
					p.begin(slot(3))
				}
				p.results("a", 3, 5, broken)
				require.Equal(t, []string{"a opened", "a silenced"}, p.query(said), "nobody is reminded")
				p.results("a", 8, 3, good)
				require.Equal(t, []string{"a opened", "a silenced", "a resolved"}, p.query(said))
				require.Equal(t, []string{"1"}, p.query("SELECT count(*) FROM commands WHERE kind = 'silence' AND ends IS NOT NULL"))
				p.results("a", 11, 3, broken)
				require.Equal(t, "a reopened", p.query(said)[3], "it is over with the silence")
				_, err := p.Order(t.Context(), incident.Command{Key: "2", Kind: incident.Silence, Incident: 77, UntilRecovered: true})
				require.ErrorIs(t, err, incident.ErrNotOpen)
				_, err = p.Order(t.Context(), incident.Command{Key: "3", Kind: incident.Silence, UntilRecovered: true})
				require.ErrorIs(t, err, incident.ErrNotOpen, "and never is about everything")
				p.end()
			})
		})
	}
}

func TestASilenceWhoseIncidentHasRecoveredMeanwhileEndsAtTheNextStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("a"))
		p.begin(t0)
		p.results("a", 0, 3, broken)
		p.ask("1", incident.Command{Kind: incident.Silence, Incident: incident.FirstID, UntilRecovered: true, From: time.Now()})
		p.results("a", 3, 3, good)
		p.end()
		require.Equal(t, []string{"1"}, p.query("SELECT count(*) FROM commands WHERE kind = 'silence' AND ends IS NOT NULL"))
		for n := range 2 {
			p.begin(slot(6 + n))
			p.committed()
			p.end()
		}
		require.Equal(t, []string{strconv.Itoa(2)}, p.query("SELECT count(*) FROM commands"), "it is ended once")
	})
}
