package notify_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// charts are those of some messages that draw something.
func charts(messages []notify.Message) (all []notify.Message) {
	for i := range messages {
		if messages[i].Body.Chart != 0 {
			all = append(all, messages[i])
		}
	}
	return all
}

func TestWhatOpensIsDrawnOnceWhereThatIsWanted(t *testing.T) {
	h := newHall(t, notify.Manners{Chart: true})
	told := h.opens(1)
	require.Len(t, told, 2)
	require.Zero(t, told[0].Body.Chart)
	chart := told[1]
	require.Equal(t, "chart:ops:"+told[0].Incident.String(), chart.Key)
	require.Zero(t, chart.Incident, "nothing about the incident waits for it")
	require.Equal(t, told[0].Incident, chart.Body.Chart)
	require.Equal(t, "p001", chart.Body.Probe)
	require.Equal(t, h.now.Add(10*time.Second), chart.After)
	require.Equal(t, h.now.Add(10*time.Minute), chart.Body.Expires)
	require.Equal(t, 9, chart.Priority(), "everything else comes first")
	for _, change := range []incident.Change{incident.Changed, incident.Resolved, incident.Reopened} {
		require.Empty(t, charts(h.change(1, change, nil)), change)
	}
	require.Empty(t, charts(h.change(2, incident.Opened, func(p *incident.Problem) { p.Kind = probe.KindNoData })), "there is nothing to draw")
	require.Empty(t, charts(newHall(t, notify.Manners{}).opens(1)), "nobody wants it")
	f := notify.Forwarding{From: "ops", To: "backup", At: h.now}
	_, ok := f.Take(chart, true)
	require.False(t, ok, "it is not worth telling elsewhere")
}

func TestAStormIsNotDrawn(t *testing.T) {
	h := newHall(t, notify.Manners{Chart: true})
	drawn := 0
	for id := range probe.ID(20) {
		drawn += len(charts(h.opens(id + 1)))
	}
	require.Equal(t, 5, drawn, "those that opened before it began; the outbox drops them")
}

// A chart waits for the thread that it belongs into, and ends if there is none.
func TestAChartWaitsForItsThread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := newMemory()
		m := outbox.add("ops", 0, 0)
		m.Body.Chart, m.Body.Expires = incident.FirstID, time.Now().Add(10*time.Minute)
		outbox.rows[0].message.Body = m.Body
		slack := &scripted{}
		_, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
		time.Sleep(9 * time.Minute)
		synctest.Wait()
		require.Empty(t, slack.all())
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		stop()
		require.Empty(t, slack.all())
		require.Equal(t, 1, outbox.in(notify.StateExpired))
	})
}
