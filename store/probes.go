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
	"sonde/probe"
	"sonde/slo"
)

// Probe is what is kept about a configured probe, so that the database can be read
// without the file. It holds no secret.
type Probe struct {
	ID          probe.ID
	Was         string // the name before a rename
	Subject     notify.Subject
	Policy      incident.Policy
	Objectives  []slo.Objective
	RequestHash string // changes when the request does
	RetiredAt   time.Time
}

// Name is the probe's name.
func (p *Probe) Name() string { return p.Subject.Name }

// Revision is a change of the configuration.
type Revision struct {
	At       time.Time
	Probes   []Probe // all that are configured now; their IDs are given by Revise
	Memory   *Memory // the states as they go on from here
	Effects  []Effect
	Messages []notify.Message
}

// Revise makes a configuration durable: probes keep their ids over a rename, new ones
// get one, and those that are gone are retired, with all their history. The states are
// written with it, because from here on they follow the new policies.
func (s *Store) Revise(ctx context.Context, r *Revision) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE probes SET retired_at = ? WHERE retired_at IS NULL", r.At.UnixMilli()); err != nil {
			return err
		}
		if err := registerAll(ctx, tx, r); err != nil {
			return err
		}
		for i := range r.Effects {
			if err := s.apply(ctx, tx, &r.Effects[i]); err != nil {
				return err
			}
		}
		if err := addMessages(ctx, tx, r.Messages); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO meta(key, value) VALUES ('revision', '1') ON CONFLICT(key) DO UPDATE SET value = CAST(value AS INTEGER) + 1"); err != nil {
			return err
		}
		return s.addCheckpoint(ctx, tx, r.Memory.Checkpoint(), r.At)
	})
}

func registerAll(ctx context.Context, tx *sql.Tx, r *Revision) error {
	given := make(map[probe.ID]bool, len(r.Probes))
	for i := range r.Probes {
		p := &r.Probes[i]
		if err := register(ctx, tx, p, r.At); err != nil {
			return fmt.Errorf("register probe %q: %w", p.Name(), err)
		}
		if given[p.ID] {
			return fmt.Errorf("register probe %q: it would have the history of another configured probe", p.Name())
		}
		given[p.ID] = true
	}
	return nil
}

// register finds or makes the row of a probe, and gives the probe its id.
func register(ctx context.Context, tx *sql.Tx, p *Probe, at time.Time) error {
	err := tx.QueryRowContext(ctx, "SELECT id FROM probes WHERE name = ?1 OR name = ?2 AND ?2 <> '' ORDER BY name <> ?1 LIMIT 1", p.Name(), p.Was).Scan(&p.ID)
	if errors.Is(err, sql.ErrNoRows) {
		err = tx.QueryRowContext(ctx, "INSERT INTO probes(name, spec, created_at) VALUES (?, '', ?) RETURNING id", p.Name(), at.UnixMilli()).Scan(&p.ID)
	}
	if err != nil {
		return err
	}
	spec, err := json.Marshal(p)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE probes SET name = ?, spec = ?, retired_at = NULL WHERE id = ?", p.Name(), string(spec), p.ID)
	return err
}

// probes reads what is kept about probes, the retired ones too, in the order of their ids.
func probes(ctx context.Context, q querier) ([]Probe, error) {
	rows, err := q.QueryContext(ctx, "SELECT id, spec, retired_at FROM probes ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []Probe
	for rows.Next() {
		var id int64
		var spec string
		var retired sql.NullInt64
		if err := rows.Scan(&id, &spec, &retired); err != nil {
			return nil, err
		}
		var p Probe
		if err := json.Unmarshal([]byte(spec), &p); err != nil {
			return nil, fmt.Errorf("read probe %d: %w", id, err)
		}
		p.ID = probe.ID(id)
		if retired.Valid {
			p.RetiredAt = instant(retired.Int64)
		}
		all = append(all, p)
	}
	return all, rows.Err()
}
