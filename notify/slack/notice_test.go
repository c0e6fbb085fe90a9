package slack

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
)

func TestANoticeIsAboutSondeAndNotAboutAProbe(t *testing.T) {
	m := notify.Message{
		Key: "history_lost:ops:1", Destination: "ops", Change: incident.Opened, CreatedAt: started,
		Body: notify.Body{Notice: notify.HistoryLost, Location: "seoul-1 <!channel>", At: started, Since: started},
	}
	r := told(m).render()
	within(t, r)
	require.NotContains(t, r.text, "<!channel>")
	require.NotContains(t, r.text, "{")
	m.Body.Location = "seoul-1"
	r = told(m).render()
	require.Equal(t, "sonde at seoul-1 has lost history: its database was damaged or gone at "+started.Format("15:04:05 MST")+
		". It goes on with a fresh one and with what could still be read; `sonde status` says where the damaged one lies.", r.text)
	m.Repeat = true
	require.Contains(t, told(m).render().text, "(possible repeat)")
	require.Equal(t, Text(m, started.Add(time.Second)), told(m).sentence())
}
