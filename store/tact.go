package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"sonde/notify"
)

// addTact writes what has changed about how people are told.
func addTact(ctx context.Context, tx *repeating, changes *notify.Changes) error {
	for _, name := range slices.Sorted(maps.Keys(changes.Paces)) {
		if err := addPace(ctx, tx, name, changes.Paces[name]); err != nil {
			return fmt.Errorf("write what is remembered of destination %s: %w", name, err)
		}
	}
	for key, k := range changes.Kept {
		if err := addKept(ctx, tx, key, k); err != nil {
			return fmt.Errorf("write what %s hears otherwise of incident %s: %w", key.Destination, key.Incident, err)
		}
	}
	return nil
}

func addPace(ctx context.Context, tx *repeating, destination string, p *notify.Pace) error {
	if p == nil {
		return tx.exec(ctx, "DELETE FROM paces WHERE destination = ?", destination)
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return tx.exec(ctx, "INSERT INTO paces(destination, body) VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body", destination, string(body))
}

func addKept(ctx context.Context, tx *repeating, key notify.KeptKey, k *notify.Kept) error {
	if k == nil {
		return tx.exec(ctx, "DELETE FROM kept WHERE destination = ? AND incident = ?", key.Destination, key.Incident)
	}
	body, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return tx.exec(ctx, "INSERT INTO kept(destination, incident, body) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body", key.Destination, key.Incident, string(body))
}

// Tact returns what is remembered of destinations, and what they hear of otherwise than in
// a message of its own.
func (s *Store) Tact(ctx context.Context) (paces map[string]*notify.Pace, kept []notify.Kept, err error) {
	db, done := s.pool()
	defer done()
	if paces, err = readPaces(ctx, db); err == nil {
		kept, err = readKept(ctx, db)
	}
	if err != nil {
		return nil, nil, describe(s.path, fmt.Errorf("read how people are told: %w", err))
	}
	return paces, kept, nil
}

func readPaces(ctx context.Context, q querier) (map[string]*notify.Pace, error) {
	paces := map[string]*notify.Pace{}
	_, err := eachRow(ctx, q, "SELECT destination, body FROM paces", nil, func(rows *sql.Rows) error {
		var name, body string
		if err := rows.Scan(&name, &body); err != nil {
			return err
		}
		p := &notify.Pace{}
		paces[name] = p
		return json.Unmarshal([]byte(body), p)
	})
	return paces, err
}

func readKept(ctx context.Context, q querier) (kept []notify.Kept, err error) {
	_, err = eachRow(ctx, q, "SELECT destination, incident, body FROM kept ORDER BY destination, incident", nil, func(rows *sql.Rows) error {
		var k notify.Kept
		var body string
		if err := rows.Scan(&k.Destination, &k.Incident, &body); err != nil {
			return err
		}
		kept = append(kept, k)
		return json.Unmarshal([]byte(body), &kept[len(kept)-1])
	})
	return kept, err
}
