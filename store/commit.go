package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// Batch is what becomes durable together.
type Batch struct {
	Seq      int64     // the segment's place in the log: one after the last; a repeated commit has the same
	At       time.Time // when the commit is made, for people
	Entries  []Entry
	Effects  []Effect
	Circles  []*incident.Circle // those of the effects
	Messages []notify.Message

	Commands []incident.Command           // each gets its id
	Held     map[incident.ID]*notify.Held // what has changed about what people have not heard of; nil: they have
	Told     map[incident.ID][]string     // what has changed about who has heard of what, and not of its end

	Tact notify.Changes // what has changed about how people are told

	Enforced []Enforced // commands that have come in force

	Delivered map[string]notify.Delivery // by key: messages that were delivered before they could be stored

	Checkpoint *Checkpoint // the states after this batch; nil if they are not to be kept now
}

// Enforced is where in the commit order a command has come in force.
type Enforced struct {
	Command incident.CommandID // 0: all that are not in force yet
	Behind  int64              // the segment
	Place   int                // entries of the next one
	Since   time.Time
}

// Effect is what followed from an entry, for a probe.
type Effect struct {
	Probe probe.ID // below 0: of what several probes share
	incident.Effects
}

// Commit makes a batch durable, all or nothing. A batch whose Seq is in the log
// already is kept as it is: the earlier commit got through although it seemed not to.
// A batch without entries is not known by its Seq, and must have no effects.
func (s *Store) Commit(ctx context.Context, b *Batch) error {
	err := s.bound(b, s.change(ctx, func(tx *sql.Tx) error {
		fresh, err := s.appendLog(ctx, tx, b)
		if err != nil || !fresh {
			return err
		}
		rows := repeat(tx)
		if err := s.addEvidence(ctx, rows, b); err != nil {
			return err
		}
		if err := addCircles(ctx, rows, b.Circles, b.At); err != nil {
			return err
		}
		for i := range b.Effects {
			if err := s.apply(ctx, rows, &b.Effects[i]); err != nil {
				return err
			}
		}
		if err := obey(ctx, tx, b); err != nil {
			return err
		}
		if err := addTact(ctx, rows, &b.Tact); err != nil {
			return err
		}
		if err := addMessages(ctx, rows, b.Messages, b.Delivered); err != nil {
			return err
		}
		if err := addDelivered(ctx, tx, b); err != nil {
			return err
		}
		if b.Checkpoint == nil {
			return nil
		}
		return s.addCheckpoint(ctx, tx, b.Checkpoint, b.At)
	}))
	if err == nil {
		next := nextIncident(b.Effects)
		s.marker.note(mark{seq: b.Seq, next: next}, next > 0, b.Checkpoint != nil)
	}
	return err
}

// nextIncident is an id behind those of all incidents that something happened to; 0 if
// nothing did.
func nextIncident(effects []Effect) (next incident.ID) {
	for i := range effects {
		for j := range effects[i].Transitions {
			next = max(next, effects[i].Transitions[j].Problem.ID+1)
		}
	}
	return next
}

// appendLog writes the segment, and reports false if it was there already. A batch
// without entries writes no segment.
func (s *Store) appendLog(ctx context.Context, tx *sql.Tx, b *Batch) (bool, error) {
	if len(b.Entries) == 0 {
		return true, nil
	}
	result, err := tx.ExecContext(ctx, "INSERT INTO log(seq, location, at, entries, packed) VALUES (?, ?, ?, ?, ?) ON CONFLICT(seq) DO NOTHING",
		b.Seq, s.location, b.At.UnixMilli(), len(b.Entries), packEntries(b.Entries))
	if err != nil {
		return false, fmt.Errorf("append to log: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// addCircles makes the rows of what several probes share, which their incidents are about.
func addCircles(ctx context.Context, tx *repeating, circles []*incident.Circle, at time.Time) error {
	for _, c := range circles {
		err := tx.exec(ctx, "INSERT INTO probes(id, name, spec, created_at) VALUES (?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET spec = excluded.spec",
			c.ID, c.String(), c.Title, at.UnixMilli())
		if err != nil {
			return fmt.Errorf("write what probes share: %w", err)
		}
	}
	return nil
}

func (s *Store) apply(ctx context.Context, tx *repeating, e *Effect) error {
	for _, entry := range e.Ledger {
		err := tx.exec(ctx, "INSERT INTO ledger(probe, location, first, last, step, outcome, reason) VALUES (?, ?, ?, ?, ?, ?, ?)",
			e.Probe, s.location, entry.Slots.First.UnixMilli(), entry.Slots.Last.UnixMilli(), entry.Slots.Step.Milliseconds(), entry.Outcome.String(), entry.Reason.String())
		if err != nil {
			return fmt.Errorf("write ledger: %w", err)
		}
	}
	for _, grid := range e.Grids {
		err := tx.exec(ctx, "INSERT INTO grids(probe, location, first, last, step) VALUES (?, ?, ?, ?, ?)",
			e.Probe, s.location, grid.First.UnixMilli(), grid.Last.UnixMilli(), grid.Step.Milliseconds())
		if err != nil {
			return fmt.Errorf("write grid: %w", err)
		}
	}
	if err := s.applySlow(ctx, tx, e); err != nil {
		return err
	}
	for i := range e.Transitions {
		if err := s.transition(ctx, tx, e.Probe, &e.Transitions[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) transition(ctx context.Context, tx *repeating, id probe.ID, t *incident.Transition) error {
	p := &t.Problem
	codes, err := json.Marshal(codeMap(p.Codes))
	if err != nil {
		return err
	}
	var closedAt any
	if p.Phase == incident.Closed {
		closedAt = t.At.UnixMilli()
	}
	err = tx.exec(ctx, `INSERT INTO incidents(id, probe, location, kind, phase, severity, reason, status, codes, failures, openings, since, opened_at, recovered_at, closed_at, recover_by)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT(id) DO UPDATE SET kind = excluded.kind, phase = excluded.phase, severity = excluded.severity, reason = excluded.reason, status = excluded.status, codes = excluded.codes,
		failures = excluded.failures, openings = excluded.openings, since = excluded.since, opened_at = excluded.opened_at, recovered_at = excluded.recovered_at, closed_at = excluded.closed_at, recover_by = excluded.recover_by,
		acked_at = CASE WHEN excluded.openings > incidents.openings THEN NULL ELSE incidents.acked_at END`,
		p.ID, id, s.location, p.Kind.String(), p.Phase.String(), p.Severity.String(), p.Cause.Reason.String(), p.Cause.Status, string(codes),
		p.Failures, p.Openings, p.Since.UnixMilli(), p.OpenedAt.UnixMilli(), nullable(p.RecoveredAt), closedAt, nullable(p.RecoverBy))
	if err != nil {
		return fmt.Errorf("write incident %s: %w", p.ID, err)
	}
	err = tx.exec(ctx, "INSERT INTO timeline(incident, at, change, reason, status) VALUES (?, ?, ?, ?, ?)",
		p.ID, t.At.UnixMilli(), t.Change.String(), p.Cause.Reason.String(), p.Cause.Status)
	if err != nil {
		return fmt.Errorf("write timeline of incident %s: %w", p.ID, err)
	}
	return nil
}

func codeMap(codes []incident.CodeCount) map[int]int {
	m := make(map[int]int, len(codes))
	for _, c := range codes {
		m[int(c.Code)] = int(c.Count)
	}
	return m
}

func nullable(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// addCheckpoint writes the states, and keeps the checkpoint before as well.
func (s *Store) addCheckpoint(ctx context.Context, tx *sql.Tx, c *Checkpoint, at time.Time) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO checkpoints(seq, location, at, packed) VALUES (?, ?, ?, ?) ON CONFLICT(seq) DO UPDATE SET at = excluded.at, packed = excluded.packed",
		c.seq, s.location, at.UnixMilli(), c.packed)
	if err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM checkpoints WHERE seq < (SELECT min(seq) FROM (SELECT seq FROM checkpoints ORDER BY seq DESC LIMIT 2))")
	return err
}
