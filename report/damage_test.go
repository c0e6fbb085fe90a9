package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/report"
	"sonde/store"
)

func TestADamagedDatabaseThatWasSetAsideIsShown(t *testing.T) {
	at := now.Add(-time.Hour)
	s := report.NewStatus(&store.Snapshot{Service: store.Service{Running: true, Damaged: []string{"/d/sonde.db.corrupt-1", "/d/sonde.db.\x1b[31m"}, LastBackup: at}}, now)
	require.Equal(t, &at, s.Service.LastBackup)
	text := written(t, s, report.Palette{})
	require.Contains(t, text, "history was lost: the damaged database lies in /d/sonde.db.corrupt-1; remove it when nobody needs it any more\n")
	require.NotContains(t, text, "\x1b")
}

func TestTroubleWithStoringIsShown(t *testing.T) {
	since := now.Add(-90 * time.Second)
	for name, tc := range map[string]struct {
		said *store.Storing
		want string
	}{
		"a full disk":        {&store.Storing{State: "full", Since: since, Waiting: 120, Lost: 3}, "the disk of the database is full, for 1m 30s; 120 results in memory, 3 lost"},
		"a failing disk":     {&store.Storing{State: "failing", Waiting: 1}, "the database cannot be written; 1 result in memory, 0 lost"},
		"little room":        {&store.Storing{State: "low", Since: since}, "room for the database is low, for 1m 30s"},
		"no trouble":         {&store.Storing{State: "ok"}, ""},
		"no word":            {nil, ""},
		"of a newer service": {&store.Storing{State: "tired"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := report.NewStatus(&store.Snapshot{Service: store.Service{Running: true, Storing: tc.said}}, now)
			text := written(t, s, report.Palette{})
			require.Contains(t, text, tc.want)
			require.Equal(t, tc.want != "", strings.Contains(text, "database"))
			require.Equal(t, tc.said == nil, s.Service.Storage == nil)
		})
	}
}
