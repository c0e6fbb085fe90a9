package notify_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// listeners are all destinations, and which incidents each of them takes for open.
type listeners struct {
	t    testing.TB
	open map[string]map[incident.ID]bool
	ends map[incident.ID]int // messages that said that it is over
}

func newListeners(t testing.TB) *listeners {
	return &listeners{t, map[string]map[incident.ID]bool{}, map[incident.ID]int{}}
}

func (l *listeners) get(m notify.Message) {
	of := l.open[m.Destination]
	if of == nil {
		of = map[incident.ID]bool{}
		l.open[m.Destination] = of
	}
	id := m.Incident
	switch {
	case m.Body.Quiet:
		require.True(l.t, of[id], "%s follows nothing in which %s was %s", m.Destination, id, m.Change)
	case m.Change == incident.Opened:
		require.False(l.t, of[id], "%s was told twice that %s opened", m.Destination, id)
		of[id] = true
	case m.Change == incident.Reopened, m.Change == incident.Risen:
		of[id] = true
	case m.Change == incident.Resolved, m.Change == incident.Settled, m.Change == incident.Withdrawn:
		require.True(l.t, of[id], "%s never heard of %s, or that it is over before", m.Destination, id)
		of[id] = false
		l.ends[id]++
	default:
		require.True(l.t, of[id], "%s heard that %s was %s, and not that it opened", m.Destination, id, m.Change)
	}
}

func TestWhoHeardOfAnOpeningHearsOfItsEndOnceAndNobodyElseDoes(t *testing.T) {
	names := []string{"ops", "pager", "team", "boss"}
	routed := []probe.Kind{probe.KindDown, probe.KindDegraded, probe.KindAuthFailed, probe.KindBudgetFast, probe.KindClientFault}
	ends, quiet, flips := 0, 0, 0
	for seed := range uint64(120) {
		rnd := rand.New(rand.NewPCG(seed, 11))
		some := func() (all []string) {
			for _, name := range names {
				if rnd.IntN(2) == 0 {
					all = append(all, name)
				}
			}
			return all
		}
		f := newFloor(t, nil, nil, []probe.ID{1}, []probe.ID{2, 3})
		for i := range len(f.watched) {
			id := probe.ID(i + 1)
			w := f.watched[id]
			w.Policy.Rules = incident.UsualRules()
			w.Routes = notify.Routes{Default: some(), ByKind: map[probe.Kind][]string{}}
			for _, kind := range routed {
				if rnd.IntN(2) == 0 {
					w.Routes.ByKind[kind] = some()
				}
			}
			f.watched[id] = w
		}
		f.restart()
		l := newListeners(t)
		f.send = func(m notify.Message) {
			l.get(m)
			if m.Body.Quiet {
				quiet++
			}
			if m.Change == incident.Eased || m.Change == incident.Risen {
				flips++
			}
		}
		share := map[probe.ID]int{}
		for n := range 900 {
			id := probe.ID(1 + rnd.IntN(len(f.watched)))
			if rnd.IntN(40) == 0 {
				share[id] = []int{0, 0, 15, 50, 100, 200}[rnd.IntN(6)] // of a hundred results that fail; above: are refused
			}
			switch rnd.IntN(80) {
			case 0:
				f.restart()
			case 1:
				scope := incident.Scope{Probes: []probe.ID{id}}
				if rnd.IntN(2) == 0 {
					scope.Kinds = []probe.Kind{routed[rnd.IntN(len(routed))]}
				}
				f.silence(incident.CommandID(n+1), time.Duration(rnd.IntN(90))*time.Minute, scope)
			}
			v := fine
			switch {
			case share[id] > 100 && rnd.IntN(4) > 0:
				v = denied
			case rnd.IntN(100) < share[id]:
				v = broken
			}
			f.step(id, v, rnd.IntN(200) == 0)
			f.now = f.now.Add(time.Duration(5+rnd.IntN(25)) * time.Second)
		}
		f.now = f.now.Add(3 * time.Hour) // silences are over
		for range 200 {
			for id := range probe.ID(len(f.watched)) {
				f.step(id+1, fine, false)
			}
			f.now = f.now.Add(time.Minute)
		}
		for name, of := range l.open {
			for id, open := range of {
				require.False(t, open && f.problem(id) == nil, "%s believes that %s is open", name, id)
			}
		}
		for _, n := range l.ends {
			ends += n
		}
	}
	require.Greater(t, ends, 100, "the test says something")
	require.Greater(t, quiet, 50)
	require.Greater(t, flips, 50)
}

// problem is an incident that is open; nil if it is not.
func (f *floor) problem(id incident.ID) *incident.Problem {
	for _, s := range f.states {
		for i := range s.Problems {
			if p := &s.Problems[i]; p.ID == id && p.Phase == incident.Open {
				return p
			}
		}
	}
	return nil
}

func TestWhoOnlyHearsOfWhatIsDegradedHearsThatItIsOver(t *testing.T) {
	f := newFloor(t, nil)
	w := f.watched[1]
	w.Policy.Rules, w.Policy.RemindEvery = incident.UsualRules(), 4*time.Hour
	w.Routes = notify.Routes{Default: []string{"ops"}, ByKind: map[probe.Kind][]string{probe.KindDegraded: {"team"}}}
	f.watched[1] = w
	f.restart()
	var said []string
	f.send = func(m notify.Message) {
		if !m.Body.Quiet {
			said = append(said, m.Destination+": "+m.Change.String())
		}
	}
	f.play(2, fine)
	for range 4 {
		f.play(1, broken)
		f.play(1, fine)
	}
	f.play(4, broken)
	f.restart()
	f.play(100, fine)
	require.Equal(t, []string{
		"team: opened", "ops: risen", "team: risen",
		"team: eased", "ops: eased", "team: resolved", "ops: resolved",
	}, said)
}
