package incident_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

func TestOurOwnNetworkIsToldOnce(t *testing.T) {
	f := newFleet(t, 4, func(i int, m *incident.Member) { m.Policy.Local = i == 4 })
	for id := 1; id <= 3; id++ {
		require.Empty(t, f.gets(id, id, blind))
	}
	f.gets(4, 4, good)
	require.Equal(t, []string{"opened prober_network 1m1s"}, f.gets(1, 61, blind))
	require.Equal(t, probe.Critical, f.open(network, probe.KindProberNetwork).Severity, "all but the one that needs no network")
	require.Equal(t, 3.0, f.open(network, probe.KindProberNetwork).Reading.Usual)
	f.gets(2, 62, blind)
	require.Empty(t, f.gets(4, 64, good), "which does not show that it is back")
	require.True(t, f.circles.Frozen(f.states, 0))
	require.Empty(t, f.gets(1, 121, good))
	require.Empty(t, f.gets(2, 122, refused), "an answer that is no success is one: references do")
	require.Equal(t, []string{"resolved prober_network 2m3s"}, f.gets(3, 123, good))
	require.False(t, f.circles.Frozen(f.states, 0))
	for _, told := range f.told {
		require.NotEqual(t, probe.KindDown, told.Problem.Kind)
	}
}

func TestABlipOfOurNetworkIsNotTold(t *testing.T) {
	f := newFleet(t, 3, nil)
	for minute := range 10 {
		for id := 1; id <= 3; id++ {
			v := good
			if minute%2 == 1 {
				v = blind
			}
			require.Empty(t, f.gets(id, 60*minute+id, v))
		}
	}
}

func TestTheNetworkIsBackBeforeTheLastProbeIsAnswered(t *testing.T) {
	f := newFleet(t, 20, nil)
	for second := range 90 {
		f.gets(1+second%20, second+1, blind)
	}
	require.NotNil(t, f.open(network, probe.KindProberNetwork))
	f.gets(1, 100, good)
	f.gets(2, 105, blind)
	f.gets(3, 106, good)
	require.Empty(t, f.gets(4, 110, good), "one that began before may still fail")
	require.Equal(t, []string{"resolved prober_network 2m1s"}, f.gets(5, 121, good))
}

func TestOneProbeWithoutARouteIsAWarning(t *testing.T) {
	f := newFleet(t, 10, nil)
	f.gets(1, 0, blind)
	require.Equal(t, []string{"opened prober_network 1m0s"}, f.gets(1, 60, blind))
	require.Equal(t, probe.Warning, f.open(network, probe.KindProberNetwork).Severity)
	for id := 2; id < 5; id++ {
		require.Empty(t, f.gets(id, 60+id, blind))
	}
	require.Equal(t, []string{"escalated prober_network 1m5s"}, f.gets(5, 65, blind))
}
