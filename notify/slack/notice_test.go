package slack

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
)

func TestEveryNoticeReadsAsItShould(t *testing.T) {
	at := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	for _, notice := range []notify.Notice{notify.StorageFull, notify.StorageFailing, notify.StorageBack} {
		t.Run(notice.String(), func(t *testing.T) {
			m := notify.Message{CreatedAt: at, Body: notify.Body{Notice: notice, Location: "<!channel> here", Since: at.Add(-2 * time.Minute), At: at, Lost: 3}}
			r := story{Message: m, words: &english, zone: time.UTC, now: at}.fit(formFull)
			require.True(t, strings.HasPrefix(r.text, "storage "), r.text)
			require.NotContains(t, r.text, "<!channel>")
			require.NotContains(t, r.text, "{")
		})
	}
}

func TestANoticeIsAboutSondeAndNotAboutAProbe(t *testing.T) {
	m := notify.Message{
		Key: "history_lost:ops:1", Destination: "ops", Change: incident.Opened, CreatedAt: started,
		Body: notify.Body{Notice: notify.HistoryLost, Location: "seoul-1 <!channel>", At: started, Since: started},
	}
	r := told(m).fit(formFull)
	within(t, r)
	require.NotContains(t, r.text, "<!channel>")
	require.NotContains(t, r.text, "{")
	m.Body.Location = "seoul-1"
	r = told(m).fit(formFull)
	require.Equal(t, "sonde at seoul-1 has lost history: its database, or a part of it, was damaged or gone at "+started.Format("15:04:05 MST")+
		". It goes on with what could still be read; the log says what is missing, and `sonde status` where the damaged part lies.", r.text)
	m.Repeat = true
	require.Contains(t, told(m).fit(formFull).text, "(possible repeat)")
	require.Equal(t, Text(m, started.Add(time.Second)), told(m).sentence())
}
