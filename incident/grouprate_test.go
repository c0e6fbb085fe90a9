package incident_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// ofGroup puts the probes of a fleet into a group with a rate.
func ofGroup(rate incident.Rate) func(int, *incident.Member) {
	return func(_ int, m *incident.Member) {
		m.Policy.Interval, m.Group, m.Policy.Rules = 10*time.Second, "payments", incident.Rules{GroupRate: &rate}
	}
}

func TestTheRateOfAGroupIsThatOfAllItsProbes(t *testing.T) {
	rate := incident.Rate{Class: probe.ClassServerError, Over: 5 * time.Minute, Above: 10_000, MinSamples: 100}
	payments := incident.Bond{Tie: incident.TieGroup, Key: "payments"}
	f := newFleet(t, 5, ofGroup(rate))
	round := func(second int, bad ...int) (told []string) {
		for id := 1; id <= 5; id++ {
			v := good
			for _, one := range bad {
				if one == id {
					v = broken
				}
			}
			told = append(told, f.gets(id, second+id, v)...)
		}
		return told
	}
	require.Empty(t, round(0, 1, 2), "two of five results are too few to tell")
	for second := 10; second < 200; second += 10 {
		require.Empty(t, round(second))
	}
	require.Equal(t, []string{"opened group_rate 3m21s"}, round(200, 1), "the third one of 101")
	p := f.open(payments, probe.KindGroupRate)
	require.Equal(t, probe.Critical, p.Severity)
	require.Equal(t, 0.01, p.Reading.Usual)
	require.InDelta(t, 3.0/101, p.Reading.Now, 1e-9)
	require.Equal(t, 101, p.Reading.Samples)
	for second := 210; second < 900 && f.open(payments, probe.KindGroupRate) != nil; second += 10 {
		round(second)
	}
	require.Nil(t, f.open(payments, probe.KindGroupRate))
	require.Equal(t, "resolved group_rate", f.told[len(f.told)-1].Change.String()+" "+f.told[len(f.told)-1].Problem.Kind.String())

	f = newFleet(t, 5, ofGroup(rate))
	for second := 0; second < 600; second += 10 {
		round(second, 3)
	}
	require.Nil(t, f.open(payments, probe.KindGroupRate), "one probe that fails is told in its own name")
	f = newFleet(t, 5, ofGroup(rate))
	for second := 0; second < 600; second += 10 {
		round(second, 1, 2)
	}
	require.NotNil(t, f.open(payments, probe.KindGroupRate))
	require.False(t, f.circles.Wakes(f.states, 0, at(700)))
	require.True(t, f.circles.Wakes(f.states, 0, at(900)))
	require.Equal(t, []string{"resolved group_rate 15m0s"}, f.ticks(900, 0), "although no result comes")
}
