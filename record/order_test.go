package record_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

func TestCommandsAreInForceOnceTheyAreStoredAndAfterARestart(t *testing.T) {
	for name, end := range map[string]func(*place){"in good order": (*place).end, "after a kill": (*place).kill} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := watched("a")
				a.Policy.RemindEvery = time.Minute
				b := watched("b")
				b.Subject.Group = "others"
				p := newPlace(t, a, b)
				p.begin(t0)
				for n := range 3 {
					p.Record(resultOf(p, "a", n, broken))
				}
				p.committed()
				done, err := p.Order(t.Context(), incident.Command{Key: "1", Kind: incident.Acknowledge, Incident: incident.FirstID, By: "kim", Note: "on it"})
				require.NoError(t, err)
				require.NotZero(t, done.ID)
				again, err := p.Order(t.Context(), incident.Command{Key: "2", Kind: incident.Acknowledge, Incident: incident.FirstID, By: "lee"})
				require.NoError(t, err)
				require.Equal(t, "kim", again.By, "who comes second changes nothing")
				now := time.Now()
				silenced, err := p.Order(t.Context(), incident.Command{Key: "3", Kind: incident.Silence, From: now, Until: slot(600_000), Scope: incident.Scope{Names: []string{"group:others"}}})
				require.NoError(t, err)
				require.Equal(t, []probe.ID{p.id("b")}, silenced.Scope.Probes)
				end(p)

				p.begin(slot(3))
				for n := range 10 {
					p.Record(resultOf(p, "a", n+3, broken))
					p.Record(resultOf(p, "b", n+3, broken))
				}
				p.committed()
				require.Equal(t, []string{"a opened", "a acknowledged"}, p.query(said), "neither reminded of, nor told")
				require.Equal(t, []string{"opened", "acknowledged"}, p.query("SELECT change FROM timeline WHERE incident = 32768"))
				require.Equal(t, []string{"kim on it"}, p.query("SELECT acked_by, note FROM incidents WHERE acked_at IS NOT NULL"))

				_, err = p.Order(t.Context(), incident.Command{Key: "4", Kind: incident.End, Of: silenced.ID})
				require.NoError(t, err)
				p.committed()
				require.Equal(t, []string{"a opened", "a acknowledged", "b opened"}, p.query(said))
				require.Equal(t, []string{"silence"}, p.query("SELECT json_extract(body, '$.Held.Why') FROM outbox WHERE json_extract(body, '$.Probe') = 'b'"))
				p.end()
			})
		})
	}
}

func TestACommandThatCannotBeObeyedSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("a"))
		schedule, err := slo.Once(slot(100), slot(101))
		require.NoError(t, err)
		p.plans = []incident.Command{{Name: "planned", Schedule: schedule, Scope: incident.Scope{Names: []string{"a"}}}}
		p.begin(t0)
		for _, tc := range []struct {
			command incident.Command
			want    error
		}{
			{incident.Command{Kind: incident.Acknowledge, Incident: 77}, incident.ErrNotOpen},
			{incident.Command{Kind: incident.Silence, Scope: incident.Scope{Names: []string{"a", "nobody"}}}, incident.ErrNoProbe},
			{incident.Command{Kind: incident.Maintain}, incident.ErrNoProbe},
			{incident.Command{Kind: incident.End, Of: 99}, incident.ErrNoCommand},
			{incident.Command{Kind: incident.End, Of: 1}, incident.ErrNoCommand}, // it stands in the configuration
		} {
			_, err := p.Order(t.Context(), tc.command)
			require.ErrorIs(t, err, tc.want)
		}
		_, err = p.Order(t.Context(), incident.Command{})
		require.ErrorContains(t, err, "no command")
		p.end()
		_, err = p.Order(t.Context(), incident.Command{})
		require.ErrorContains(t, err, "stop")
	})
}

func TestMaintenanceByCommandOpensNothingAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("a"))
		p.begin(t0)
		schedule, err := slo.Once(slot(0), slot(60*24*365))
		require.NoError(t, err)
		done, err := p.Order(t.Context(), incident.Command{Key: "m", Kind: incident.Maintain, Name: "move", Schedule: schedule, Scope: incident.Scope{Names: []string{"a"}}, Until: slot(60 * 24 * 365)})
		require.NoError(t, err)
		for n := range 5 {
			p.Record(resultOf(p, "a", n, broken))
		}
		p.committed()
		require.Empty(t, p.query(said))
		_, err = p.Order(t.Context(), incident.Command{Key: "e", Kind: incident.End, Of: done.ID, Entirely: true})
		require.NoError(t, err)
		for n := range 3 {
			p.Record(resultOf(p, "a", n+5, broken))
		}
		p.committed()
		require.Equal(t, []string{"a opened"}, p.query(said))
		p.end()
	})
}
