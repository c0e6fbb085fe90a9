package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/report"
	"sonde/store"
)

func TestWhyNobodyOutsideHearsOfSondeIsShown(t *testing.T) {
	since := now.Add(-90 * time.Second)
	for name, tc := range map[string]struct {
		said *store.Heartbeat
		want string
	}{
		"it is withheld":      {&store.Heartbeat{State: "withheld", Since: since, Why: "storage is full: results wait in memory"}, "the heartbeat is withheld, for 1m 30s: storage is full: results wait in memory\n"},
		"it is not taken":     {&store.Heartbeat{State: "failing", Since: since, Why: "answered 404 Not Found\x1b"}, "the heartbeat is not taken, for 1m 30s: answered 404 Not Found"},
		"nobody knows why":    {&store.Heartbeat{State: "failing"}, "the heartbeat is not taken\n"},
		"all is well":         {&store.Heartbeat{State: "ok"}, ""},
		"there is to be none": {nil, ""},
		"of a newer service":  {&store.Heartbeat{State: "tired", Since: since}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := report.NewStatus(&store.Snapshot{Service: store.Service{Running: true, Storing: &store.Storing{State: "ok", Heartbeat: tc.said}}}, now)
			text := written(t, s, report.Palette{})
			require.Contains(t, text, tc.want)
			require.Equal(t, tc.want != "", strings.Contains(text, "heartbeat"))
			require.NotContains(t, text, "\x1b")
			require.Equal(t, tc.said == nil, s.Service.Heartbeat == nil)
		})
	}
}
