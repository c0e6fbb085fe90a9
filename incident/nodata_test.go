package incident_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

func TestAProbeWithoutDataIsTold(t *testing.T) {
	f := newFleet(t, 1, nil)
	f.gets(1, 0, good)
	state, policy := f.states[1], f.members[0].Policy
	require.False(t, state.Silent(policy, at(-100), at(179)))
	require.True(t, state.Silent(policy, at(-100), at(180)))
	require.False(t, state.Silent(policy, at(30), at(180)), "nobody watched it before")
	nothing := incident.Input{Kind: incident.Idle, At: at(180), Verdict: probe.Miss(probe.NoData)}
	require.Equal(t, []string{"opened no_data 3m0s"}, f.give(1, nothing))
	require.Empty(t, f.give(1, nothing), "once")
	p := f.states[1].Open(probe.KindNoData)
	require.Equal(t, at(0), p.Since)
	require.Equal(t, probe.NoData, p.Cause.Reason)
	require.Equal(t, []string{"resolved no_data 5m0s"}, f.gets(1, 300, broken), "whatever came, it is known")

	f.gets(1, 360, judge(probe.ProberResource, 0))
	f.gets(1, 420, judge(probe.ProberResource, 0))
	require.True(t, f.states[1].Silent(policy, at(0), at(480)), "what says nothing of the target is no data")
	nothing.At = at(480)
	require.Equal(t, []string{"reopened no_data 8m0s"}, f.give(1, nothing))
	require.Equal(t, probe.ProberResource, f.states[1].Open(probe.KindNoData).Cause.Reason, "but it says why")
	f.gets(1, 490, blind)
	require.False(t, f.states[1].Silent(policy, at(0), at(10_000)), "that is told of the network")
}

func TestMostProbesWithoutDataAreToldOnce(t *testing.T) {
	f := newFleet(t, 5, nil)
	require.False(t, f.circles.Wakes(f.states, 2, at(0)))
	require.Empty(t, f.ticks(0, 2))
	require.True(t, f.circles.Wakes(f.states, 3, at(200)))
	require.True(t, f.circles.Frozen(f.states, 3))
	require.Equal(t, []string{"opened prober 3m20s"}, f.ticks(200, 3))
	require.Equal(t, probe.Critical, f.open(prober, probe.KindProber).Severity)
	require.False(t, f.circles.Wakes(f.states, 4, at(215)))
	require.Empty(t, f.ticks(215, 4))
	require.True(t, f.circles.Wakes(f.states, 1, at(230)))
	require.Equal(t, []string{"resolved prober 3m50s"}, f.ticks(230, 1))
	require.False(t, newFleet(t, 1, nil).circles.Frozen(incident.States{}, 1), "one probe speaks for itself")
}
