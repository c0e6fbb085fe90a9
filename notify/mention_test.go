package notify_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

func TestPeopleAreMentionedOnceInFiveMinutesAndSixTimesAnHour(t *testing.T) {
	h := newHall(t, notify.Manners{Mentions: map[probe.Severity]bool{probe.Critical: true}})
	var mentioned []time.Duration
	for id := probe.ID(1); id <= 120; id++ {
		told := h.opens(id)
		require.Len(t, told, 1)
		if !told[0].Body.Uncalled {
			mentioned = append(mentioned, h.now.Sub(morning))
		}
		h.now = h.now.Add(time.Minute)
		h.restart()
	}
	minutes := func(all ...int) (d []time.Duration) {
		for _, n := range all {
			d = append(d, time.Duration(n)*time.Minute)
		}
		return d
	}
	require.Equal(t, minutes(0, 5, 10, 15, 20, 25, 60, 65, 70, 75, 80, 85), mentioned)
}

func TestOnlyWhatMentionsPeopleCounts(t *testing.T) {
	for name, tc := range map[string]struct {
		change incident.Change
		counts bool
	}{
		"an opening does":                   {incident.Opened, true},
		"so does a relapse":                 {incident.Reopened, true},
		"and what is critical and reminded": {incident.Reminded, true},
		"a recovery never does":             {incident.Resolved, false},
		"nor another cause":                 {incident.Changed, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHall(t, notify.Manners{Mentions: map[probe.Severity]bool{probe.Critical: true}})
			told := h.change(1, tc.change, nil)
			require.Len(t, told, 1)
			require.False(t, told[0].Body.Uncalled)
			require.Equal(t, tc.counts, h.opens(2)[0].Body.Uncalled)
			require.False(t, h.warns(3)[0].Body.Uncalled, "nobody wants to be mentioned")
		})
	}
}

func TestAStormMentionsPeopleOnce(t *testing.T) {
	h := newHall(t, notify.Manners{Mentions: map[probe.Severity]bool{probe.Critical: true}})
	for id := probe.ID(1); id <= 50; id++ {
		h.opens(id)
	}
	h.passes(10 * time.Minute)
	n := 0
	for i := range h.said {
		if m := &h.said[i]; !m.Amends && !m.Body.Uncalled {
			n++
		}
	}
	require.Equal(t, 1, n)
}
