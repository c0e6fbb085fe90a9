package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// An incident that is over goes by the worst it was. Builds before this one left it as it was
// last, and its timeline says that it had been down.
func TestAnOutageThatEasedBeforeItEndedIsReadAsOne(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	_, err := s.db.ExecContext(t.Context(), "INSERT INTO probes(id, name, spec, created_at) VALUES (1, 'checkout', '{}', 0)")
	require.NoError(t, err)
	for id, x := range map[incident.ID]struct{ kind, phase, change string }{
		1: {"degraded", "closed", "eased"}, 2: {"degraded", "recovered", "eased"}, 3: {"degraded", "closed", "resolved"}, 4: {"down", "closed", "eased"},
	} {
		_, err := s.db.ExecContext(t.Context(), `INSERT INTO incidents(id, probe, location, kind, phase, severity, reason, status, codes, failures, openings, since, opened_at)
			VALUES (?1, 1, (SELECT min(id) FROM locations), ?2, ?3, iif(?2 = 'down', 'critical', 'warning'), 'server_error', 503, '{}', 3, 1, ?4, ?4)`, id, x.kind, x.phase, t0.UnixMilli())
		require.NoError(t, err)
		_, err = s.db.ExecContext(t.Context(), "INSERT INTO timeline(incident, at, change, reason, status) VALUES (?, ?, ?, 'server_error', 503)", id, t0.UnixMilli(), x.change)
		require.NoError(t, err)
	}
	r := look(t, path)
	all, err := r.Incidents(t.Context(), 0, t0.Add(-time.Hour), t0.Add(time.Hour), 0)
	require.NoError(t, err)
	require.Len(t, all, 4)
	for _, x := range all {
		one, err := r.Incident(t.Context(), x.ID)
		require.NoError(t, err)
		require.Equal(t, x, *one)
		require.False(t, x.WasDown, "it is said by its kind")
		if x.ID == 3 {
			require.Equal(t, probe.KindDegraded, x.Kind)
			require.Equal(t, probe.Warning, x.Severity)
			continue
		}
		require.Equal(t, probe.KindDown, x.Kind)
		require.Equal(t, probe.Critical, x.Severity)
	}
	_, err = s.db.ExecContext(t.Context(), "UPDATE incidents SET phase = 'open' WHERE id = 2")
	require.NoError(t, err)
	x, err := r.Incident(t.Context(), 2)
	require.NoError(t, err)
	require.True(t, x.WasDown, "while it is open it goes by how it is")
	require.Equal(t, probe.KindDegraded, x.Kind)
	require.Equal(t, probe.Warning, x.Severity)
}
