package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// commandsInForce finds the commands that hold for anything behind an instant.
const commandsInForce = "SELECT id, key, at, kind, body, begins, ends FROM commands WHERE kind IN ('silence', 'maintenance') AND (ends IS NULL OR ends > ?) ORDER BY id"

// Commands returns the silences and the maintenance that were in force at any time since
// an instant, oldest first.
func (s *Store) Commands(ctx context.Context, since time.Time) ([]incident.Command, error) {
	db, done := s.pool()
	defer done()
	all, err := commands(ctx, db, since)
	if err != nil {
		return nil, describe(s.path, fmt.Errorf("read commands: %w", err))
	}
	return all, nil
}

func commands(ctx context.Context, q querier, since time.Time) (all []incident.Command, err error) {
	_, err = eachRow(ctx, q, commandsInForce, []any{since.UnixMilli()}, func(rows *sql.Rows) error {
		c, err := scanCommand(rows)
		all = append(all, c)
		return err
	})
	return all, err
}

// Commands returns the silences and the maintenance that were in force at any time since
// an instant, oldest first.
func (r *Reader) Commands(ctx context.Context, since time.Time) ([]incident.Command, error) {
	all, err := commands(ctx, r.db, since)
	if err != nil {
		return nil, describe(r.path, fmt.Errorf("read commands: %w", err))
	}
	return all, nil
}

func scanCommand(rows *sql.Rows) (c incident.Command, err error) {
	var at int64
	var id int64
	var key, kind, body string
	var begins, ends sql.NullInt64
	if err := rows.Scan(&id, &key, &at, &kind, &body, &begins, &ends); err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		return c, fmt.Errorf("command %d: %w", id, err)
	}
	c.ID, c.Key, c.At = incident.CommandID(id), key, instant(at)
	if begins.Valid {
		c.From = instant(begins.Int64)
	}
	if ends.Valid {
		c.Until = instant(ends.Int64)
	}
	return c, c.Kind.UnmarshalText([]byte(kind))
}

const addCommandRow = "INSERT INTO commands(key, at, kind, body, begins, ends) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(key) DO NOTHING"

// insertCommand writes a command, and gives it its id. It reports false if it was there.
func insertCommand(ctx context.Context, tx *sql.Tx, c *incident.Command) (bool, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return false, err
	}
	result, err := tx.ExecContext(ctx, addCommandRow, c.Key, c.At.UnixMilli(), c.Kind.String(), string(body), nullable(c.From), nullable(c.Until))
	if err != nil {
		return false, fmt.Errorf("write command %s: %w", c.Kind, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, err
	}
	if n == 0 {
		return false, tx.QueryRowContext(ctx, "SELECT id FROM commands WHERE key = ?", c.Key).Scan(&c.ID)
	}
	id, err := result.LastInsertId()
	c.ID = incident.CommandID(id)
	return true, err
}

// endCommand has a command hold no longer; from its beginning on if entirely.
func endCommand(ctx context.Context, tx *sql.Tx, id incident.CommandID, at time.Time, entirely bool) error {
	ms := at.UnixMilli()
	if entirely {
		ms = 0
	}
	_, err := tx.ExecContext(ctx, "UPDATE commands SET ends = ? WHERE id = ? AND (ends IS NULL OR ends > ?)", ms, id, ms)
	return err
}

// planMaintenance has the maintenance of a configuration in force, and no longer that of
// the one before which it does not name. What recurs counts from now on; what is once
// counts whenever it is or was. Commands about a group are about its new members, too.
func planMaintenance(ctx context.Context, tx *sql.Tx, r *Revision) error {
	var before []incident.Command
	inForce, err := commands(ctx, tx, r.At)
	if err != nil {
		return err
	}
	for i := range inForce {
		if inForce[i].File {
			before = append(before, inForce[i])
		} else if err := welcome(ctx, tx, &inForce[i], r.Probes); err != nil {
			return err
		}
	}
	for i := range r.Maintenance {
		c := &r.Maintenance[i]
		c.Kind, c.File, c.At = incident.Maintain, true, r.At
		c.Scope.Probes, _ = incident.Resolve(c.Scope.Names, named(r.Probes))
		if n := slices.IndexFunc(before, func(b incident.Command) bool { return samePlan(&b, c) }); n >= 0 {
			*c = before[n]
			before = slices.Delete(before, n, n+1)
			continue
		}
		c.Key = "file:" + strconv.FormatInt(r.At.UnixMilli(), 10) + ":" + c.Name
		if c.Schedule.Recurs() {
			c.From = r.At
		}
		if _, err := insertCommand(ctx, tx, c); err != nil {
			return err
		}
	}
	for i := range before {
		if err := endCommand(ctx, tx, before[i].ID, r.At, false); err != nil {
			return err
		}
	}
	return nil
}

// welcome has a command be about the probes that have joined its groups.
func welcome(ctx context.Context, tx *sql.Tx, c *incident.Command, probes []Probe) error {
	ids, _ := incident.Resolve(c.Scope.Names, named(probes))
	all := slices.Compact(slices.Sorted(slices.Values(append(ids, c.Scope.Probes...))))
	if slices.Equal(all, c.Scope.Probes) {
		return nil
	}
	c.Scope.Probes = all
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE commands SET body = ? WHERE id = ?", string(body), c.ID)
	return err
}

// named tells a name and a group of every probe.
func named(probes []Probe) func(func(id probe.ID, name, group string)) {
	return func(each func(id probe.ID, name, group string)) {
		for i := range probes {
			each(probes[i].ID, probes[i].Name(), probes[i].Subject.Group)
		}
	}
}

// samePlan reports whether maintenance is planned as before.
func samePlan(a, b *incident.Command) bool {
	return a.Name == b.Name && a.Note == b.Note && a.Schedule.String() == b.Schedule.String() &&
		slices.Equal(a.Scope.Names, b.Scope.Names) && slices.Equal(a.Scope.Probes, b.Scope.Probes)
}

// obey stores the commands of a batch with what they do, and what is held.
func obey(ctx context.Context, tx *sql.Tx, b *Batch) error {
	for i := range b.Commands {
		c := &b.Commands[i]
		fresh, err := insertCommand(ctx, tx, c)
		if err != nil {
			return err
		}
		if !fresh {
			continue // an earlier try got through
		}
		switch c.Kind {
		case incident.End:
			err = endCommand(ctx, tx, c.Of, c.At, c.Entirely)
		case incident.Acknowledge:
			err = acknowledge(ctx, tx, c)
		case incident.FalseAlarm:
			err = falseAlarm(ctx, tx, c)
		case incident.Silence:
			if c.Incident != 0 {
				err = moment(ctx, tx, c, incident.Silenced)
			}
		}
		if err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(b.Held)) {
		if err := hold(ctx, tx, id, b.Held[id]); err != nil {
			return fmt.Errorf("write what is held of incident %s: %w", id, err)
		}
	}
	if err := addTold(ctx, tx, b.Told); err != nil {
		return err
	}
	return placeCommands(ctx, tx, b.Enforced)
}

// placeCommands writes where in the commit order commands came in force: behind so many entries of the
// segment that follows another. With the log it says what was told, and why.
func placeCommands(ctx context.Context, tx *sql.Tx, all []Enforced) error {
	for _, e := range all {
		_, err := tx.ExecContext(ctx, "UPDATE commands SET behind = ?, place = ?, since = ? WHERE behind IS NULL AND (id = ?4 OR ?4 = 0)",
			e.Behind, e.Place, e.Since.UnixMilli(), e.Command)
		if err != nil {
			return fmt.Errorf("write when command %d came in force: %w", e.Command, err)
		}
	}
	return nil
}

func acknowledge(ctx context.Context, tx *sql.Tx, c *incident.Command) error {
	change := incident.Acknowledged
	var at, by, user, note any = c.At.UnixMilli(), c.By, c.User, c.Note
	if c.Undo {
		change, at, by, user, note = incident.Unacknowledged, nil, nil, nil, nil
	}
	_, err := tx.ExecContext(ctx, "UPDATE incidents SET acked_at = ?1, acked_by = ?2, acked_user = ?3, note = ?4 WHERE id = ?5 AND (?6 = 0 OR openings = ?6)",
		at, by, user, note, c.Incident, c.Opening)
	if err != nil {
		return fmt.Errorf("acknowledge incident %s: %w", c.Incident, err)
	}
	return moment(ctx, tx, c, change)
}

func falseAlarm(ctx context.Context, tx *sql.Tx, c *incident.Command) error {
	change := incident.FalseAlarmed
	var at, by any = c.At.UnixMilli(), c.By
	if c.Undo {
		change, at, by = incident.TrueAlarmed, nil, nil
	}
	_, err := tx.ExecContext(ctx, "UPDATE incidents SET false_alarm_at = ?, false_alarm_by = ? WHERE id = ?", at, by, c.Incident)
	if err != nil {
		return fmt.Errorf("write that incident %s was a false alarm: %w", c.Incident, err)
	}
	return moment(ctx, tx, c, change)
}

// moment adds what a command did to the timeline of its incident.
func moment(ctx context.Context, tx *sql.Tx, c *incident.Command, change incident.Change) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO timeline(incident, at, change, reason, status) SELECT id, ?, ?, reason, status FROM incidents WHERE id = ?",
		c.At.UnixMilli(), change.String(), c.Incident)
	if err != nil {
		return fmt.Errorf("write timeline of incident %s: %w", c.Incident, err)
	}
	return nil
}

func hold(ctx context.Context, tx *sql.Tx, id incident.ID, h *notify.Held) error {
	if h == nil {
		_, err := tx.ExecContext(ctx, "UPDATE incidents SET held = NULL WHERE id = ?", id)
		return err
	}
	written, err := json.Marshal(h)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE incidents SET held = ? WHERE id = ?", string(written), id)
	return err
}

// Held returns what people have not heard of, and who looks after incidents that are open.
func (s *Store) Held(ctx context.Context) (held []notify.Held, acks []incident.Command, err error) {
	db, done := s.pool()
	defer done()
	held, acks, err = heldBack(ctx, db)
	if err != nil {
		return nil, nil, describe(s.path, fmt.Errorf("read what is held back: %w", err))
	}
	return held, acks, nil
}

const heldIncidents = "SELECT id, phase, held, acked_at, acked_by, acked_user, note FROM incidents WHERE phase <> 'closed' AND (held IS NOT NULL OR acked_at IS NOT NULL) ORDER BY id"

func heldBack(ctx context.Context, q querier) (held []notify.Held, acks []incident.Command, err error) {
	_, err = eachRow(ctx, q, heldIncidents, nil, func(rows *sql.Rows) error {
		var id incident.ID
		var phase string
		var why, by, user, note sql.NullString
		var at sql.NullInt64
		if err := rows.Scan(&id, &phase, &why, &at, &by, &user, &note); err != nil {
			return err
		}
		if at.Valid && phase == incident.Open.String() {
			acks = append(acks, incident.Command{Kind: incident.Acknowledge, Incident: id, At: instant(at.Int64), By: by.String, User: user.String, Note: note.String})
		}
		if !why.Valid {
			return nil
		}
		h := notify.Held{}
		if err := json.Unmarshal([]byte(why.String), &h); err != nil {
			return fmt.Errorf("incident %s: %w", id, err)
		}
		h.Incident = id
		held = append(held, h)
		return nil
	})
	return held, acks, err
}

// readHeld reads who looks after what, and what people have not heard of.
func (s *Snapshot) readHeld(ctx context.Context, q querier) error {
	held, acks, err := heldBack(ctx, q)
	if err != nil {
		return err
	}
	s.Acks, s.Held = make(map[incident.ID]incident.Command, len(acks)), make(map[incident.ID]notify.Held, len(held))
	for _, c := range acks {
		s.Acks[c.Incident] = c
	}
	for _, h := range held {
		s.Held[h.Incident] = h
	}
	return nil
}
