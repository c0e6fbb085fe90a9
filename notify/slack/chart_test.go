package slack

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/notify/slack/fakeslack"
	"sonde/probe"
	"sonde/text"
)

// aChart is a chart of a probe that went down.
func aChart() notify.Message {
	m := specimenOf(probe.KindDown, incident.Opened)
	chart := notify.Message{Key: "chart:ops:1000", Destination: "ops", CreatedAt: m.CreatedAt}
	chart.Body = notify.Body{Chart: m.Incident, Probe: m.Body.Probe, Since: m.Body.Since, At: m.Body.At, Past: m.Body.Past}
	return chart
}

func TestAChartInEveryLanguageAndForm(t *testing.T) {
	for _, language := range probe.Languages() {
		s := toldIn(language, aChart())
		full := s.fit(formFull)
		within(t, full)
		same(t, "chart-"+language.String()+".json", golden(t, full.bare()))
		lines := s.fit(formNoChart)
		require.NoError(t, lines.check())
		same(t, "chart-line-"+language.String()+".txt", lines.text+"\n"+lines.readable())
		require.Len(t, s.fit(formHeadline).blocks, 1)
		s.Body.Past.Recent[1].At = s.Body.Past.Recent[0].At.Add(300 * time.Millisecond)
		within(t, s.fit(formFull))
		s.Body.Past.Recent[1].At = s.Body.Past.Recent[0].At
		doubled := s.fit(formFull)
		require.Equal(t, lines.readable(), doubled.readable(), "Slack draws no two results of one moment")
		s.Body.Past = notify.Past{}
		require.Len(t, s.fit(formFull).blocks, 1)
	}
}

func TestAChartIsPostedInTheThreadAndOnlyWhereItIsTaken(t *testing.T) {
	t.Parallel()
	server := fake(t)
	sender := newBot(t, server)
	thread, err := sender.Send(t.Context(), fresh(incident.Opened, causes["5xx"]), notify.Thread{})
	require.NoError(t, err)
	draw := func() string {
		m := aChart()
		m.CreatedAt = time.Now()
		now, err := sender.Send(t.Context(), m, thread)
		require.NoError(t, err)
		require.Equal(t, thread, now)
		said := server.Messages()
		last := said[len(said)-1]
		require.Equal(t, thread.Root, last.ThreadTS)
		require.False(t, last.Broadcast)
		require.Contains(t, string(last.Metadata), `"incident":"1000"`)
		return string(last.Blocks)
	}
	require.Contains(t, draw(), "data_visualization")
	server.Fail(fakeslack.Fault{Method: "chat.postMessage", Count: 1, Error: "invalid_blocks"})
	require.NotContains(t, draw(), "data_visualization", "it is told all the same, as a line")
	before := len(server.Requests())
	require.NotContains(t, draw(), "data_visualization")
	require.Len(t, server.Requests(), before+1, "for a day nobody tries")
	sender.(*bot).charts = time.Now()
	require.Contains(t, draw(), "data_visualization")

	server.Fail(fakeslack.Fault{Method: "chat.postMessage", Error: "cannot_reply_to_message"})
	count := len(server.Messages())
	_, err = sender.Send(t.Context(), aChart(), thread)
	require.NoError(t, err, "what it belongs to is gone")
	require.Len(t, server.Messages(), count)
}

func TestAWebhookDrawsNoCharts(t *testing.T) {
	server := fake(t)
	sender, err := New(Config{Name: "hook", Webhook: text.NewSecret(server.WebhookURL())})
	require.NoError(t, err)
	_, err = sender.Send(t.Context(), aChart(), notify.Thread{})
	require.NoError(t, err)
	require.Empty(t, server.Messages())
}
