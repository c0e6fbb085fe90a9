package store

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func walSize(t testing.TB, s *Store) int64 {
	t.Helper()
	info, err := os.Stat(s.Path() + "-wal") // not opened: that would drop SQLite's locks
	require.NoError(t, err)
	return info.Size()
}

// plan is how SQLite goes about a query.
func plan(t *testing.T, s *Store, query string, args ...any) string {
	t.Helper()
	rows, err := s.db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
		steps = append(steps, detail)
	}
	require.NoError(t, rows.Err())
	return strings.Join(steps, "\n")
}

func TestQueriesFindWhatTheyLookForByAnIndex(t *testing.T) {
	s := open(t, newPath(t))
	for name, tc := range map[string]struct {
		query string
		args  []any
		want  []string
	}{
		"the next message": {claimable, []any{"ops", 0}, []string{
			"SEARCH o USING INDEX outbox_unsent (destination=?)", "SEARCH p USING INDEX outbox_unsent (destination=? AND incident=? AND id<?)",
		}},
		"the next first message": {staleRoot, []any{"ops", 0}, []string{
			"SEARCH t USING INDEX thread_stale (destination=? AND edit_at<?)", "SEARCH o USING INTEGER PRIMARY KEY",
		}},
		"what waits to be passed on":   {forwardable, []any{"ops"}, []string{"SEARCH outbox USING INDEX outbox_unsent (destination=?)"}},
		"when the next message is due": {nextDue, []any{"ops", 0}, []string{"SEARCH outbox USING INDEX outbox_unsent (destination=?)"}},
		"how many messages wait":       {unsent, nil, []string{"SCAN outbox USING INDEX outbox_unsent"}},
		"the tail of the log":          {logTail, []any{7, 9, 10}, []string{"SEARCH log USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"}},
		"when was written last":        {lastWrite, nil, []string{"SCAN log"}}, // backwards, and of one row
		"the ledger of a window":       {ledgerWithin, []any{0, 9, 9}, []string{"SEARCH ledger USING COVERING INDEX ledger_last (last>? AND last<?)"}},
		"the long stretches":           {ledgerBeyond, []any{0, 9}, []string{"SEARCH ledger USING COVERING INDEX ledger_long (last>?)"}},
		"packs of the ledger":          {ledgerTable.packsWithin(), []any{0, 9}, []string{"SEARCH ledgerpacks USING INDEX ledgerpack_latest (latest>?)"}},
		"packs of grids":               {gridTable.packsWithin(), []any{0, 9}, []string{"SEARCH gridpacks USING INDEX gridpack_latest (latest>?)"}},
		"what is in no pack":           {ledgerTable.looseRows(), []any{9}, []string{"SEARCH ledger USING INTEGER PRIMARY KEY (rowid>?)"}},
		"who was told of incidents":    {heldIncidents, nil, []string{"SCAN incidents USING INDEX incident_answered"}},
		"the incidents of a probe":     {incidentsOfProbe, []any{0, 9, 9, 1, -1}, []string{"SEARCH i USING INDEX incident_of_probe (probe=?)"}},
		"the newest incidents":         {incidentsWithin, []any{0, 9, 9, 0, 5}, []string{"SCAN i USING INDEX incident_opened"}},
		"one incident":                 {incidentOfID, []any{7}, []string{"SEARCH i USING INTEGER PRIMARY KEY (rowid=?)"}},
		"the ledger of a probe":        {ledgerOfProbe, []any{1, 0, 9}, []string{"SEARCH ledger USING INDEX ledger_of_probe (probe=? AND last>?)"}},
		"the probes that are retired":  {retiredProbes, nil, []string{"USING INDEX probe_retired"}},
		"the chunks of a probe":        {chunksWithin, []any{0, 0, 9, 0, 1}, []string{"SEARCH chunks USING INDEX chunk_of_probe (span=? AND probe<?)"}},
		"the days of a probe":          {daysWithin, []any{0, 9, 1}, []string{"SEARCH rollups USING PRIMARY KEY (day>? AND day<?)", "SEARCH days USING INDEX day_of_probe (day=? AND span=? AND probe<?)"}},
		"the chunks of some probes":    {rowsOfProbes, []any{1, 2, 3}, []string{"SEARCH chunks USING INDEX chunk_of_probe (span=? AND probe>? AND probe<?)"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := plan(t, s, tc.query, tc.args...)
			for _, want := range tc.want {
				require.Contains(t, got, want)
			}
			if name != "when was written last" {
				require.NotContains(t, got, "SCAN log")
			}
		})
	}
}
