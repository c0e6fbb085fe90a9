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

func TestOfManyPartsOfAnIncidentItsThreadHearsOfFive(t *testing.T) {
	h := newHall(t, notify.Manners{})
	h.opens(1)
	larger := h.problem(1).ID
	within := func(p *incident.Problem) { p.Within = larger }
	var told []string
	for id := probe.ID(2); id <= 500; id++ {
		told = append(told, posts(h.change(id, incident.Opened, within))...)
	}
	require.Len(t, told, 5)
	require.Equal(t, "opened p002 in its thread", told[0])
	h.restart()
	for id := probe.ID(2); id <= 400; id++ {
		said := posts(h.change(id, incident.Resolved, nil))
		if id <= 6 {
			require.Equal(t, []string{fmt.Sprintf("resolved p%03d in its thread", id)}, said)
		} else {
			require.Empty(t, said, "nobody heard of it")
		}
	}
	h.problem(450).Within = 0
	require.Equal(t, []string{"opened p450"}, posts(h.opens(450)), "what opens for itself is told")
	require.Equal(t, []string{"reminded p003 in its thread"}, posts(h.change(3, incident.Reminded, nil)))
	h.now = h.now.Add(2 * time.Minute)
	require.Len(t, posts(h.change(501, incident.Opened, within)), 1, "a minute later there is room again")
	for id := probe.ID(401); id <= 500; id++ {
		delete(h.states, id)
	}
	h.passes(15 * time.Second)
	require.Empty(t, h.rows)
}
