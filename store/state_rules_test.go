package store

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// What the rules remember of days is the same after a restart, to the last bit, and goes on
// the same.
func TestWhatIsRememberedOfDaysSurvivesARestart(t *testing.T) {
	rnd := rand.New(rand.NewPCG(41, 42))
	p := watched("a", time.Minute)
	m := NewMemory()
	var restarted *Memory
	step := func(m *Memory, in incident.Input) incident.Effects {
		return m.Step(p.Policy, &Entry{Probe: 1, Input: in})
	}
	for i := range 5 * 24 * 60 {
		in := incident.Input{At: t0.Add(time.Duration(i) * time.Minute), Verdict: judge(probe.OK, 200), Attempts: 1}
		in.Timings.Total = time.Duration(50_000+rnd.IntN(50_000)) * time.Microsecond
		switch {
		case i > 4*24*60:
			in.Timings.Total *= 3
		case rnd.IntN(200) == 0:
			in.Verdict = judge(probe.ServerError, 503)
		case rnd.IntN(100) == 0:
			in.Verdict = judge(probe.Throttled, 429)
		}
		fx := step(m, in)
		if i%997 == 0 {
			alone := statePacker{base: in.At}
			alone.state(m.State(1))
			require.Less(t, len(alone.buf), 600)
			var err error
			restarted, err = unpackMemory(packMemory(m))
			require.NoError(t, err)
			require.Equal(t, m, restarted)
			continue
		}
		require.Equal(t, fx, step(restarted, in))
	}
	require.Equal(t, m, restarted)
	s := m.State(1)
	require.NotNil(t, s.Spending)
	require.NotNil(t, s.Open(probe.KindLatency))
	require.NotNil(t, s.Open(probe.KindBudgetThreshold))
}
