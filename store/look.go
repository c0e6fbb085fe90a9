package store

import (
	"context"
	"encoding/json"

	"sonde/incident"
	"sonde/notify"
)

// lookLimit is how many waiting messages are read at once, at the most. Later ones are
// seen when these are gone.
const lookLimit = 1000

var _ notify.Stored = (*Store)(nil)

// Look reads what waits for a destination without writing, see [notify.Stored].
func (s *Store) Look(ctx context.Context, destination string, about []incident.ID) (view notify.View, err error) {
	db, done := s.pool()
	defer done()
	rows, err := db.QueryContext(ctx, `SELECT `+messageColumns+`, next_at FROM outbox
		WHERE destination = ? AND state <> 'sent' AND state IN ('pending', 'sending') ORDER BY id LIMIT ?`, destination, lookLimit)
	if err != nil {
		return view, describe(s.path, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var next int64
		var m notify.Message
		if err := scanMessage(rows, &m, &next); err != nil {
			return view, err
		}
		view.Waiting = append(view.Waiting, notify.Waiting{Message: m, Next: instant(next)})
		about = append(about, m.Incident)
	}
	if err := rows.Err(); err != nil {
		return view, describe(s.path, err)
	}
	view.Threads, err = threads(ctx, db, destination, about)
	return view, err
}

func threads(ctx context.Context, db querier, destination string, about []incident.ID) (map[incident.ID]notify.Thread, error) {
	ids := make([]int64, len(about))
	for i, id := range about {
		ids[i] = int64(id)
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, "SELECT incident, channel, root FROM threads WHERE destination = ? AND incident IN (SELECT value FROM json_each(?))", destination, string(list))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	all := map[incident.ID]notify.Thread{}
	for rows.Next() {
		var id incident.ID
		var t notify.Thread
		if err := rows.Scan(&id, &t.Channel, &t.Root); err != nil {
			return nil, err
		}
		all[id] = t
	}
	return all, rows.Err()
}
