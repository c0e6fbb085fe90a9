package notify_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/notify"
)

func TestStorageTroubleIsToldOncePerEpisode(t *testing.T) {
	var w notify.StorageWatch
	begin := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	see := func(second int, trouble notify.StorageTrouble) notify.Notice {
		told := w.See(trouble, []string{"dev", "ops"}, "here", begin.Add(time.Duration(second)*time.Second))
		if len(told) == 0 {
			return notify.NoNotice
		}
		require.Len(t, told, 2, "everybody")
		return told[0].Body.Notice
	}
	at := func(second int, full bool) notify.StorageTrouble {
		return notify.StorageTrouble{Since: begin.Add(time.Duration(second) * time.Second), Full: full, Lost: 5}
	}
	require.Equal(t, notify.NoNotice, see(0, notify.StorageTrouble{}))
	require.Equal(t, notify.NoNotice, see(5, at(0, false)), "it may pass")
	require.Equal(t, notify.StorageFailing, see(10, at(0, false)))
	require.Equal(t, notify.NoNotice, see(11, at(0, true)))
	require.Equal(t, notify.StorageBack, see(20, notify.StorageTrouble{Lost: 5}))
	require.Equal(t, notify.NoNotice, see(30, at(25, true)), "flapping is not told")
	require.Equal(t, notify.NoNotice, see(40, notify.StorageTrouble{Lost: 5}))
	require.Equal(t, notify.NoNotice, see(600, at(599, true)))
	require.Equal(t, notify.StorageFull, see(621, at(599, true)), "but when it lasts")
}

func TestANoticeIsStoredAsItsName(t *testing.T) {
	b, err := json.Marshal(notify.Body{Notice: notify.HistoryLost})
	require.NoError(t, err)
	require.Contains(t, string(b), `"Notice":"history_lost"`)
	var body notify.Body
	require.NoError(t, json.Unmarshal(b, &body))
	require.Equal(t, notify.HistoryLost, body.Notice)
	require.ErrorContains(t, json.Unmarshal([]byte(`{"Notice":"war"}`), &body), `"war" is no notice; use one of none, history_lost, `)
	b, err = json.Marshal(notify.Body{})
	require.NoError(t, err)
	require.NotContains(t, string(b), "Notice", "a message about a probe is stored as before")
}
