package notify_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

func TestWhatDependsOnSomethingThatIsDownIsToldWhenThatIsUp(t *testing.T) {
	f := newFloor(t, nil, []probe.ID{1}, []probe.ID{2})
	f.play(2, fine, fine, fine)
	require.Equal(t, []string{"opened down of p1"}, f.play(10, broken, broken, broken), "near and far")
	require.Equal(t, notify.Dependents{Total: 2, Failing: 2, Names: []string{"p2", "p3"}}, f.desk.Dependents(1))
	require.Equal(t, notify.WhyParent, f.stored[incident.FirstID+1].Why)
	require.Equal(t, []string{"resolved down of p1", "opened down of p2"}, f.play(10, fine, broken, broken))
	require.Equal(t, []string{"resolved down of p2", "opened down of p3"}, f.play(10, fine, fine, broken))
	require.Equal(t, []string{"resolved down of p3"}, f.play(10, fine, fine, fine))
	require.Empty(t, f.stored)
}

func TestWhatIsOnlyDegradedAgainKeepsNothingBack(t *testing.T) {
	f := newFloor(t, nil, []probe.ID{1})
	for id, w := range f.watched {
		w.Policy.Rules = incident.UsualRules()
		f.watched[id] = w
	}
	for range 4 {
		f.play(1, broken, fine)
		f.play(1, fine, fine)
	}
	require.Equal(t, []string{"risen down of p1"}, f.play(6, broken, broken))
	require.Equal(t, []string{"opened down of p2"}, f.play(5, fine, broken), "the parent answers, and the child does not")
	require.NotNil(t, f.states[1].Open(probe.KindDegraded))
	f.play(5, broken, broken) // the parent is down once more
	require.NotNil(t, f.states[1].Open(probe.KindDown))
	require.Equal(t, []string{"resolved down of p2"}, f.play(5, broken, fine), "a recovery is told, whatever the parent does")
	require.Empty(t, f.play(5, broken, broken), "a relapse is an opening")
}

func TestNobodyHearsOfWhatRecoversWithWhatItDependsOn(t *testing.T) {
	f := newFloor(t, nil, []probe.ID{1})
	f.play(10, broken, broken)
	require.Equal(t, []string{"resolved down of p1"}, f.play(5, fine, fine), "which of them is seen first")
	require.Equal(t, []string{"opened down of p2"}, f.play(5, fine, broken), "a relapse is the first that they hear of it")
	require.Equal(t, []string{"settled down of p2"}, f.play(60, fine, fine))
}

func TestAChildThatFailsFirstWaitsUntilItsParentIsDecided(t *testing.T) {
	f := newFloor(t, nil, []probe.ID{1})
	f.play(2, fine, fine)
	f.step(1, fine, false)
	f.now = f.now.Add(10 * time.Second)
	for range 3 { // the child is 50 s ahead
		require.Empty(t, f.step(2, broken, false))
		f.now = f.now.Add(50 * time.Second)
		require.NotContains(t, f.step(1, broken, false), "opened down of p2")
		f.now = f.now.Add(10 * time.Second)
	}
	f.play(2, broken, broken)
	require.Equal(t, []string{"opened down of p1"}, f.said)
}

func TestAChildIsToldAtOnceWhileItsParentIsWell(t *testing.T) {
	f := newFloor(t, nil, []probe.ID{1})
	f.play(3, fine, broken)
	require.Equal(t, []string{"opened down of p2"}, f.said)
}

func TestAChildIsToldWhenItsParentIsWellAfterAll(t *testing.T) {
	f := newFloor(t, nil, []probe.ID{1})
	f.play(2, fine, broken)
	f.step(1, broken, false)
	f.now = f.now.Add(10 * time.Second)
	require.Empty(t, f.step(2, broken, false))
	require.Equal(t, notify.WhySuspect, f.stored[incident.FirstID].Why)
	f.now = f.now.Add(time.Minute)
	require.Equal(t, []string{"opened down of p2"}, f.step(1, fine, false))
}

func TestAChildDoesNotWaitForAParentThatIsNotDecided(t *testing.T) {
	f := newFloor(t, nil, []probe.ID{1})
	f.play(2, fine, broken)
	f.step(1, broken, false)
	f.now = f.now.Add(10 * time.Second)
	until := f.now.Add(f.watched[1].Policy.DecidesWithin() - 10*time.Second)
	for f.now.Before(until) { // nobody asks the parent any more
		require.Empty(t, f.step(2, broken, false))
		f.now = f.now.Add(time.Minute)
	}
	require.Equal(t, []string{"opened down of p2"}, f.step(2, broken, false))
}

func TestAParentThatNobodyHearsOfKeepsNothingBack(t *testing.T) {
	f := newFloor(t, nil, []probe.ID{1})
	w := f.watched[1]
	w.Routes = notify.Routes{}
	f.watched[1] = w
	f.play(5, broken, broken)
	require.Contains(t, f.said, "opened down of p2")
}

func TestAParentThatFailsInMaintenanceKeepsItsChildrenBack(t *testing.T) {
	f := newFloor(t, nil, []probe.ID{1})
	for range 5 {
		require.Empty(t, f.step(1, broken, true))
		require.Empty(t, f.step(2, broken, false))
		f.now = f.now.Add(time.Minute)
	}
	require.Equal(t, []string{"opened down of p1"}, f.play(5, broken, broken), "and goes on to, when it is over")
}

func TestDownSaysMoreThanWhatIsWrongBesides(t *testing.T) {
	f := newFloor(t, nil)
	f.play(5, broken)
	slow := incident.Problem{ID: 77, Kind: probe.KindBudgetFast, Phase: incident.Open, OpenedAt: f.now}
	f.states[1].Problems = append(f.states[1].Problems, slow)
	_, told := f.desk.Take(1, incident.Transition{Change: incident.Opened, At: f.now, Problem: slow})
	require.False(t, told)
	cert := incident.Problem{ID: 78, Kind: probe.KindCertificate, Phase: incident.Open, OpenedAt: f.now}
	_, told = f.desk.Take(1, incident.Transition{Change: incident.Opened, At: f.now, Problem: cert})
	require.True(t, told, "a certificate is another matter")
	down := f.states[1].Open(probe.KindDown)
	down.Phase = incident.Recovered
	_, told = f.desk.Take(1, incident.Transition{Change: incident.Resolved, At: f.now, Problem: *down})
	require.True(t, told)
	f.release(1)
	require.Equal(t, []string{"opened down of p1", "opened budget_fast of p1"}, f.said, "at once")
}

func TestSilenceEndsByItselfAndHidesNoRecovery(t *testing.T) {
	f := newFloor(t, nil, nil)
	f.play(5, broken, fine)
	f.silence(1, time.Hour, incident.Scope{All: true, Kinds: []probe.Kind{probe.KindDown}})
	require.Equal(t, []string{"opened auth_failed of p2"}, f.play(5, broken, denied), "of another kind")
	require.Equal(t, []string{"resolved down of p1"}, f.play(5, fine, broken), "what was told is resolved")
	require.Empty(t, f.play(45, broken, broken))
	require.Equal(t, []string{"reopened down of p1", "opened down of p2"}, sorted(f.play(10, broken, broken)))
}

func TestSilenceThatIsTakenBackEndsAtOnce(t *testing.T) {
	f := newFloor(t, nil)
	f.silence(9, time.Hour, incident.Scope{Probes: []probe.ID{1}})
	require.Empty(t, f.play(5, broken))
	require.Equal(t, incident.CommandID(9), f.stored[incident.FirstID].Command)
	f.desk.Order(incident.Command{Kind: incident.End, At: f.now, Of: 9})
	f.release(0)
	require.Equal(t, []string{"opened down of p1"}, f.said)
}

func TestNobodyIsRemindedOfWhatSomebodyLooksAfter(t *testing.T) {
	f := newFloor(t, nil)
	f.play(3, broken)
	require.Equal(t, []string{"reminded down of p1"}, f.play(61, broken))
	f.desk.Order(incident.Command{Kind: incident.Acknowledge, Incident: incident.FirstID})
	require.Empty(t, f.play(200, broken))
	require.Equal(t, []string{"resolved down of p1"}, f.play(5, fine))
	require.Equal(t, []string{"reopened down of p1"}, f.play(5, broken))
	require.Equal(t, []string{"reminded down of p1"}, f.play(61, broken), "a relapse has to be looked after anew")
}

func ExampleDesk() {
	states := map[probe.ID]*incident.State{1: {}, 2: {}}
	routes := notify.Routes{Default: []string{"ops"}}
	desk := notify.NewDesk(map[probe.ID]notify.Watched{1: {Subject: &notify.Subject{Name: "gateway", Routes: routes}}, 2: {Subject: &notify.Subject{Name: "shop", Routes: routes}, Parents: []probe.ID{1}}},
		func(id probe.ID) *incident.State { return states[id] })
	now := time.Date(2026, 11, 26, 2, 0, 0, 0, time.UTC)
	down := func(id incident.ID) incident.Problem {
		return incident.Problem{ID: id, Kind: probe.KindDown, Phase: incident.Open}
	}
	states[1].Problems, states[2].Problems = []incident.Problem{down(1)}, []incident.Problem{down(2)}
	_, told := desk.Take(1, incident.Transition{Change: incident.Opened, At: now, Problem: down(1)})
	fmt.Println("gateway", told)
	_, told = desk.Take(2, incident.Transition{Change: incident.Opened, At: now, Problem: down(2)})
	fmt.Println("shop", told)

	states[1].Problems = nil
	for _, r := range desk.Release(1, now.Add(time.Minute)) {
		fmt.Println("now shop", r.Change)
	}
	// Output:
	// gateway true
	// shop false
	// now shop opened
}
