package record_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/slo"
	"sonde/store"
)

func TestAResultInMaintenanceIsStoredAsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("a"), watched("b"))
		schedule, err := slo.Once(slot(1), slot(10))
		require.NoError(t, err)
		p.plans = []incident.Command{{Name: "move", Schedule: schedule, Scope: incident.Scope{Names: []string{"a"}}}}
		p.begin(t0)
		for n := range 13 {
			p.Record(resultOf(p, "a", n, broken))
			p.Record(resultOf(p, "b", n, broken))
		}
		p.committed()
		require.Equal(t, []string{"a " + stamp(slot(12)), "b " + stamp(slot(2))},
			p.query("SELECT p.name, i.opened_at FROM incidents i JOIN probes p ON p.id = i.probe ORDER BY p.name"), "what fails has to last after the maintenance")

		reader, err := store.OpenReader(t.Context(), p.path)
		require.NoError(t, err)
		defer func() { require.NoError(t, reader.Close()) }()
		for n, want := range map[int]bool{0: false, 1: true, 9: true, 10: false} {
			snapshot, err := reader.Snapshot(t.Context(), slot(n))
			require.NoError(t, err)
			require.Equal(t, want, snapshot.Probes[0].Maintenance != nil)
			require.Equal(t, p.memory.States[p.id("a")], snapshot.Probes[0].State, "who replays comes to the same")
		}
		p.end()
	})
}
