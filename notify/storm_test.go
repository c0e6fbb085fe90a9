package notify_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

func TestTheSixthOpeningWithinAMinuteBeginsAStorm(t *testing.T) {
	h := newHall(t, notify.Manners{})
	for id := probe.ID(1); id <= 5; id++ {
		require.Equal(t, []string{fmt.Sprintf("opened p%03d", id)}, posts(h.opens(id)), "each is told at once")
		h.now = h.now.Add(15 * time.Second)
	}
	// 5 in 60 s: the first is a minute ago
	h.now = h.now.Add(-15 * time.Second)
	told := h.opens(6)
	require.Equal(t, []string{"opened storm 6/6"}, posts(told))
	require.Equal(t, told[0].CreatedAt.Add(5*time.Second), told[0].After, "those that come with it are told with it")
	require.Negative(t, int64(told[0].Incident), "a storm is no incident")
	require.Empty(t, h.opens(7))
	messages := h.store(h.tact.Flush(h.now))
	require.Len(t, messages, 1)
	require.True(t, messages[0].Amends)
	require.Equal(t, told[0].Key, messages[0].Key)
	require.Equal(t, 7, messages[0].Body.Storm.Affected)
	require.Empty(t, h.store(h.tact.Flush(h.now)), "nothing has changed since")
}

func TestFiveAMinuteAreNoStorm(t *testing.T) {
	h := newHall(t, notify.Manners{})
	for id := probe.ID(1); id <= 100; id++ {
		require.Len(t, posts(h.opens(id)), 1)
		h.now = h.now.Add(12*time.Second + time.Millisecond)
	}
}

func TestOfFiveHundredAtOnceSixMessagesAreMadeInTenMinutes(t *testing.T) {
	h := newHall(t, notify.Manners{})
	var told []notify.Message
	for id := probe.ID(1); id <= 500; id++ {
		told = append(told, h.opens(id)...)
		h.now = h.now.Add(2 * time.Millisecond)
	}
	told = append(told, h.store(h.tact.Flush(h.now))...)
	told = append(told, h.passes(10*time.Minute)...)
	require.Equal(t, []string{"opened p001", "opened p002", "opened p003", "opened p004", "opened p005", "opened storm 6/6"}, posts(told))
	last := told[len(told)-1]
	require.Equal(t, 500, last.Body.Storm.Affected)
	require.Len(t, last.Body.Storm.Members, 10)
	require.Equal(t, notify.Share{By: notify.ShareHost, Key: "api.example.com", Count: 500}, last.Body.Storm.Share)
	require.Equal(t, notify.ReasonShare{Reason: probe.ServerError, Status: 503, Count: 500}, last.Body.Storm.Reason)
	edits := len(told) - 6
	require.Less(t, edits, 5, "what does not change is not shown again")
}

func TestAStormIsOverWhenHardlyAnythingFails(t *testing.T) {
	h := newHall(t, notify.Manners{})
	for id := probe.ID(1); id <= 100; id++ {
		h.opens(id)
	}
	h.passes(time.Minute)
	for id := probe.ID(1); id <= 5; id++ {
		require.Equal(t, []string{fmt.Sprintf("resolved p%03d, quiet", id)}, posts(h.recovers(id)), "in its own thread alone")
	}
	for id := probe.ID(6); id <= 93; id++ {
		require.Empty(t, h.recovers(id))
	}
	told := h.passes(time.Minute)
	require.Empty(t, posts(told), "its beginning shows how it stands")
	require.Equal(t, 7, told[len(told)-1].Body.Storm.Failing)
	told = h.passes(4 * time.Minute)
	require.Equal(t, []string{"resolved storm 7/100"}, posts(told), "seven stay listed")
	require.Equal(t, []string{"resolved p094 in its thread"}, posts(h.recovers(94)))
	require.Equal(t, []string{"opened p010"}, posts(h.change(10, incident.Opened, nil)), "what opens afterwards is told apart")
	for id := probe.ID(95); id <= 100; id++ {
		h.recovers(id)
	}
	told = h.passes(15 * time.Second)
	require.Len(t, told, 1)
	require.True(t, told[0].Amends)
	require.Zero(t, told[0].Body.Storm.Failing)
	require.Empty(t, h.rows, "nothing is remembered of it")
	require.Empty(t, h.paces["ops"].Storms)
}

func TestWhatIsLeftOfAStormIsToldApart(t *testing.T) {
	h := newHall(t, notify.Manners{})
	for id := probe.ID(1); id <= 40; id++ {
		h.opens(id)
	}
	h.passes(3 * time.Minute)
	for id := probe.ID(4); id <= 38; id++ {
		h.recovers(id)
	}
	told := h.passes(2*time.Minute + 15*time.Second)
	require.Equal(t, []string{"resolved storm 5/40", "opened p039", "opened p040"}, posts(told), "three have threads already")
	require.Equal(t, notify.WhyStorm, told[len(told)-1].Body.Held.Why)
	require.Equal(t, []string{"resolved p039"}, posts(h.recovers(39)), "from now on it is like any other")
	require.Empty(t, h.rows)
}

func TestAStormGoesOnWhileTwoAMinuteOpen(t *testing.T) {
	h := newHall(t, notify.Manners{})
	id := probe.ID(1)
	for ; id <= 6; id++ {
		h.opens(id)
	}
	for range 20 {
		h.now = h.now.Add(45 * time.Second)
		require.Empty(t, h.opens(id))
		h.recovers(id)
		id++
		h.passes(15 * time.Second)
	}
	require.Len(t, h.paces["ops"].Storms, 1)
	h.passes(5 * time.Minute)
	require.Equal(t, []string{fmt.Sprintf("opened p%03d", id)}, posts(h.opens(id)), "it is calm: what opens is told apart")
	require.True(t, h.paces["ops"].Storms[0].Calm)
}

func TestAfterACalmStormAnotherMayBegin(t *testing.T) {
	h := newHall(t, notify.Manners{})
	for id := probe.ID(1); id <= 20; id++ {
		h.opens(id)
	}
	h.passes(6 * time.Minute)
	var told []notify.Message
	for id := probe.ID(21); id <= 30; id++ {
		told = append(told, h.opens(id)...)
	}
	require.Len(t, posts(told), 6)
	require.Len(t, h.paces["ops"].Storms, 2)
	require.Equal(t, 20, len(slices.Collect(func(yield func(int) bool) {
		for _, k := range h.rows {
			if k.Storm == h.paces["ops"].Storms[0].ID && !yield(1) {
				return
			}
		}
	})))
}

func TestAStormSurvivesARestart(t *testing.T) {
	alone, stopped := newHall(t, notify.Manners{}), newHall(t, notify.Manners{})
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 400 {
		id := probe.ID(rnd.IntN(60) + 1)
		for _, h := range []*hall{alone, stopped} {
			s := h.states[id]
			switch {
			case s == nil:
				h.opens(id)
			case s.Problems[0].Phase == incident.Open:
				h.recovers(id)
			default:
				h.change(id, incident.Reopened, nil)
			}
			h.now = h.now.Add(time.Duration(n%7) * time.Second)
			if n%25 == 0 {
				h.passes(time.Duration(n%9) * time.Minute)
			}
		}
		stopped.restart()
	}
	lines := func(h *hall) (all []string) {
		for i := range h.said {
			all = append(all, fmt.Sprintf("%s %v %s", h.said[i].Key, h.said[i].Amends, what(&h.said[i])))
		}
		return all
	}
	require.Equal(t, lines(alone), lines(stopped))
	var storms int
	for i := range alone.said {
		if m := &alone.said[i]; m.Body.Storm != nil && !m.Amends {
			storms++
		}
	}
	require.Greater(t, storms, 2, "the data could show it")
}

// Whatever happens, nothing is resolved that was not told, and in the end all that is open
// has been told or is listed.
func TestNothingIsLostInAStorm(t *testing.T) {
	for seed := range uint64(10) {
		h := newHall(t, notify.Manners{Quiet: nights(probe.Warning, probe.Info)})
		h.now = morning.Add(-2 * time.Hour)
		rnd := rand.New(rand.NewPCG(seed, 7))
		for range 200 {
			id := probe.ID(rnd.IntN(40) + 1)
			s := h.states[id]
			h.now = h.now.Add(time.Millisecond)
			switch {
			case s == nil && rnd.IntN(2) == 0:
				h.warns(id)
			case s == nil:
				h.opens(id)
			case s.Problems[0].Phase == incident.Open:
				h.recovers(id)
			default:
				h.change(id, incident.Reopened, nil)
			}
			if rnd.IntN(3) == 0 {
				h.passes(time.Duration(rnd.IntN(8)) * 30 * time.Second)
			}
		}
		h.passes(9 * time.Hour)
		roots := map[string]bool{}
		for i := range h.said {
			m := &h.said[i]
			if m.Body.Storm != nil || m.Body.Digest != nil {
				continue
			}
			if m.Change == incident.Opened || m.Change == incident.Reopened {
				roots[m.Body.Probe] = true
			}
			require.True(t, roots[m.Body.Probe] || m.Body.Part != 0, "seed %d: %s of %s, which nobody heard of", seed, m.Change, m.Body.Probe)
		}
		for id, s := range h.states {
			name := h.subject(id).Name
			if s.Problems[0].Phase != incident.Open {
				continue
			}
			_, listed := h.rows[notify.KeptKey{Destination: "ops", Incident: s.Problems[0].ID}]
			require.True(t, roots[name] || listed, "seed %d: %s is open, and nobody knows", seed, name)
		}
	}
}

func TestAProgramIsToldOfEach(t *testing.T) {
	h := newHall(t, notify.Manners{Each: true})
	for id := probe.ID(1); id <= 50; id++ {
		require.Len(t, posts(h.opens(id)), 1)
	}
	require.Empty(t, h.paces)
}

func TestRemindersOfAStormAreOne(t *testing.T) {
	h := newHall(t, notify.Manners{})
	for id := probe.ID(1); id <= 50; id++ {
		h.opens(id)
	}
	h.passes(4 * time.Hour)
	var told []notify.Message
	for id := probe.ID(6); id <= 50; id++ {
		told = append(told, h.change(id, incident.Reminded, nil)...)
		h.now = h.now.Add(time.Second)
	}
	require.Equal(t, []string{"reminded storm 50/50"}, posts(told))
}

func TestTheProbersOwnTroubleIsNoPartOfAStorm(t *testing.T) {
	h := newHall(t, notify.Manners{})
	for id := probe.ID(1); id <= 20; id++ {
		h.opens(id)
	}
	own := h.change(99, incident.Opened, func(p *incident.Problem) { p.Kind = probe.KindProberNetwork })
	require.Equal(t, []string{"opened p099"}, posts(own))
}

func TestWhatSettlesAfterAStormIsNotToldToThoseWhoNeverHeardOfIt(t *testing.T) {
	h := newHall(t, notify.Manners{})
	for id := probe.ID(1); id <= 8; id++ {
		h.opens(id)
	}
	for id := probe.ID(6); id <= 8; id++ {
		h.change(id, incident.Resolved, func(p *incident.Problem) { p.Telling.Unsaid = true })
	}
	h.passes(6 * time.Minute)
	require.Empty(t, h.change(6, incident.Settled, nil))
	require.Equal(t, []string{"reopened p007"}, posts(h.change(7, incident.Reopened, nil)))
	delete(h.states, 8)
	h.passes(15 * time.Second)
	require.Empty(t, h.rows)
}

func TestTheTitleOfAStormIsTheMostSpecificThatMostShare(t *testing.T) {
	for name, tc := range map[string]struct {
		subject func(id probe.ID, s *notify.Subject)
		want    notify.Share
	}{
		"what all depend on comes first": {
			func(_ probe.ID, s *notify.Subject) { s.DependsOn = []string{"db", "cache"} }, notify.Share{By: notify.ShareParent, Key: "cache", Count: 10},
		},
		"a host comes before a group": {
			func(probe.ID, *notify.Subject) {}, notify.Share{By: notify.ShareHost, Key: "api.example.com", Count: 10},
		},
		"eight of ten are most": {
			func(id probe.ID, s *notify.Subject) {
				if id > 8 {
					s.URL = "https://other.example.com/"
				}
			}, notify.Share{By: notify.ShareHost, Key: "api.example.com", Count: 8},
		},
		"seven of ten are not, but all are in the group": {
			func(id probe.ID, s *notify.Subject) {
				if id > 7 {
					s.URL = "https://other.example.com/"
				}
			}, notify.Share{By: notify.ShareGroup, Key: "shop", Count: 10},
		},
		"those who share nothing": {
			func(id probe.ID, s *notify.Subject) { s.URL, s.Group = fmt.Sprintf("https://h%d.example.com/", id), "" }, notify.Share{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHall(t, notify.Manners{})
			usual := h.subject
			h.subject = func(id probe.ID) notify.Subject {
				s := usual(id)
				tc.subject(id, &s)
				return s
			}
			for id := probe.ID(1); id <= 10; id++ {
				h.opens(id)
			}
			told := h.store(h.tact.Flush(h.now))
			require.Equal(t, tc.want, told[0].Body.Storm.Share)
		})
	}
}

func TestTheWorstOfAStormAreListedFirst(t *testing.T) {
	h := newHall(t, notify.Manners{})
	for id := probe.ID(1); id <= 14; id++ {
		if id%2 == 0 {
			h.warns(id)
		} else {
			h.opens(id)
		}
	}
	h.recovers(7)
	told := h.passes(15 * time.Second)
	var names []string
	for _, m := range told[0].Body.Storm.Members {
		names = append(names, m.Probe)
	}
	require.Equal(t, []string{"p001", "p003", "p005", "p009", "p011", "p013", "p002", "p004", "p006", "p008"}, names)
}
