package notify_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// flips lets an incident come or go, of which only those hear who follow it.
func (h *hall) flips(id probe.ID, change incident.Change) []notify.Message {
	s := h.subject(id)
	p := h.problem(id)
	if p.Phase = incident.Open; change == incident.Resolved {
		p.Phase = incident.Recovered
	}
	t := incident.Transition{Change: change, At: h.now, Problem: p.Clone(), Quiet: true}
	return h.store(h.tact.Pass(id, s, notify.Plan(t, s, "here", nil)))
}

func TestOfWhatComesAndGoesTheThreadHearsEveryTenMinutes(t *testing.T) {
	h := newHall(t, notify.Manners{})
	h.opens(1)
	h.opens(2)
	lines := map[time.Duration][]string{}
	for minute := range 31 {
		h.now = morning.Add(time.Duration(minute) * time.Minute)
		change := incident.Resolved
		if minute%2 == 1 {
			change = incident.Reopened
		}
		told := h.flips(1, change)
		require.Len(t, told, 1, "the first message shows each")
		if said := posts(told); said != nil {
			lines[h.now.Sub(morning)] = said
		}
		h.restart()
	}
	require.Equal(t, map[time.Duration][]string{
		0: {"resolved p001, quiet"}, 10 * time.Minute: {"resolved p001, quiet"}, 20 * time.Minute: {"resolved p001, quiet"}, 30 * time.Minute: {"resolved p001, quiet"},
	}, lines)
	require.Equal(t, []string{"reopened p002, quiet"}, posts(h.flips(2, incident.Reopened)), "another has lines of its own")
	require.Equal(t, []string{"settled p001"}, posts(h.change(1, incident.Settled, nil)), "everybody hears of what lasts")
}

func TestAProgramHearsOfAllThatComesAndGoes(t *testing.T) {
	h := newHall(t, notify.Manners{Each: true})
	h.opens(1)
	for range 5 {
		h.now = h.now.Add(time.Minute)
		require.Len(t, posts(h.flips(1, incident.Resolved)), 1)
	}
}
