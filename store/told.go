package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"sonde/incident"
)

// addTold writes who has heard of incidents and not of their end.
func addTold(ctx context.Context, tx *sql.Tx, told map[incident.ID][]string) error {
	for _, id := range slices.Sorted(maps.Keys(told)) {
		names, err := json.Marshal(told[id])
		if err == nil {
			_, err = tx.ExecContext(ctx, "UPDATE incidents SET told = ? WHERE id = ?", string(names), id)
		}
		if err != nil {
			return fmt.Errorf("write who has heard of incident %s: %w", id, err)
		}
	}
	return nil
}

// Told returns which destinations have heard of incidents that are not closed, and not of
// their end. Of an incident of before this was noted there is nothing.
func (s *Store) Told(ctx context.Context) (map[incident.ID][]string, error) {
	db, done := s.pool()
	defer done()
	told := map[incident.ID][]string{}
	_, err := eachRow(ctx, db, "SELECT id, told FROM incidents WHERE phase <> 'closed' AND told IS NOT NULL", nil, func(rows *sql.Rows) error {
		var id incident.ID
		var written string
		if err := rows.Scan(&id, &written); err != nil {
			return err
		}
		names := []string{}
		if err := json.Unmarshal([]byte(written), &names); err != nil {
			return fmt.Errorf("incident %s: %w", id, err)
		}
		told[id] = names
		return nil
	})
	if err != nil {
		return nil, describe(s.path, fmt.Errorf("read who has heard of what: %w", err))
	}
	return told, nil
}
