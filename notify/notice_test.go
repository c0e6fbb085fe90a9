package notify_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/notify"
)

func TestANoticeIsStoredAsItsName(t *testing.T) {
	b, err := json.Marshal(notify.Body{Notice: notify.HistoryLost})
	require.NoError(t, err)
	require.Contains(t, string(b), `"Notice":"history_lost"`)
	var body notify.Body
	require.NoError(t, json.Unmarshal(b, &body))
	require.Equal(t, notify.HistoryLost, body.Notice)
	require.ErrorContains(t, json.Unmarshal([]byte(`{"Notice":"war"}`), &body), `"war" is no notice; use one of none, history_lost`)
	b, err = json.Marshal(notify.Body{})
	require.NoError(t, err)
	require.NotContains(t, string(b), "Notice", "a message about a probe is stored as before")
}
