package incident_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// event is something that happens to a fleet: an input of a probe, or, of probe 0, a tick.
type event struct {
	id     int
	second int
	v      probe.Verdict
	silent int
}

// happenings are rounds of a fleet, in each of which every probe has one result: each in its
// own phase, mostly of the mood that all are in.
func happenings(rnd *rand.Rand, probes, rounds int) [][]event {
	moods := []probe.Verdict{good, good, denied, gateway, blind, broken, refused, slow}
	mood := 0
	var all [][]event
	for round := range rounds {
		if rnd.IntN(5) == 0 {
			mood = rnd.IntN(len(moods))
		}
		var events []event
		for id := 1; id <= probes; id++ {
			v := moods[mood]
			if rnd.IntN(6) == 0 {
				v = moods[rnd.IntN(len(moods))]
			}
			events = append(events, event{id: id, second: 60*round + id, v: v})
		}
		all = append(all, events)
		all = append(all, []event{{second: 60*round + probes + 1, silent: rnd.IntN(3 * probes)}})
	}
	return all
}

func (f *fleet) happen(e event) {
	if e.id == 0 {
		f.ticks(e.second, e.silent)
		return
	}
	f.gets(e.id, e.second, e.v)
}

// batch lets events happen that came together, in the order that is settled for those.
func (f *fleet) batch(events []event) {
	events = slices.Clone(events)
	slices.SortFunc(events, func(a, b event) int {
		return incident.InOrder(probe.ID(a.id), at(a.second), probe.ID(b.id), at(b.second))
	})
	for _, e := range events {
		f.happen(e)
	}
}

// ofAll gives a probe all that it may share with others, each by a rule that is easily met.
func ofAll(_ int, m *incident.Member) {
	m.Group, m.Promise = "payments", &incident.Promise{
		Objectives: []slo.Objective{{BadPPM: 1000, Window: slo.Rolling(30 * 24 * time.Hour)}},
		Alerts:     incident.BudgetRules{Fast: true, Slow: true, Levels: []int{50, 80, 100}},
	}
	m.Policy.Rules.GroupRate = &incident.Rate{Class: probe.ClassServerError, Over: 5 * time.Minute, Above: 10_000, MinSamples: 10}
}

// lawful holds what was told to what must be true of any fleet.
func (f *fleet) lawful() {
	open := map[incident.ID]bool{}
	ids := map[incident.ID]probe.Kind{}
	for _, t := range f.told {
		p := t.Problem
		if kind, known := ids[p.ID]; known && kind != p.Kind && p.Kind != probe.KindDown && kind != probe.KindDown {
			require.Fail(f.t, "one id for two incidents")
		}
		ids[p.ID] = p.Kind
		switch t.Change {
		case incident.Opened, incident.Reopened:
			require.False(f.t, open[p.ID], "nothing opens twice")
			open[p.ID] = true
			if p.Within != 0 {
				require.True(f.t, open[p.Within], "it is a part of what is open")
				require.Equal(f.t, probe.KindAuthFailed, p.Kind)
			}
		case incident.Resolved, incident.Withdrawn:
			require.True(f.t, open[p.ID])
			delete(open, p.ID)
		}
		require.False(f.t, p.OpenedAt.Before(p.Since))
		require.False(f.t, !p.RecoveredAt.IsZero() && p.RecoveredAt.Before(p.OpenedAt) && p.Phase != incident.Open)
	}
	for id, s := range f.states {
		kinds := map[probe.Kind]bool{}
		for i := range s.Problems {
			require.False(f.t, kinds[s.Problems[i].Kind], "at most one incident of a kind")
			kinds[s.Problems[i].Kind] = true
		}
		if id < 0 {
			require.True(f.t, len(s.Problems) > 0 || len(s.Shared.Hits) > 0, "nothing is remembered where nothing is wrong")
			require.True(f.t, slices.IsSortedFunc(s.Shared.Hits, func(a, b incident.Hit) int { return int(a.Probe - b.Probe) }))
		}
	}
}

func TestLawsHoldForAnyFleet(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 22))
	seen := map[probe.Kind]int{}
	for range 150 {
		f := newFleet(t, 1+rnd.IntN(6), nil)
		for _, events := range happenings(rnd, len(f.members), 60) {
			for _, e := range events {
				f.happen(e)
			}
		}
		f.lawful()
		for _, told := range f.told {
			seen[told.Problem.Kind]++
		}
	}
	for _, kind := range []probe.Kind{probe.KindAuthGroup, probe.KindGatewaySurge, probe.KindProberNetwork, probe.KindProber, probe.KindAuthFailed, probe.KindDown} {
		require.Greater(t, seen[kind], 50, "the fleets must show %s", kind)
	}
}

func TestTheSameFleetComesToTheSame(t *testing.T) {
	rnd := rand.New(rand.NewPCG(23, 24))
	for range 50 {
		f, again := newFleet(t, 4, nil), newFleet(t, 4, nil)
		stop := rnd.IntN(60)
		for i, events := range happenings(rnd, 4, 60) {
			if i == stop { // as if sonde were started from a checkpoint
				for id, s := range again.states {
					again.states[id] = s.Clone()
				}
			}
			for _, e := range events {
				f.happen(e)
				again.happen(e)
			}
		}
		require.Equal(t, f.told, again.told)
		require.Equal(t, f.states, again.states)
	}
}

// What came together is looked at together, in one order.
func TestTheOrderInWhichProbesComeDoesNotMatter(t *testing.T) {
	shared := []incident.Bond{credential, host, network, prober, {Tie: incident.TieGroup, Key: "payments"}, {Tie: incident.TiePromise, Key: "payments"}}
	seen := map[probe.Kind]int{}
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 27))
		f, other := newFleet(t, 6, ofAll), newFleet(t, 6, ofAll)
		for _, events := range happenings(rnd, 6, 30) {
			if rnd.IntN(3) == 0 {
				for i := range events { // all of the same instant
					events[i].second = events[len(events)-1].second
				}
			}
			f.batch(events)
			shuffled := make([]event, len(events))
			for i, place := range rnd.Perm(len(events)) {
				shuffled[i] = events[place]
			}
			other.batch(shuffled)
			for _, bond := range shared {
				require.Equal(t, f.states[bond.ID()], other.states[bond.ID()], "seed %d: %s", seed, bond)
			}
		}
		require.Equal(t, f.states, other.states, "seed %d", seed)
		require.Equal(t, f.told, other.told, "seed %d", seed)
		require.Equal(t, f.about, other.about, "seed %d", seed)
		for _, told := range f.told {
			seen[told.Problem.Kind]++
		}
	}
	for _, kind := range []probe.Kind{probe.KindDown, probe.KindAuthFailed, probe.KindAuthGroup, probe.KindGatewaySurge, probe.KindProberNetwork, probe.KindProber, probe.KindGroupRate, probe.KindBudgetFast} {
		require.Greater(t, seen[kind], 10, "the fleets must show %s", kind)
	}
}

// Results that come apart, each with seconds to the next, may come in any order, too, for some
// answers take longer. What is open afterwards is the same but for what was decided in between:
// whoever does not wait for the slowest may see the answers that end an incident before those that
// prolong it, and is not to wait, because people would hear of every opening later.
func TestResultsThatComeLateHardlyMatter(t *testing.T) {
	rnd := rand.New(rand.NewPCG(25, 26))
	shared := []incident.Bond{credential, host, network, prober}
	differ, rounds := 0, 0
	for range 60 {
		f, other := newFleet(t, 5, nil), newFleet(t, 5, nil)
		for _, events := range happenings(rnd, 5, 40) {
			for _, e := range events {
				f.happen(e)
			}
			for _, i := range rnd.Perm(len(events)) {
				other.happen(events[i])
			}
			for id := range probe.ID(5) {
				require.Equal(t, kindsOf(f.states[id+1]), kindsOf(other.states[id+1]), "what each probe has is its own")
			}
			for _, bond := range shared {
				rounds++
				a, b := f.states[bond.ID()], other.states[bond.ID()]
				if !maps.Equal(kindsOf(a), kindsOf(b)) {
					differ++ // an answer between two failures counts only if it lies between them
				}
				if a != nil && b != nil && bond != host { // whose failures are forgotten by the instant
					require.Equal(t, members(a), members(b), "the same are in trouble: %s", bond)
				}
			}
		}
	}
	require.Less(t, float64(differ)/float64(rounds), 0.004, "%d of %d", differ, rounds)
}

// kindsOf are the kinds of open incidents in a state.
func kindsOf(s *incident.State) map[probe.Kind]bool {
	open := map[probe.Kind]bool{}
	if s != nil {
		for i := range s.Problems {
			if s.Problems[i].Phase == incident.Open {
				open[s.Problems[i].Kind] = true
			}
		}
	}
	return open
}

func members(s *incident.State) (ids []probe.ID) {
	for _, h := range s.Shared.Hits {
		ids = append(ids, h.Probe)
	}
	return ids
}

func TestProbesShareWhatTheyDependOn(t *testing.T) {
	change := func(i int, m *incident.Member) {
		m.Host, m.Parents = m.Name+".example.com", []string{"gateway"}
	}
	f := newFleet(t, 3, change)
	require.NotNil(t, f.circles.Find(incident.Bond{Tie: incident.TieParent, Key: "gateway"}.ID()))
	f.gets(1, 0, gateway)
	f.gets(2, 10, gateway)
	require.Equal(t, []string{"opened gateway_surge 1m0s"}, f.gets(1, 60, gateway))
	require.Equal(t, "parent/gateway", f.about[len(f.about)-1])

	f = newFleet(t, 3, func(_ int, m *incident.Member) { m.Parents = []string{"gateway"} })
	require.Nil(t, f.circles.Find(incident.Bond{Tie: incident.TieParent, Key: "gateway"}.ID()), "the same probes share a host: told once")
}

func BenchmarkCorrelate(b *testing.B) {
	f := newFleet(b, 1000, nil)
	for id := 1; id <= 1000; id++ {
		f.gets(id, 0, good)
	}
	state := f.states[1]
	in := incident.Input{At: state.Last.At, Verdict: good, Attempts: 1}
	var fx incident.Effects
	b.ReportAllocs()
	for b.Loop() {
		incident.Correlate(f.circles, f.states, 1, &in, &fx, &f.ids)
	}
}
