package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

func TestEvidenceIsKeptWhenItIsNewAndOnce(t *testing.T) {
	s, id := configured(t)
	seq := int64(0)
	see := func(minute int, attempts ...probe.Attempt) {
		seq++
		at := t0.Add(time.Duration(minute) * time.Minute)
		in := incident.Input{At: at, Verdict: judge(probe.ServerError, 503), Attempts: len(attempts)}
		require.NoError(t, s.Commit(t.Context(), &Batch{Seq: seq, At: at, Entries: []Entry{{Probe: id, Input: in, Attempts: attempts}}}))
	}
	sight := func(server, date string) probe.Attempt {
		return probe.Attempt{
			StartedAt: t0.Add(time.Duration(seq) * time.Second), Verdict: judge(probe.ServerError, 503), Timings: probe.Timings{Total: time.Duration(seq)},
			Evidence: probe.Evidence{AnsweredBy: server, Header: map[string][]string{"date": {date}}},
		}
	}
	see(0, sight("nginx", "Mon"))
	see(1, sight("nginx", "Tue")) // the same but for what always differs
	see(2, sight("envoy", "Wed"))
	see(3, sight("nginx", "Thu"))
	see(4)
	r := look(t, s.Path())
	all, err := r.Sights(t.Context(), id, t0, forever, 10)
	require.NoError(t, err)
	var who []string
	for _, x := range all {
		who = append(who, x.Attempts[0].Evidence.AnsweredBy)
	}
	require.Equal(t, []string{"nginx", "envoy", "nginx"}, who, "the newest first")
	require.Equal(t, t0.Add(3*time.Minute), all[0].At)
	require.Equal(t, 2, count(t, s, "SELECT count(*) FROM sights"), "what was seen before is kept once")

	require.NoError(t, s.Forget(t.Context(), t0.Add(150*time.Second), Retention{Results: time.Minute, Rollups: day}))
	all, err = r.Sights(t.Context(), id, t0.Add(-day), forever, 10)
	require.NoError(t, err)
	require.Len(t, all, 2, "evidence is forgotten with the results")
}

func TestAnIncidentIsListedWithItsTimeline(t *testing.T) {
	s, id := configured(t)
	require.NoError(t, s.Commit(t.Context(), outage(id, 1)))
	r := look(t, s.Path())
	all, err := r.Incidents(t.Context(), 0, t0.Add(-day), forever, 0)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, id, all[0].Probe)
	require.Equal(t, probe.KindDown, all[0].Kind)
	require.Equal(t, incident.Open, all[0].Phase)
	one, err := r.Incident(t.Context(), all[0].ID)
	require.NoError(t, err)
	require.Equal(t, &all[0], one)
	one, err = r.Incident(t.Context(), all[0].ID+1)
	require.NoError(t, err)
	require.Nil(t, one)
	moments, err := r.Timeline(t.Context(), all[0].ID)
	require.NoError(t, err)
	require.NotEmpty(t, moments)
	require.Equal(t, incident.Opened, moments[0].Change)
	none, err := r.Incidents(t.Context(), id+1, t0.Add(-day), forever, 0)
	require.NoError(t, err)
	require.Empty(t, none)
	none, err = r.Incidents(t.Context(), id, t0.Add(-2*day), all[0].Since, 0)
	require.NoError(t, err)
	require.Empty(t, none, "it began later")
}

func TestAProbeIsFoundByItsNameAlsoWhenItIsRetired(t *testing.T) {
	w := newWorld(t, 1, 2)
	retired := w.probes[0].Name()
	w.probes = w.probes[1:]
	w.revise()
	r := look(t, w.s.Path())
	p, err := r.Find(t.Context(), retired)
	require.NoError(t, err)
	require.False(t, p.RetiredAt.IsZero())
	_, err = r.Find(t.Context(), "nobody")
	var unknown *UnknownProbeError
	require.ErrorAs(t, err, &unknown)
	require.Len(t, unknown.Known, 2)
}
