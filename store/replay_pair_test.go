package store

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// replayed is the memory behind the log of a world, from its beginning: stepped one entry after the
// other, and on two processors, with what waits at the end of a segment at once or later.
func (w *world) replayed() (one, two *Memory) {
	known := w.probes
	serial, p := NewMemory().follower(known, placesOf(known)), newPair(NewMemory().follower(known, placesOf(known)))
	p.least = 1
	require.NoError(w.t, serial.followTo(w.t.Context(), w.s.db, math.MaxInt64))
	require.NoError(w.t, eachSegment(context.Background(), w.s.db, 0, math.MaxInt64, func(seq int64, packed []byte) error {
		if seq%3 == 0 {
			p.flush()
		}
		return p.segment(seq, packed)
	}))
	p.flush()
	return serial.m, p.f.m
}

// alone has probes share nothing, from one on.
func (w *world) alone(from int) {
	for i := from; i < len(w.probes); i++ {
		p := &w.probes[i]
		p.Subject.URL, p.Credential, p.Subject.Group, p.Pledge = fmt.Sprintf("https://%d.example.com/", i), "", "", Pledge{}
	}
	w.revise()
}

func TestTwoProcessorsReplayAsOne(t *testing.T) {
	t.Parallel()
	for seed := range worlds() {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			w := newWorld(t, seed, 12)
			w.alone(int(seed % 4))
			for range 5 {
				w.happen(300)
				w.commit(false)
				one, two := w.replayed()
				require.Equal(t, one, two)
				require.Equal(t, w.memory, two)
			}
			require.Greater(t, count(t, w.s, "SELECT count(*) FROM incidents"), 20)
		})
	}
}

// result has a probe have a result, and returns what follows from it.
func (w *world) result(i int, at time.Time, verdict probe.Verdict) incident.Effects {
	e := Entry{Probe: w.probes[i].ID, Input: incident.Input{At: at, Verdict: verdict, Attempts: 1}}
	fx := w.memory.Step(w.probes[i].Policy, &e)
	w.correlate(&e, &fx)
	w.batch.Entries, w.batch.Effects = append(w.batch.Entries, e), append(w.batch.Effects, Effect{e.Probe, fx})
	return fx
}

// Incidents have the ids that they were told under, though both processors open some at once.
func TestTwoProcessorsGiveIncidentsTheirIDs(t *testing.T) {
	w := newWorld(t, 1, 9)
	w.alone(0)
	ids := map[incident.ID]probe.ID{}
	for minute := range 10 {
		for i := range w.probes {
			i = (i*5 + minute) % len(w.probes) // in another order each time
			fx := w.result(i, t0.Add(time.Duration(minute)*time.Minute+time.Duration(i)*time.Second), judge(probe.ServerError, 503))
			for _, told := range fx.Transitions {
				ids[told.Problem.ID] = w.probes[i].ID
			}
		}
	}
	w.memory.Seq++
	w.batch.Seq, w.batch.At = w.memory.Seq, t0
	require.NoError(t, w.s.Commit(t.Context(), &w.batch))
	_, two := w.replayed()
	require.Equal(t, w.memory, two)
	require.Greater(t, len(ids), 9)
	for id, of := range ids {
		if id < two.IDs.Next && of > 0 {
			require.Contains(t, identities(two.States[of]), id)
		}
	}
}

func identities(s *incident.State) (ids []incident.ID) {
	for i := range s.Problems {
		ids = append(ids, s.Problems[i].ID)
	}
	return ids
}

// What is a part of something larger names it by its id: also that one is known only when all is stepped.
func TestTwoProcessorsNameWhatAnIncidentIsAPartOf(t *testing.T) {
	w := newWorld(t, 1, 9)
	w.alone(5)
	for minute := range 10 {
		for i := range w.probes {
			verdict := judge(probe.ServerError, 503)
			if i < 5 { // those who share a credential
				verdict = judge(probe.Unauthenticated, 401)
			}
			w.result(i, t0.Add(time.Duration(minute)*time.Minute+time.Duration(8-i)*time.Second), verdict)
		}
	}
	w.commit(false)
	_, two := w.replayed()
	require.Equal(t, w.memory, two)
	parts := 0
	for _, p := range w.probes {
		for _, problem := range two.States[p.ID].Problems {
			if problem.Within != 0 {
				parts++
			}
		}
	}
	require.Positive(t, parts)
}
