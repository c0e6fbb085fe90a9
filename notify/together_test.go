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

func ExampleParseStormID() {
	id, err := notify.ParseStormID("s1m84d4kgg")
	fmt.Println(id, err)
	_, err = notify.ParseStormID("7Q2K")
	fmt.Println(err)
	// Output:
	// S1M84D4KGG <nil>
	// "7Q2K" is no id of a storm; it looks like S1N7Q2K0M, and stands below its message
}

func TestTheIDOfAStormIsThatOfNoIncident(t *testing.T) {
	id := notify.StormID(time.Date(2026, 11, 23, 14, 32, 10, 0, time.UTC).UnixMilli())
	back, err := notify.ParseStormID(" " + id.String() + " ")
	require.NoError(t, err)
	require.Equal(t, id, back)
	for _, wrong := range []string{"", "S", "S0", "1000", "S-1", "SS!", "S1234567890123"} {
		_, err := notify.ParseStormID(wrong)
		require.Error(t, err, wrong)
	}
}

// A deed about many incidents is told once where they are talked about together.
func TestADeedAboutManyIsOneLineInEachConversation(t *testing.T) {
	h := newHall(t, notify.Manners{})
	for id := probe.ID(1); id <= 9; id++ {
		h.opens(id)
	}
	storm := h.paces["ops"].Storms[0].ID
	all, err := h.tact.InStorm(storm)
	require.NoError(t, err)
	require.Len(t, all, 9)
	_, err = h.tact.InStorm(storm + 1)
	require.ErrorIs(t, err, incident.ErrNoStorm)
	require.ErrorContains(t, err, storm.String()+" at ops")

	line := func(about, part incident.ID, change incident.Change) notify.Message {
		return notify.Message{Key: fmt.Sprint(about, part), Destination: "ops", Incident: about, Change: change, CreatedAt: h.now, Body: notify.Body{Part: part}}
	}
	in := incident.ID(-storm)
	deed := notify.Deed{Key: "k", Change: incident.Acknowledged, Storm: storm, Answer: notify.Answer{By: "kim", At: h.now}}
	told := h.tact.Gather(&deed, []notify.Message{
		line(1, 0, deed.Change), line(in, 6, deed.Change), line(in, 7, deed.Change), line(40, 8, deed.Change), line(40, 9, deed.Change), line(40, 0, deed.Change),
	})
	require.Len(t, told, 3)
	require.Equal(t, []incident.ID{1, in, 40}, []incident.ID{told[0].Incident, told[1].Incident, told[2].Incident})
	require.Zero(t, told[2].Body.Part, "the larger one speaks for its parts")
	require.Zero(t, told[1].Body.Part)
	require.Equal(t, "kim", told[1].Body.Storm.Acked.By)
	again := h.tact.Gather(&deed, []notify.Message{line(in, 6, deed.Change)})
	require.Equal(t, told[1].Key, again[0].Key, "the same deed has the same key")

	run := notify.Deed{Key: "r", Change: incident.RunNow, Answer: notify.Answer{By: "kim", At: h.now}}
	told = h.tact.Gather(&run, []notify.Message{line(in, 6, run.Change)})
	require.Equal(t, incident.ID(6), told[0].Body.Part, "a run is about one probe")
	h.opens(10)
	require.True(t, h.paces["ops"].Storms[0].Acked.IsZero(), "what opens later has to be acknowledged anew")
}
