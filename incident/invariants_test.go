package incident_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// history plays a script and returns the final state and all effects.
func history(data []byte, check func(move, *incident.State, *incident.State, incident.Effects)) (incident.State, []incident.Effects) {
	var s incident.State
	var ids incident.Sequence
	var all []incident.Effects
	moves(data, func(m move) time.Time {
		before := s.Clone()
		fx := incident.Step(&m.policy, &s, &m.in, &ids)
		all = append(all, fx)
		if check != nil {
			check(m, before, &s, fx)
		}
		return s.Due
	})
	return s, all
}

func randomScript(rnd *rand.Rand) []byte {
	data := make([]byte, 2*rnd.IntN(200))
	trouble := rnd.IntN(16) // long rows of one answer make things happen
	for i := range data {
		data[i] = byte(rnd.IntN(256))
		if i%2 == 1 && rnd.IntN(3) > 0 {
			data[i] = byte(trouble + 16*rnd.IntN(14))
		}
		if rnd.IntN(20) == 0 {
			trouble = rnd.IntN(16)
		}
	}
	return data
}

func TestLawsHoldForAnySequence(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	seen, kinds := map[incident.Change]int{}, map[probe.Kind]int{}
	for range rounds(2000) {
		data := randomScript(rnd)
		l := law{t: t, phase: map[probe.Kind]incident.Problem{}}
		_, all := history(data, l.check)
		for _, fx := range all {
			for _, told := range fx.Transitions {
				seen[told.Change]++
				kinds[told.Problem.Kind]++
			}
		}
	}
	for _, kind := range []probe.Kind{probe.KindCache, probe.KindBudgetFast, probe.KindBudgetSlow, probe.KindBudgetThreshold,
		probe.KindClientFault, probe.KindRateLimited, probe.KindAuthBypass, probe.KindCodeAnomaly, probe.KindGroupRate} {
		require.Greater(t, kinds[kind], rounds(50), "the sequences must show %s", kind)
	}
	for _, change := range []incident.Change{
		incident.Opened, incident.Changed, incident.Reminded, incident.Resolved, incident.Reopened, incident.ClosedNow, incident.Escalated, incident.Overdue, incident.Risen,
		incident.Settled, incident.Withdrawn,
	} {
		require.Greater(t, seen[change], rounds(50), "the sequences must show %s", change)
	}
}

func TestTheSameInputsGiveTheSameStateAndEffects(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	for range rounds(1500) {
		data := randomScript(rnd)
		var asTold []string
		state, all := history(data, func(_ move, _, _ *incident.State, fx incident.Effects) { asTold = append(asTold, fmt.Sprint(fx)) })
		again, allAgain := history(data, nil)
		require.Equal(t, state, again)
		require.Equal(t, all, allAgain)
		for i, fx := range all {
			require.Equal(t, asTold[i], fmt.Sprint(fx), "later steps leave alone what was told")
		}
	}
}

func TestAStateThatWasCopiedGoesOnTheSame(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	for range rounds(1000) {
		var s incident.State
		var restored *incident.State
		var ids, restoredIDs incident.Sequence
		stop := rnd.IntN(100)
		moves(randomScript(rnd), func(m move) time.Time {
			if stop--; stop == 0 { // as if sonde were started from a checkpoint
				restored, restoredIDs = s.Clone(), ids
			}
			fx := incident.Step(&m.policy, &s, &m.in, &ids)
			if restored != nil {
				require.Equal(t, fx, incident.Step(&m.policy, restored, &m.in, &restoredIDs))
				require.Equal(t, s, *restored)
			}
			return s.Due
		})
	}
}

func FuzzStep(f *testing.F) {
	rnd := rand.New(rand.NewPCG(13, 14))
	for range 20 {
		f.Add(randomScript(rnd))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 400 {
			return
		}
		l := law{t: t, phase: map[probe.Kind]incident.Problem{}}
		b := book{t: t}
		state, all := history(data, func(m move, before, after *incident.State, fx incident.Effects) {
			l.check(m, before, after, fx)
			b.enter(m)
			b.keep(fx)
		})
		b.compare(&state)
		_, again := history(data, nil)
		require.Equal(t, all, again)
	})
}
