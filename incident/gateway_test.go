package incident_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

func TestAGatewayThatFailsSeveralProbesIsToldOnce(t *testing.T) {
	f := newFleet(t, 4, nil)
	require.Empty(t, f.gets(1, 0, gateway))
	require.Empty(t, f.gets(2, 10, broken), "a 503 is no gateway's word")
	require.Empty(t, f.gets(1, 60, gateway), "one probe alone")
	require.Equal(t, []string{"opened gateway_surge 1m10s"}, f.gets(2, 70, gateway))
	p := f.open(host, probe.KindGatewaySurge)
	require.Equal(t, probe.Warning, p.Severity)
	require.Equal(t, incident.SurgeOpen, p.Stage)
	require.Equal(t, 3, p.Failures)
	require.Equal(t, []string{"escalated gateway_surge 2m0s", "opened down 2m0s"}, f.gets(1, 120, gateway), "it lasts, and half of them are hit")

	require.Empty(t, f.gets(3, 130, good), "who was not hit says nothing")
	require.Equal(t, incident.SurgeOpen, p.Stage)
	require.Equal(t, []string{"staged gateway_surge 2m10s"}, f.gets(2, 130, good))
	p = f.open(host, probe.KindGatewaySurge)
	require.Equal(t, incident.SurgeHalfOpen, p.Stage, "the first good answer")
	require.Equal(t, []string{"staged gateway_surge 3m0s"}, f.gets(1, 180, gateway))
	require.False(t, incident.HalfOpen(f.open(host, probe.KindGatewaySurge).Stage))
	require.Empty(t, f.gets(2, 190, good), "it was wrong once: one good answer says less now")
	require.Equal(t, []string{"staged gateway_surge 4m0s"}, f.gets(1, 240, good))
	require.True(t, incident.HalfOpen(f.open(host, probe.KindGatewaySurge).Stage))
	require.Equal(t, []string{"resolved gateway_surge 5m10s"}, f.gets(2, 310, good))
	require.Equal(t, []string{"closed gateway_surge 1h5m10s", "resolved down 1h6m40s"}, f.gets(1, 4000, good))
	require.NotContains(t, f.states, host.ID(), "nothing is remembered of what is over")
}

// A gateway that lets every other request through is open: a breaker that turned with each
// answer would protect nobody, and its messages would be a flood.
func TestAnswersThatAlternateAreNotToldEach(t *testing.T) {
	f := newFleet(t, 2, nil)
	staged := 0
	for second := 0; second < 3600; second += 10 {
		v := gateway
		if second/10%4 >= 2 {
			v = good
		}
		for _, told := range f.gets(1+second/10%2, second, v) {
			if strings.HasPrefix(told, "staged") {
				staged++
			}
		}
	}
	require.Equal(t, 4, staged, "open and half open, twice")
	require.False(t, incident.HalfOpen(f.open(host, probe.KindGatewaySurge).Stage))
}

func TestGatewayErrorsThatLieFarApartAreNoSurge(t *testing.T) {
	f := newFleet(t, 2, nil)
	f.gets(1, 0, gateway)
	f.gets(2, 60, gateway)
	require.Empty(t, f.gets(1, 301, gateway), "the first one counts no more")
	require.Equal(t, []string{"opened gateway_surge 5m30s"}, f.gets(2, 330, gateway))
	require.Empty(t, f.gets(1, 600, broken))
	require.Equal(t, []string{"resolved gateway_surge 10m31s"}, f.ticks(631, 0), "none came for five minutes")
}
