package incident_test

import (
	"fmt"
	"strings"
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
	fx := incident.Step(*policy, state, in, &f.ids)
	var told []incident.Transition
	for _, follow := range incident.Correlate(f.circles, f.states, probe.ID(id), in, &fx, &f.ids) {
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
	for _, follow := range incident.Correlate(f.circles, f.states, 0, in, &incident.Effects{}, &f.ids) {
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

func TestProbesThatAreRefusedTogetherAreToldOnce(t *testing.T) {
	f := newFleet(t, 5, nil)
	for id := 1; id <= 3; id++ {
		require.Empty(t, f.gets(id, id, denied), "a single refusal is none yet")
	}
	require.Empty(t, f.gets(1, 61, denied))
	require.Empty(t, f.gets(2, 62, denied))
	require.Equal(t, []string{"opened auth_group 1m3s"}, f.gets(3, 63, denied), "three of five")
	group := f.open(credential, probe.KindAuthGroup)
	require.Equal(t, at(1), group.Since)
	require.Equal(t, probe.Critical, group.Severity)
	require.Equal(t, denied, group.Cause)
	require.Equal(t, 3.0, group.Reading.Now)
	require.Equal(t, 5.0, group.Reading.Usual)
	require.Equal(t, []probe.ID{1, 2, 3}, f.told[0].Hits)

	require.Equal(t, []string{"opened auth_failed 2m1s"}, f.gets(1, 121, denied))
	own := f.told[len(f.told)-1].Problem
	require.Equal(t, group.ID, own.Within, "what each has to say is a part of it")
	require.Equal(t, group.ID, f.states[1].Open(probe.KindAuthFailed).Within)

	require.Empty(t, f.gets(2, 122, good))
	require.Empty(t, f.gets(3, 123, good))
	require.Empty(t, f.gets(1, 181, good), "its own incident is open until it is good for long enough")
	require.Empty(t, f.gets(1, 241, good))
	require.Equal(t, []string{"resolved auth_group 5m1s", "resolved auth_failed 5m1s"}, f.gets(1, 301, good))
	require.Equal(t, group.ID, f.told[len(f.told)-1].Problem.Within)
}

func TestRefusalsThatAreNotTogetherAreToldOfEach(t *testing.T) {
	for name, tc := range map[string]struct {
		probes, refused int
		apart           int // seconds between the first refusals
		change          func(i int, m *incident.Member)
		want            bool
	}{
		"three of six":                      {probes: 6, refused: 3, apart: 1, want: true},
		"three of seven are less than half": {probes: 7, refused: 3, apart: 1},
		"two are too few":                   {probes: 3, refused: 2, apart: 1},
		"within ten minutes":                {probes: 3, refused: 3, apart: 240, want: true},
		"not within ten minutes":            {probes: 3, refused: 3, apart: 361},
		"the rule is off":                   {probes: 3, refused: 3, apart: 1, change: func(_ int, m *incident.Member) { m.Policy.Rules.AuthGroup = incident.AuthGroup{} }},
		"each has a credential of its own":  {probes: 3, refused: 3, apart: 1, change: func(_ int, m *incident.Member) { m.Credential = "of/" + m.Name }},
		"who has turned it off is not one of it": {probes: 4, refused: 3, apart: 1, change: func(i int, m *incident.Member) {
			if i == 3 {
				m.Policy.Rules.AuthGroup = incident.AuthGroup{}
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t, tc.probes, tc.change)
			for minute := range 30 {
				for id := 1; id <= tc.refused; id++ {
					if begin := (id - 1) * tc.apart; minute*60+id >= begin && minute*60 < begin+300 {
						f.gets(id, minute*60+id, denied)
					}
				}
			}
			opened := false
			for _, told := range f.told {
				opened = opened || told.Problem.Kind == probe.KindAuthGroup
			}
			require.Equal(t, tc.want, opened)
		})
	}
}

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
