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

// Store is the outbox that the dispatcher delivers from.
var _ notify.Outbox = (*Store)(nil)

// claimable picks the oldest due message of a destination whose incident has no
// earlier one on its way.
const claimable = `SELECT o.id FROM outbox o WHERE o.destination = ?1 AND o.state <> 'sent' AND o.state = 'pending' AND o.next_at <= ?2
	AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.destination = o.destination AND p.incident = o.incident AND p.id < o.id AND p.state <> 'sent' AND p.state IN ('pending', 'sending'))
	ORDER BY o.id LIMIT 1`

// nextDue says when the next message of a destination is to be tried.
const nextDue = "SELECT min(next_at) FROM outbox WHERE destination = ? AND state <> 'sent' AND state = 'pending' AND next_at > ?"

// Claim takes the oldest due message of a destination, see [notify.Outbox].
func (s *Store) Claim(ctx context.Context, destination string, now time.Time) (*notify.Claim, time.Time, error) {
	var claim *notify.Claim
	var next time.Time
	err := s.change(ctx, func(tx *sql.Tx) (err error) {
		claim, err = claimOne(ctx, tx, destination, now)
		if claim != nil || err != nil {
			return err
		}
		var at sql.NullInt64
		err = tx.QueryRowContext(ctx, nextDue, destination, now.UnixMilli()).Scan(&at)
		if at.Valid {
			next = instant(at.Int64)
		}
		return err
	})
	return claim, next, err
}

func claimOne(ctx context.Context, tx *sql.Tx, destination string, now time.Time) (*notify.Claim, error) {
	c := &notify.Claim{}
	m := &c.Message
	var change, body string
	var createdAt int64
	err := tx.QueryRowContext(ctx, "UPDATE outbox SET state = 'sending' WHERE id = ("+claimable+") RETURNING id, key, incident, change, body, created_at, attempts, repeat",
		destination, now.UnixMilli()).Scan(&m.ID, &m.Key, &m.Incident, &change, &body, &createdAt, &m.Attempts, &m.Repeat)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m.Destination, m.CreatedAt = destination, instant(createdAt)
	if err := m.Change.UnmarshalText([]byte(change)); err != nil {
		return nil, fmt.Errorf("message %d: %w", m.ID, err)
	}
	if err := json.Unmarshal([]byte(body), &m.Body); err != nil {
		return nil, fmt.Errorf("message %d: %w", m.ID, err)
	}
	err = tx.QueryRowContext(ctx, "SELECT channel, root FROM threads WHERE incident = ? AND destination = ?", m.Incident, destination).Scan(&c.Thread.Channel, &c.Thread.Root)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return c, err
}

// Settle writes down how the delivery of a message ended.
func (s *Store) Settle(ctx context.Context, id notify.MessageID, end notify.Settlement) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		var settledAt any
		if end.State != notify.StatePending {
			settledAt = end.At.UnixMilli()
		}
		next := int64(0)
		if !end.Next.IsZero() {
			next = end.Next.UnixMilli()
		}
		var destination string
		var about incident.ID
		err := tx.QueryRowContext(ctx, `UPDATE outbox SET state = ?, next_at = ?, repeat = max(repeat, ?), attempts = attempts + ?, error = ?, settled_at = ?
			WHERE id = ? RETURNING destination, incident`, end.State.String(), next, end.Repeat, end.Counted, end.Err, settledAt, id).Scan(&destination, &about)
		if err != nil {
			return fmt.Errorf("settle message %d: %w", id, err)
		}
		if end.Thread.IsZero() || about == 0 { // a notice is no conversation
			return nil
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO threads(incident, destination, channel, root) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET channel = excluded.channel, root = excluded.root`, about, destination, end.Thread.Channel, end.Thread.Root)
		return err
	})
}

// RecoverOutbox makes messages whose delivery was cut short by a crash pending again,
// as possible repeats, and gives up those for destinations that are not configured any
// more; it returns how many. It is called once, before delivery begins.
func (s *Store) RecoverOutbox(ctx context.Context, destinations []string, now time.Time) (givenUp int64, err error) {
	names, err := json.Marshal(append([]string{}, destinations...)) // none is [], not null
	if err != nil {
		return 0, err
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE outbox SET state = 'pending', repeat = 1, next_at = 0 WHERE state <> 'sent' AND state = 'sending'"); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, `UPDATE outbox SET state = 'dead', settled_at = ?, error = 'this destination is not configured any more'
			WHERE state <> 'sent' AND state = 'pending' AND destination NOT IN (SELECT value FROM json_each(?))`, now.UnixMilli(), string(names))
		if err != nil {
			return err
		}
		givenUp, err = result.RowsAffected()
		return err
	})
	return givenUp, err
}
