package record_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/notify"
	"sonde/probe"
	"sonde/record"
	"sonde/slo"
	"sonde/store"
)

// manners has a place go on with how people are told, as the service does.
func (p *place) manners(m notify.Manners) {
	p.t.Helper()
	paces, kept, err := p.store.Tact(p.t.Context())
	require.NoError(p.t, err)
	require.NoError(p.t, p.Stop(p.t.Context()))
	memory, probes, err := record.Begin(p.t.Context(), p.store, p.probes, time.Now(), p.plans...)
	require.NoError(p.t, err)
	p.probes = probes
	o := p.options(p.store, memory, probes)
	o.Manners, o.Paces, o.Kept = map[string]notify.Manners{"ops": m}, paces, kept
	o.Heard, err = p.store.Told(p.t.Context())
	require.NoError(p.t, err)
	p.Recorder = record.New(o)
	p.Start()
}

func TestWhoIsWatchedNoMoreAndWasPartOfAStormIsNotToldOfApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var probes []store.Probe
		for n := range 9 {
			probes = append(probes, watched(fmt.Sprintf("p%d", n)))
		}
		p := newPlace(t, probes...)
		p.begin(t0)
		for n := range 9 {
			p.Record(result(p.id(fmt.Sprintf("p%d", n)), slot(0), broken, 3))
		}
		p.committed()
		p.end()
		require.Equal(t, []string{"6"}, p.query("SELECT count(*) FROM outbox WHERE state = 'pending'"))
		require.Equal(t, []string{"9"}, p.query("SELECT count(*) FROM kept"))

		p.probes = p.probes[:1]
		p.begin(slot(1))
		require.Equal(t, []string{"4"}, p.query("SELECT count(*) FROM outbox WHERE change = 'withdrawn'"), "of those with a message of their own that are gone")
		p.end()
		require.Equal(t, []string{"8"}, p.query("SELECT count(*) FROM incidents WHERE phase = 'closed'"))
	})
}

func TestWhatIsNotCriticalIsToldInTheMorningAlsoAfterARestart(t *testing.T) {
	night, err := slo.Every("day 22:00-07:00", time.UTC)
	require.NoError(t, err)
	quiet := notify.Manners{Quiet: notify.Quiet{When: night, Severities: []probe.Severity{probe.Warning}}}
	synctest.Test(t, func(t *testing.T) {
		now := func() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
		time.Sleep(23*time.Hour + 3*time.Millisecond) // a bubble begins at midnight
		calm := watched("calm")
		calm.Policy.AuthAfter = 0
		p := newPlace(t, calm)
		p.begin(now())
		p.manners(quiet)
		shed := judge(probe.LoadShed, 503)
		for range 4 {
			p.Record(result(p.id("calm"), now(), shed, 3))
			time.Sleep(time.Minute)
		}
		require.Equal(t, []string{"degraded warning open"}, p.query("SELECT kind, severity, phase FROM incidents"))
		require.Empty(t, p.query(messages), "it is night")
		p.manners(quiet)
		for day := now().Truncate(24 * time.Hour).Add(31 * time.Hour); now().Before(day.Add(time.Minute)); {
			p.Record(result(p.id("calm"), now(), shed, 3))
			p.Idle(now())
			time.Sleep(time.Minute)
		}
		require.Equal(t, []string{"32768 ops opened"}, p.query(messages))
		require.Equal(t, []string{"quiet_hours"}, p.query("SELECT json_extract(body, '$.Held.Why') FROM outbox"))
		p.end()
	})
}
