package incident_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// together are the rules about several probes as they are shipped.
var together = incident.Rules{
	AuthGroup:    incident.AuthGroup{Probes: 3, Share: 0.5, Within: 10 * time.Minute},
	GatewaySurge: incident.GatewaySurge{Probes: 2, Within: 5 * time.Minute},
	NoData:       incident.NoData{After: 2 * time.Minute, Intervals: 3}, ProberNetwork: incident.ProberNetwork{After: time.Minute}, Prober: true,
}

// fleet are several probes, and what they share.
type fleet struct {
	t       testing.TB
	members []incident.Member
	circles *incident.Circles
	states  incident.States
	ids     incident.Sequence
	told    []incident.Transition // of all, in order
	about   []string              // what each is about
}

// newFleet makes probes 1..n that share all there is to share.
func newFleet(t testing.TB, n int, change func(i int, m *incident.Member)) *fleet {
	f := &fleet{t: t, states: incident.States{}}
	for i := 1; i <= n; i++ {
		policy := usual(60)
		policy.Rules = together
		m := incident.Member{ID: probe.ID(i), Name: fmt.Sprintf("p%d", i), Policy: &policy, Credential: "of/p1", Host: "api.example.com"}
		if change != nil {
			change(i, &m)
		}
		f.members = append(f.members, m)
	}
	f.circles = incident.NewCircles(f.members)
	return f
}

// give gives an input of a probe, and says what it told: "opened auth_group 2m0s".
func (f *fleet) give(id int, in incident.Input) []string {
	policy := f.members[id-1].Policy
	state := f.states[probe.ID(id)]
	if state == nil {
		state = &incident.State{}
		f.states[probe.ID(id)] = state
	}
	fx := incident.Step(policy, state, &in, &f.ids)
	var told []incident.Transition
	for _, follow := range incident.Correlate(f.circles, f.states, probe.ID(id), &in, &fx, &f.ids) {
		told = append(told, follow.Transitions...)
		for range follow.Transitions {
			f.about = append(f.about, follow.Circle.String())
		}
	}
	told = append(told, fx.Transitions...)
	for range fx.Transitions {
		f.about = append(f.about, f.members[id-1].Name)
	}
	f.told = append(f.told, told...)
	return lines(told)
}

// gets gives a scheduled result of a probe at a second.
func (f *fleet) gets(id, second int, v probe.Verdict) []string {
	return f.give(id, incident.Input{At: at(second), Verdict: v, Attempts: 1})
}

// ticks lets a second pass at which so many have no data.
func (f *fleet) ticks(second, silent int) []string {
	in := incident.Input{Kind: incident.Idle, At: at(second), Verdict: probe.Miss(probe.NoData), Attempts: silent}
	var told []incident.Transition
	for _, follow := range incident.Correlate(f.circles, f.states, 0, &in, &incident.Effects{}, &f.ids) {
		told = append(told, follow.Transitions...)
	}
	f.told = append(f.told, told...)
	return lines(told)
}

// open is the open incident of a kind about what is shared; nil if there is none.
func (f *fleet) open(bond incident.Bond, kind probe.Kind) *incident.Problem {
	if s := f.states[bond.ID()]; s != nil {
		return s.Open(kind)
	}
	return nil
}

var (
	credential = incident.Bond{Tie: incident.TieCredential, Key: "of/p1"}
	host       = incident.Bond{Tie: incident.TieHost, Key: "api.example.com"}
	network    = incident.Bond{Tie: incident.TieNetwork}
	prober     = incident.Bond{Tie: incident.TieProber}
)

func TestDeadlinesOfWhatIsSharedFireWithoutResults(t *testing.T) {
	f := newFleet(t, 3, func(_ int, m *incident.Member) { m.Policy.RemindEvery = 4 * time.Hour })
	for second := 0; second <= 60; second += 60 {
		for id := 1; id <= 3; id++ {
			f.gets(id, second+id, denied)
		}
	}
	require.NotNil(t, f.open(credential, probe.KindAuthGroup))
	require.False(t, f.circles.Wakes(f.states, 0, at(4*3600)))
	require.True(t, f.circles.Wakes(f.states, 0, at(4*3600+63)))
	require.Equal(t, []string{"reminded auth_group 4h1m3s"}, f.ticks(4*3600+70, 0))
	f.gets(1, 5*3600, good)
	f.gets(2, 5*3600, good)
	require.Equal(t, []string{"resolved auth_group 5h0m0s"}, f.gets(3, 5*3600, good))
	require.True(t, f.circles.Wakes(f.states, 0, at(6*3600)))
	require.Equal(t, []string{"closed auth_group 6h0m0s"}, f.ticks(6*3600+20, 0))
	require.Len(t, f.states, 3)
}

func TestWhatIsNotSharedAnyMoreIsWithdrawn(t *testing.T) {
	f := newFleet(t, 3, nil)
	for second := 0; second <= 60; second += 60 {
		for id := 1; id <= 3; id++ {
			f.gets(id, second+id, denied)
		}
	}
	kept := incident.NewCircles(f.members[:2])
	require.Empty(t, incident.Reconfigure(f.circles, kept, f.states, at(100)), "two still share it")
	require.Len(t, f.states[credential.ID()].Shared.Hits, 2)
	follows := incident.Reconfigure(kept, incident.NewCircles(f.members[:1]), f.states, at(200))
	require.Len(t, follows, 1)
	require.Equal(t, []string{"withdrawn auth_group 3m20s"}, lines(follows[0].Transitions))
	require.Equal(t, "credential of p1 and 1 more", follows[0].Circle.Title)
	require.NotContains(t, f.states, credential.ID())
}
