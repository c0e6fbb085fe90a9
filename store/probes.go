package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
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
	Policy      *incident.Policy // probes with the same one share it; nobody changes it
	Objectives  []slo.Objective
	Pledge      Pledge `json:",omitzero"` // of its group
	RequestHash string // changes when the request does
	Credential  string // that it is asked with: a name, or "of/" and one of those that share it; empty for none
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
	Tact     notify.Changes // what has changed about how people are told

	// Maintenance is what the configuration plans; by the names of probes and groups.
	Maintenance []incident.Command
}

// Revise makes a configuration durable: probes keep their ids over a rename, new ones
// get one, and those that are gone are retired, with all their history. The states are
// written with it, because from here on they follow the new policies. A configuration
// that is the same as before changes nothing but the states.
func (s *Store) Revise(ctx context.Context, r *Revision) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		latest, err := lastRevision(ctx, tx)
		if err != nil {
			return err
		}
		before, err := unpackProbes(latest)
		if err != nil {
			before = nil // what cannot be read is written anew
		}
		same, err := identify(r.Probes, before, latest)
		if err != nil {
			return err
		}
		if !same {
			if err := reconfigure(ctx, tx, r, before); err != nil {
				return err
			}
		}
		if err := planMaintenance(ctx, tx, r); err != nil {
			return fmt.Errorf("plan maintenance: %w", err)
		}
		rows := repeat(tx)
		for i := range r.Effects {
			if err := s.apply(ctx, rows, &r.Effects[i]); err != nil {
				return err
			}
		}
		if err := addTact(ctx, rows, &r.Tact); err != nil {
			return err
		}
		if err := addMessages(ctx, rows, r.Messages, nil); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO meta(key, value) VALUES ('revision', '1') ON CONFLICT(key) DO UPDATE SET value = CAST(value AS INTEGER) + 1"); err != nil {
			return err
		}
		return s.addCheckpoint(ctx, tx, r.Memory.Checkpoint(), r.At)
	})
}

func reconfigure(ctx context.Context, tx *sql.Tx, r *Revision, before []Probe) error {
	reg, err := newRegister(ctx, tx, before)
	if err != nil {
		return err
	}
	defer reg.close()
	given := make(map[probe.ID]bool, len(r.Probes))
	for i := range r.Probes {
		p := &r.Probes[i]
		if err := reg.enter(ctx, p, r.At); err != nil {
			return fmt.Errorf("register probe %q: %w", p.Name(), err)
		}
		if given[p.ID] {
			return fmt.Errorf("register probe %q: it would have the history of another configured probe", p.Name())
		}
		given[p.ID] = true
	}
	for id := range reg.names {
		if given[id] {
			continue
		}
		if _, err := tx.ExecContext(ctx, "UPDATE probes SET retired_at = ? WHERE id = ? AND retired_at IS NULL", r.At.UnixMilli(), id); err != nil {
			return err
		}
	}
	packed, err := packProbes(r.Probes)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO revisions(at, seq, packed) VALUES (?, ?, ?)", r.At.UnixMilli(), r.Memory.Seq, packed)
	return err
}

// register finds and makes the rows of probes.
type register struct {
	ids   map[string]probe.ID // by name
	names map[probe.ID]string // of those that are not retired
	said  map[probe.ID]*Probe // what the rows of some of those say already

	insert, update, describe *sql.Stmt
}

func newRegister(ctx context.Context, tx *sql.Tx, before []Probe) (*register, error) {
	r := &register{ids: map[string]probe.ID{}, names: map[probe.ID]string{}, said: map[probe.ID]*Probe{}}
	for i := range before {
		r.said[before[i].ID] = &before[i]
	}
	_, err := eachRow(ctx, tx, "SELECT id, name, retired_at IS NULL FROM probes WHERE id > 0", nil, func(rows *sql.Rows) error {
		var id probe.ID
		var name string
		var active bool
		err := rows.Scan(&id, &name, &active)
		r.ids[name] = id
		if active {
			r.names[id] = name
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if r.insert, err = tx.PrepareContext(ctx, "INSERT INTO probes(name, spec, created_at) VALUES (?, '', ?) RETURNING id"); err != nil {
		return nil, err
	}
	if r.update, err = tx.PrepareContext(ctx, "UPDATE probes SET name = ?, spec = ?, retired_at = NULL WHERE id = ?"); err != nil {
		r.close()
		return nil, err
	}
	if r.describe, err = tx.PrepareContext(ctx, "UPDATE probes SET spec = ? WHERE id = ?"); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *register) close() {
	for _, s := range [...]*sql.Stmt{r.insert, r.update, r.describe} {
		if s != nil {
			_ = s.Close()
		}
	}
}

// enter finds or makes the row of a probe, and gives the probe its id. A probe has the
// history of its name, else that of the name before.
func (r *register) enter(ctx context.Context, p *Probe, at time.Time) error {
	id, ok := r.ids[p.Name()]
	if !ok && p.Was != "" {
		if id, ok = r.ids[p.Was]; ok {
			delete(r.ids, p.Was)
		}
	}
	if !ok {
		if err := r.insert.QueryRowContext(ctx, p.Name(), at.UnixMilli()).Scan(&id); err != nil {
			return err
		}
	}
	p.ID = id
	r.ids[p.Name()] = id
	stays := r.names[id] == p.Name()
	if said := r.said[id]; stays && said != nil && said.describes(p) {
		return nil
	}
	spec, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if stays {
		_, err = r.describe.ExecContext(ctx, string(spec), p.ID) // no index is touched
		return err
	}
	_, err = r.update.ExecContext(ctx, p.Name(), string(spec), p.ID)
	return err
}

const retiredProbes = "SELECT id, spec, retired_at FROM probes WHERE retired_at IS NOT NULL AND id > 0"

// probes reads what is kept about probes, the retired ones too, in the order of their
// ids: the configured ones as the latest configuration packed them, or as somebody has them
// already who packs them in the same way: then they are theirs.
func probes(ctx context.Context, q querier, had []Probe) (all []Probe, theirs bool, err error) {
	kept, err := readProbes(ctx, q)
	if err != nil {
		return nil, false, err
	}
	if all, theirs, err = kept.unpack(had); err != nil {
		all, err = probeRows(ctx, q, allProbes)
	}
	return all, theirs, err
}

// keptProbes is what is kept about probes, as it is read.
type keptProbes struct {
	latest  []byte // the configured ones
	retired []Probe
}

func readProbes(ctx context.Context, q querier) (k keptProbes, err error) {
	if k.latest, err = lastRevision(ctx, q); err != nil {
		return k, err
	}
	k.retired, err = probeRows(ctx, q, retiredProbes)
	return k, err
}

// unpack needs no database. What it cannot unpack stands in rows, too.
func (k *keptProbes) unpack(had []Probe) (all []Probe, theirs bool, err error) {
	packed, err := packProbes(had)
	theirs = err == nil && len(had) > 0 && string(packed) == string(k.latest)
	current := had
	if !theirs {
		if current, err = unpackProbes(k.latest); err != nil {
			return nil, false, err
		}
	}
	byID := func(a, b Probe) int { return cmp.Compare(a.ID, b.ID) }
	if len(k.retired) == 0 && slices.IsSortedFunc(current, byID) {
		return current, theirs, nil
	}
	all = slices.Concat(current, k.retired)
	slices.SortFunc(all, byID)
	return all, theirs, nil
}

// allProbes finds the rows of all probes.
const allProbes = "SELECT id, spec, retired_at FROM probes WHERE id > 0 ORDER BY id"

// probeRows reads probes from their rows.
func probeRows(ctx context.Context, q querier, query string) ([]Probe, error) {
	rows, err := q.QueryContext(ctx, query)
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
