package notify_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// morning is when every test begins.
var morning = time.Date(2026, 11, 26, 5, 0, 0, 0, time.UTC)

// floor is a house of probes whose states are stepped as the recorder does it, with a desk.
type floor struct {
	t       testing.TB
	desk    *notify.Desk
	watched map[probe.ID]notify.Watched
	states  map[probe.ID]*incident.State
	ids     incident.Sequence
	now     time.Time
	stored  map[incident.ID]*notify.Held
	orders  []incident.Command
	said    []string
	told    map[incident.ID][]string
	hear    func(about probe.ID, t incident.Transition) // of what is told
	send    func(m notify.Message)                      // what each destination gets
}

// newFloor has probes 1, 2, ..., each depending on what is listed.
func newFloor(t testing.TB, parents ...[]probe.ID) *floor {
	f := &floor{t: t, watched: map[probe.ID]notify.Watched{}, states: map[probe.ID]*incident.State{}, now: morning, stored: map[incident.ID]*notify.Held{}, told: map[incident.ID][]string{}}
	for i := range parents {
		f.watched[probe.ID(i+1)] = notify.Watched{
			Name: fmt.Sprintf("p%d", i+1), Parents: parents[i], Routes: notify.Routes{Default: []string{"ops"}},
			Policy: &incident.Policy{
				Interval: time.Minute, DownAfter: 90 * time.Second, AuthAfter: 90 * time.Second, RecheckEvery: 30 * time.Second, ResolveAfter: 2 * time.Minute, RemindEvery: time.Hour,
			},
		}
	}
	f.restart()
	return f
}

func (f *floor) restart() {
	f.desk = notify.NewDesk(f.watched, func(id probe.ID) *incident.State { return f.states[id] })
	var held []notify.Held
	for id, h := range f.stored {
		kept := *h
		kept.Incident = id
		held = append(held, kept)
	}
	f.desk.Restore(f.states, held, f.orders)
	f.desk.Remember(f.told)
	f.release(0)
}

func (f *floor) tell(about probe.ID, t incident.Transition) {
	f.said = append(f.said, fmt.Sprintf("%s %s of p%d", t.Change, t.Problem.Kind, about))
	if f.hear != nil {
		f.hear(about, t)
	}
}

// plan has the destinations get a transition.
func (f *floor) plan(about probe.ID, t incident.Transition) {
	for _, m := range f.desk.Plan(t, notify.Subject{Name: f.watched[about].Name, Routes: f.watched[about].Routes}, "here", nil) {
		if f.send != nil {
			f.send(m)
		}
	}
	maps.Copy(f.told, f.desk.Told())
}

func (f *floor) release(about probe.ID) {
	for _, r := range append(f.desk.Expire(f.now), f.desk.Release(about, f.now)...) {
		f.plan(r.About, r.Transition)
		f.tell(r.About, r.Transition)
	}
	for id, h := range f.desk.Changes() {
		if f.stored[id] = h; h == nil {
			delete(f.stored, id)
		}
	}
}

// step gives a probe a result, and returns what people are told.
func (f *floor) step(id probe.ID, v probe.Verdict, maintained bool) []string {
	before := len(f.said)
	if f.states[id] == nil {
		f.states[id] = &incident.State{}
	}
	in := incident.Input{At: f.now, Verdict: v, Attempts: 1, Maintenance: maintained}
	fx := incident.Step(*f.watched[id].Policy, f.states[id], in, &f.ids)
	for _, t := range fx.Transitions {
		t, ok := f.desk.Take(id, t)
		if !ok {
			continue
		}
		if f.plan(id, t); !t.Quiet && t.Change != incident.ClosedNow {
			f.tell(id, t)
		}
	}
	f.release(id)
	return f.said[before:]
}

// play lets minutes pass, in each of which probes give these results, in their order.
func (f *floor) play(minutes int, verdicts ...probe.Verdict) []string {
	before := len(f.said)
	for range minutes {
		for i, v := range verdicts {
			f.step(probe.ID(i+1), v, false)
			f.now = f.now.Add(10 * time.Second)
		}
		f.now = f.now.Add(time.Minute - time.Duration(len(verdicts))*10*time.Second)
	}
	return f.said[before:]
}

func (f *floor) silence(id incident.CommandID, length time.Duration, scope incident.Scope) {
	f.orders = append(f.orders, incident.Command{ID: id, Kind: incident.Silence, From: f.now, Until: f.now.Add(length), Scope: scope})
	f.desk.Order(f.orders[len(f.orders)-1])
}

func outcome(reason probe.Reason, status int) probe.Verdict {
	v := probe.Miss(reason)
	v.Status = status
	if status > 0 {
		v.Class = probe.ClassOf(status)
	}
	return v
}

var (
	fine   = outcome(probe.OK, 200)
	broken = outcome(probe.ServerError, 503)
	denied = outcome(probe.Unauthenticated, 401)
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

func sorted(said []string) (all []string) {
	for _, prefix := range []string{"reopened", "opened"} {
		for _, s := range said {
			if len(s) > len(prefix) && s[:len(prefix)] == prefix {
				all = append(all, s)
			}
		}
	}
	return all
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

// people are those who read what is told: what they believe must follow from what they
// were told, and be true in the end.
type people struct {
	t     testing.TB
	heard map[incident.ID]bool // of any opening
	open  map[incident.ID]bool // what they believe
}

func (p *people) hear(_ probe.ID, t incident.Transition) {
	id := t.Problem.ID
	switch t.Change {
	case incident.Opened:
		require.False(p.t, p.heard[id], "%s was told as new before", id)
		p.heard[id], p.open[id] = true, true
	case incident.Reopened, incident.Risen:
		require.True(p.t, p.heard[id], "a relapse of what they never heard of")
		p.open[id] = true
	default:
		require.True(p.t, p.open[id], "%s of what they did not know to be open", t.Change)
		if t.Change != incident.Reminded && t.Change != incident.Changed && t.Change != incident.Overdue && t.Change != incident.Escalated {
			p.open[id] = false
		}
	}
}

func TestWhateverHappensPeopleHearOfWhatIsOpenOnceAndOfNothingTheyNeverHeardOf(t *testing.T) {
	for seed := range uint64(150) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		f := newFloor(t, nil, nil, []probe.ID{1}, []probe.ID{1, 2}, []probe.ID{3, 4}, nil)
		people := &people{t, map[incident.ID]bool{}, map[incident.ID]bool{}}
		f.hear = people.hear
		mood := map[probe.ID]probe.Verdict{}
		resting := map[probe.ID]bool{}
		for n := range 600 {
			id := probe.ID(1 + rnd.IntN(len(f.watched)))
			if rnd.IntN(8) == 0 || n < len(f.watched) {
				mood[id] = []probe.Verdict{fine, fine, broken, broken, denied}[rnd.IntN(5)]
			}
			switch rnd.IntN(60) {
			case 0:
				f.restart()
			case 1:
				f.silence(incident.CommandID(n+1), time.Duration(rnd.IntN(120))*time.Minute, incident.Scope{Probes: []probe.ID{id}, All: rnd.IntN(4) == 0})
			case 2:
				if len(f.orders) > 0 {
					i := rnd.IntN(len(f.orders))
					f.orders[i].Until = f.now
					f.desk.Order(incident.Command{Kind: incident.End, At: f.now, Of: f.orders[i].ID})
					f.release(0)
				}
			case 3:
				resting[id] = !resting[id]
			}
			if mood[id] == (probe.Verdict{}) {
				mood[id] = fine
			}
			f.step(id, mood[id], resting[id])
			f.now = f.now.Add(time.Duration(rnd.IntN(30)) * time.Second)
		}
		// In the end all silences are over, and every probe stays as it is.
		f.now = f.now.Add(3 * time.Hour)
		for range 20 {
			for id := probe.ID(1); int(id) <= len(f.watched); id++ {
				f.step(id, mood[id], false)
			}
			f.now = f.now.Add(time.Minute)
		}
		f.release(0)
		f.requireTruth(people)
	}
}

// requireTruth checks that what is open has been told, or waits for something that is open.
func (f *floor) requireTruth(p *people) {
	open := map[incident.ID]bool{}
	for _, s := range f.states {
		for i := range s.Problems {
			x := &s.Problems[i]
			open[x.ID] = x.Phase == incident.Open
			if x.Phase != incident.Open || p.open[x.ID] {
				continue
			}
			h := f.stored[x.ID]
			require.NotNil(f.t, h, "%s is open, nobody was told, and nothing keeps it back", x.ID)
			keeper := f.states[h.Of]
			require.NotNil(f.t, keeper, h.Why.String())
			require.NotNil(f.t, keeper.Open(probe.KindDown), h.Why.String())
		}
	}
	for id, believed := range p.open {
		require.False(f.t, believed && !open[id] && !f.unsaid(id), "%s is believed to be open", id)
	}
}

// unsaid reports whether a recovery is only told once it has lasted.
func (f *floor) unsaid(id incident.ID) bool {
	for _, s := range f.states {
		for i := range s.Problems {
			if s.Problems[i].ID == id {
				return s.Problems[i].Telling.Unsaid
			}
		}
	}
	return false
}

func ExampleDesk() {
	states := map[probe.ID]*incident.State{1: {}, 2: {}}
	routes := notify.Routes{Default: []string{"ops"}}
	desk := notify.NewDesk(map[probe.ID]notify.Watched{1: {Name: "gateway", Routes: routes}, 2: {Name: "shop", Parents: []probe.ID{1}, Routes: routes}},
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
