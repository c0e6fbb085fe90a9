package store

import (
	"cmp"
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

// claimable picks the due message of a destination that comes first and whose incident has
// no earlier one on its way.
const claimable = `SELECT o.id FROM outbox o WHERE o.destination = ?1 AND o.state <> 'sent' AND o.state = 'pending' AND o.next_at <= ?2
	AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.destination = o.destination AND p.incident = o.incident AND p.id < o.id AND p.state <> 'sent' AND p.state IN ('pending', 'sending')
		AND p.key NOT GLOB '` + notify.ChartPrefix + `*')
	ORDER BY o.priority, o.id LIMIT 1`

// nextDue says when the next message of a destination is to be tried.
const nextDue = "SELECT min(next_at) FROM outbox WHERE destination = ? AND state <> 'sent' AND state = 'pending' AND next_at > ?"

// Claim takes the oldest due message of a destination, see [notify.Outbox].
func (s *Store) Claim(ctx context.Context, destination string, now time.Time) (*notify.Claim, time.Time, error) {
	var claim *notify.Claim
	var next time.Time
	err := s.change(ctx, func(tx *sql.Tx) (err error) {
		for late := true; late && err == nil; {
			claim, late, err = claimOne(ctx, tx, destination, now)
		}
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

// claimOne claims a message. late reports instead that it has become part of a later one.
func claimOne(ctx context.Context, tx *sql.Tx, destination string, now time.Time) (c *notify.Claim, late bool, err error) {
	c = &notify.Claim{}
	m := &c.Message
	row := tx.QueryRowContext(ctx, "UPDATE outbox SET state = 'sending' WHERE id = ("+claimable+") RETURNING "+messageColumns, destination, now.UnixMilli())
	err = scanMessage(row, m)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err == nil {
		late, err = collapse(ctx, tx, m)
	}
	if err == nil && !late && m.Body.Chart != 0 {
		late, err = pointless(ctx, tx, m, now)
	}
	if late || err != nil {
		return nil, late, err
	}
	about := cmp.Or(m.Body.Chart, m.Incident)
	err = tx.QueryRowContext(ctx, "SELECT channel, root FROM threads WHERE incident = ? AND destination = ?", about, destination).Scan(&c.Thread.Channel, &c.Thread.Root)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return c, false, err
}

// noChart finds why a chart is not drawn: what it belongs to is over, or so many other incidents opened about
// then that they are told as a storm.
const noChart = `SELECT EXISTS (SELECT 1 FROM outbox WHERE destination = ?1 AND id > ?2 AND incident = ?3 AND change IN ('resolved', 'settled', 'withdrawn'))
	OR EXISTS (SELECT 1 FROM outbox WHERE destination = ?1 AND incident < 0 AND created_at BETWEEN ?4 AND ?5)`

// stormNear is how near to an opening a storm begins that it belongs to.
const stormNear = time.Minute

// pointless ends a chart that nobody needs any more, and reports whether it was one.
func pointless(ctx context.Context, tx *sql.Tx, m *notify.Message, now time.Time) (bool, error) {
	var is bool
	from, to := m.CreatedAt.Add(-stormNear).UnixMilli(), m.CreatedAt.Add(stormNear).UnixMilli()
	err := tx.QueryRowContext(ctx, noChart, m.Destination, m.ID, m.Body.Chart, from, to).Scan(&is)
	if err == nil && is {
		_, err = tx.ExecContext(ctx, "UPDATE outbox SET state = 'superseded', settled_at = ? WHERE id = ?", now.UnixMilli(), m.ID)
	}
	return is, err
}

// messageColumns are what a message is read from.
const messageColumns = "id, key, destination, incident, change, body, created_at, attempts, repeat, doubt_at, looked"

// scanMessage reads a row of them.
func scanMessage(row interface{ Scan(...any) error }, m *notify.Message, more ...any) error {
	var change, body string
	var createdAt int64
	var doubtAt sql.NullInt64
	err := row.Scan(append([]any{&m.ID, &m.Key, &m.Destination, &m.Incident, &change, &body, &createdAt, &m.Attempts, &m.Repeat, &doubtAt, &m.Doubt.Looked}, more...)...)
	if err != nil {
		return err
	}
	if m.CreatedAt = instant(createdAt); doubtAt.Valid {
		m.Doubt.Since = instant(doubtAt.Int64)
	}
	return readMessage(m, change, body)
}

func readMessage(m *notify.Message, change, body string) error {
	if change == "" {
		m.Change = 0 // it is about no incident
	} else if err := m.Change.UnmarshalText([]byte(change)); err != nil {
		return fmt.Errorf("message %d: %w", m.ID, err)
	}
	if err := json.Unmarshal([]byte(body), &m.Body); err != nil {
		return fmt.Errorf("message %d: %w", m.ID, err)
	}
	return nil
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
		var s spoken
		err := tx.QueryRowContext(ctx, `UPDATE outbox SET state = CASE WHEN state = 'dropped' AND ?1 = 'pending' THEN state ELSE ?1 END, next_at = ?2, repeat = max(repeat, ?3), doubt_at = ?4, looked = ?5, attempts = attempts + ?6, error = ?7,
			settled_at = CASE WHEN state = 'dropped' AND ?1 = 'pending' THEN settled_at ELSE ?8 END
			WHERE id = ?9 RETURNING id, destination, incident, json_extract(body, '$.Part') IS NOT NULL`,
			end.State.String(), next, end.Repeat, nullable(end.Doubt.Since), end.Doubt.Looked, end.Counted, end.Err, settledAt, id).Scan(&s.id, &s.destination, &s.about, &s.part)
		if err != nil {
			return fmt.Errorf("settle message %d: %w", id, err)
		}
		if err := keepGiven(ctx, tx, id, end.Given); err != nil {
			return fmt.Errorf("settle message %d: %w", id, err)
		}
		return keepThread(ctx, tx, s, end.Thread, end.At)
	})
}

// keepGiven notes who has a message that is to be sent to others again.
func keepGiven(ctx context.Context, tx *sql.Tx, id notify.MessageID, given []string) error {
	if len(given) == 0 {
		return nil
	}
	names, err := json.Marshal(given)
	if err == nil {
		_, err = tx.ExecContext(ctx, "UPDATE outbox SET body = json_set(body, '$.Given', json(?)) WHERE id = ?", string(names), id)
	}
	return err
}

// spoken is a message that was sent.
type spoken struct {
	id          notify.MessageID
	destination string
	about       incident.ID
	part        bool // it tells of a part of the incident
}

// rootRest is how long the first message of a conversation is left as it is after a change.
const rootRest = 5 * time.Second

// keepThread notes where the conversation goes on. If it has another first message now, that
// shows what was sent, unless that is about a part.
func keepThread(ctx context.Context, tx *sql.Tx, s spoken, thread notify.Thread, at time.Time) error {
	if thread.IsZero() || s.about == 0 { // a notice is no conversation
		return nil
	}
	shown := s.id
	if s.part {
		shown = 0
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO threads(incident, destination, channel, root, want, shown, first, edit_at, link) VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, '')
		ON CONFLICT DO UPDATE SET channel = excluded.channel, root = excluded.root, shown = excluded.shown, first = excluded.first, link = '',
			edit_at = CASE WHEN want > excluded.shown AND edit_at = 0 THEN 0 ELSE excluded.edit_at END
		WHERE root <> excluded.root OR channel <> excluded.channel`,
		s.about, s.destination, thread.Channel, thread.Root, shown, s.id, at.Add(rootRest).UnixMilli())
	return err
}

// RecoverOutbox makes messages whose delivery was cut short by a crash pending again,
// in doubt, and gives up those for destinations that are not configured any
// more; it returns how many. It is called once, before delivery begins.
func (s *Store) RecoverOutbox(ctx context.Context, destinations []string, now time.Time) (givenUp int64, err error) {
	names, err := json.Marshal(append([]string{}, destinations...)) // none is [], not null
	if err != nil {
		return 0, err
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE outbox SET state = 'pending', doubt_at = ?, looked = 0, next_at = 0 WHERE state <> 'sent' AND state = 'sending'", now.UnixMilli()); err != nil {
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
