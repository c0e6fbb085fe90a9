package report_test

import (
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
