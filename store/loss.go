package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sonde/incident"
	"sonde/notify"
)

// Loss is what became of a database that was damaged or gone.
type Loss struct {
	At        time.Time
	Why       string
	Aside     string // where the damaged one lies now; empty if nothing was left of it
	Incidents int    // that are not closed and were carried over
	Probes    int    // that were carried over
	Announced bool   // people have been told
}

const lostKey = "lost"

// Lost is the latest loss of the database that people have not been told of; nil if there
// is none.
func (s *Store) Lost(ctx context.Context) (*Loss, error) {
	var written string
	err := s.db.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = ?", lostKey).Scan(&written)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, describe(s.path, err)
	}
	var lost Loss
	if err := json.Unmarshal([]byte(written), &lost); err != nil {
		return nil, fmt.Errorf("read what was lost: %w", err)
	}
	if lost.Announced {
		return nil, nil
	}
	return &lost, nil
}

// Announce queues the notice of a loss for destinations, once: with it, the loss counts
// as announced.
func (s *Store) Announce(ctx context.Context, lost *Loss, destinations []string, location string) error {
	said := *lost
	said.Announced = true
	written, err := json.Marshal(said)
	if err != nil {
		return err
	}
	var messages []notify.Message
	for _, destination := range destinations {
		messages = append(messages, notify.Message{
			Key:         fmt.Sprintf("%s:%s:%d", notify.HistoryLost, destination, lost.At.UnixMilli()),
			Destination: destination, Change: incident.Opened, CreatedAt: lost.At,
			Body: notify.Body{Notice: notify.HistoryLost, Location: location, At: lost.At, Since: lost.At},
		})
	}
	return s.change(ctx, func(tx *sql.Tx) error {
		if err := addMessages(ctx, repeat(tx), messages, nil); err != nil {
			return err
		}
		return setMeta(ctx, tx, lostKey, string(written))
	})
}
