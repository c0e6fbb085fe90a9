package incident_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// pooled is a group of probes, and what people hear of what is promised of it.
type pooled struct {
	t        *testing.T
	policies []incident.Policy
	circles  *incident.Circles
	states   incident.States
	ids      incident.Sequence
	told     []string
}

func newPooled(t *testing.T, n, interval int, p incident.Promise) *pooled {
	g := &pooled{t: t, states: incident.States{}}
	var members []incident.Member
	for i := range n {
		policy := usual(interval)
		policy.Thresholds, _ = incident.NewThresholds(p.Objectives)
		g.policies = append(g.policies, policy)
		members = append(members, incident.Member{ID: probe.ID(i + 1), Name: string(rune('a' + i)), Policy: &policy, Group: "payments", Promise: &p})
	}
	g.circles = incident.NewCircles(members)
	return g
}

func promised(t *testing.T, combine slo.Combine, promises ...string) incident.Promise {
	p := incident.Promise{Combine: combine, Alerts: incident.BudgetRules{Fast: true, Slow: true, Levels: []int{50, 80, 100}}}
	for _, written := range promises {
		o, err := slo.ParseObjective(written)
		require.NoError(t, err)
		p.Objectives = append(p.Objectives, o)
	}
	return p
}

// feed gives a member an input.
func (g *pooled) feed(member int, in incident.Input) {
	id := probe.ID(member + 1)
	if g.states[id] == nil {
		g.states[id] = &incident.State{}
	}
	if g.states[id].Stale(&in) {
		return
	}
	fx := incident.Step(&g.policies[member], g.states[id], &in, &g.ids)
	for _, f := range incident.Correlate(g.circles, g.states, id, &in, &fx, &g.ids) {
		for _, x := range f.Transitions {
			if f.Circle.Tie == incident.TiePromise && x.Change != incident.ClosedNow {
				g.told = append(g.told, x.Change.String()+" "+x.Problem.Kind.String()+" "+x.At.Sub(t0).String())
			}
		}
	}
}

// play lets seconds pass, in which members answer as they are said to.
func (g *pooled) play(from, to int, answer func(member, second int) probe.Verdict) {
	interval := int(g.policies[0].Interval / time.Second)
	for second := from; second < to; second++ {
		for m := range g.policies {
			if phase := m * interval / len(g.policies); second%interval == phase {
				g.feed(m, incident.Input{At: at(second), Verdict: answer(m, second), Attempts: 1})
			}
		}
	}
}

func (g *pooled) state() *incident.State { return g.states[promiseID] }

var promiseID = incident.Bond{Tie: incident.TiePromise, Key: "payments"}.ID()

// down has one member fail for a time.
func downFrom(member, from, to int) func(m, second int) probe.Verdict {
	return func(m, second int) probe.Verdict {
		if m == member && second >= from && second < to {
			return broken
		}
		return good
	}
}

func TestTheBudgetOfAGroupIsToldOf(t *testing.T) {
	for name, tc := range map[string]struct {
		combine slo.Combine
		answer  func(m, second int) probe.Verdict
		want    []string
	}{
		"as the worst member is, three bad minutes are three": {slo.Worst, downFrom(1, 3600, 3900), []string{"opened budget_fast 1h3m20s"}},
		"of the sum of three, one that is bad is a third":     {slo.Sum, downFrom(1, 3600, 3900), []string{"opened budget_fast 1h4m20s"}},
		"one bad result is nothing":                           {slo.Worst, downFrom(1, 3600, 3660), nil},
		"nothing bad is nothing":                              {slo.Sum, func(int, int) probe.Verdict { return good }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			g := newPooled(t, 3, 60, promised(t, tc.combine, "99.9% over 30d"))
			g.play(0, 7200, tc.answer)
			require.Equal(t, tc.want, g.told)
		})
	}
}

// TestTheBudgetOfAGroupIsSpentByTheTimeThatWasBad compares with what each slot says.
func TestTheBudgetOfAGroupIsSpentByTheTimeThatWasBad(t *testing.T) {
	for _, combine := range []slo.Combine{slo.Sum, slo.Worst} {
		rnd := rand.New(rand.NewPCG(4, uint64(combine)))
		for range 20 {
			n := 1 + rnd.IntN(5)
			g := newPooled(t, n, 60, promised(t, combine, "50% over 30d"))
			bad := map[[2]int]bool{}
			var pieces []slo.Piece
			g.play(0, 6*3600, func(m, second int) probe.Verdict {
				bad[[2]int{m, second}] = second >= 3600 && second < 5*3600 && rnd.IntN(4) == 0
				if bad[[2]int{m, second}] {
					pieces = append(pieces, slo.Piece{From: at(second), To: at(second + 60), Meaning: slo.MeansBad})
					return broken
				}
				return good
			})
			want := slo.WorstOf(pieces).Bad
			if combine == slo.Sum {
				want = time.Duration(len(pieces)) * time.Minute / time.Duration(n)
			}
			require.NotNil(t, g.state())
			require.InDelta(t, want.Seconds(), g.state().Spending.Of[0].Spent().Seconds(), 1, "%v of %d", combine, n)
		}
	}
}

func TestAGroupRecoversAndForgets(t *testing.T) {
	g := newPooled(t, 2, 60, promised(t, slo.Worst, "99.9% over 30d"))
	g.play(0, 3*3600, downFrom(0, 3600, 4200))
	require.Equal(t, []string{"opened budget_fast 1h3m0s", "opened budget_slow 1h6m0s"}, g.told)
	require.NotNil(t, g.state().Open(probe.KindBudgetFast))
	require.Empty(t, g.state().Shared.Failing())
	g.told = nil
	g.play(3*3600, 12*3600, downFrom(0, 0, 0))
	require.Equal(t, []string{"resolved budget_fast"}, prefixes(g.told))
	g.play(12*3600, 34*24*3600, downFrom(0, 0, 0))
	require.Nil(t, g.state(), "nothing of it matters any more")
}

func prefixes(told []string) (all []string) {
	for _, s := range told {
		for i := len(s) - 1; i > 0; i-- {
			if s[i] == ' ' {
				all = append(all, s[:i])
				break
			}
		}
	}
	return all
}

func TestWhileTheProberIsAwayABudgetIsNotSpent(t *testing.T) {
	g := newPooled(t, 2, 60, promised(t, slo.Worst, "99.9% over 30d"))
	g.play(0, 600, downFrom(0, 300, 600))
	spent := g.state().Spending.Of[0].Spent()
	g.play(86_400, 86_460, downFrom(0, 0, 0))
	require.LessOrEqual(t, g.state().Spending.Of[0].Spent()-spent, 3*time.Minute, "a slot stands for two intervals at most")
}

func TestTheLatencyOfAGroupIsFollowed(t *testing.T) {
	g := newPooled(t, 2, 60, promised(t, slo.Worst, "latency 500ms for 99.9% over 30d", "99.9% over 30d"))
	for minute := range 180 {
		for m := range 2 {
			in := incident.Input{At: at(minute*60 + m*30), Verdict: good, Attempts: 1, Elapsed: 100 * time.Millisecond}
			if m == 1 && minute >= 60 && minute < 70 {
				in.Elapsed = time.Second
			}
			g.feed(m, in)
		}
	}
	require.Equal(t, []string{"opened budget_fast", "opened budget_slow"}, prefixes(g.told))
	require.Equal(t, 1, g.state().Open(probe.KindBudgetFast).Reading.Level, "the first of the promises")
}
