package store

import (
	"encoding/json"
	"fmt"
	"strings"
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

func TestASightIsToldApartByWhatDoesNotAlwaysDiffer(t *testing.T) {
	s, id := configured(t)
	seq := int64(0)
	see := func(after time.Duration, attempts ...probe.Attempt) {
		seq++
		at := t0.Add(after)
		in := incident.Input{At: at, Verdict: judge(probe.ServerError, 500), Attempts: len(attempts)}
		require.NoError(t, s.Commit(t.Context(), &Batch{Seq: seq, At: at, Entries: []Entry{{Probe: id, Input: in, Attempts: attempts}}}))
	}
	sight := func(excerpt, trace string) probe.Attempt {
		return probe.Attempt{Verdict: judge(probe.ServerError, 500), Evidence: probe.Evidence{Excerpt: excerpt, TraceID: trace, Error: "read 127.0.0.1:4000" + trace[:1], RemoteAddr: "192.0.2.1:443"}}
	}
	see(0, sight("request 17 failed: disk full at 05:00:01", "1a"))
	see(time.Minute, sight("request 18 failed: disk full at 05:01:01", "2b")) // the same, but for its numbers
	see(2*time.Minute, sight("request 19 failed: out of memory", "3c"))       // another text, too soon
	see(11*time.Minute, sight("request 20 failed: out of memory", "4d"))
	see(12*time.Minute, sight("request 17 failed: disk full at 05:00:01", "5e"), sight("another attempt", "6f")) // other facts
	all, err := look(t, s.Path()).Sights(t.Context(), id, t0, forever, 10)
	require.NoError(t, err)
	var seen [][]string
	for _, x := range all {
		var traces []string
		for _, a := range x.Attempts {
			traces = append(traces, a.Evidence.TraceID)
		}
		seen = append(seen, traces)
	}
	require.Equal(t, [][]string{{"5e", "6f"}, {"4d"}, {"1a"}}, seen, "every sight has the traces of its own")
	require.Equal(t, "request 20 failed: out of memory", all[1].Attempts[0].Evidence.Excerpt)
}

func TestALongSightIsShortenedAndNotLost(t *testing.T) {
	var attempts []probe.Attempt
	for i := range 11 {
		header := map[string][]string{}
		for j := range 40 {
			header[fmt.Sprint("x-", j)] = []string{strings.Repeat("h", 250)}
		}
		attempts = append(attempts, probe.Attempt{Verdict: judge(probe.ServerError, 500), Evidence: probe.Evidence{Excerpt: strings.Repeat("x", 2000), Header: header, TraceID: fmt.Sprint(i)}})
	}
	body, err := sightBody(attempts[:3])
	require.NoError(t, err)
	require.LessOrEqual(t, len(body), maxSight)
	var kept []probe.Attempt
	require.NoError(t, json.Unmarshal(body, &kept))
	require.Len(t, kept, 3)
	body, err = sightBody(attempts)
	require.NoError(t, err)
	require.LessOrEqual(t, len(body), maxSight)
	require.NoError(t, json.Unmarshal(body, &kept))
	require.Equal(t, "10", kept[len(kept)-1].Evidence.TraceID)
	require.Equal(t, strings.Repeat("x", 2000), attempts[0].Evidence.Excerpt, "what was given is left as it was")
}
