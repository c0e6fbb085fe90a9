package notify_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

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
