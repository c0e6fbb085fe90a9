package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"sonde/incident"
	"sonde/notify"
)

// addMessages puts the messages of a batch into the outbox, in their order. What could not
// be told of an incident while it lasted becomes part of the message that it is over.
// Those that are delivered already, from memory, are left as they are.
func addMessages(ctx context.Context, tx *repeating, messages []notify.Message, delivered map[string]notify.Delivery) error {
	for i := range messages {
		m := messages[i]
		if len(delivered) == 0 && m.Over() && !m.Amends {
			late, err := supersede(ctx, tx, &m, math.MaxInt64)
			if err != nil {
				return fmt.Errorf("write message %s: %w", m.Key, err)
			}
			m.Body.Late = m.Body.Late || late
		}
		if err := addMessage(ctx, tx, &m); err != nil {
			return fmt.Errorf("write message %s: %w", m.Key, err)
		}
	}
	return nil
}

const (
	// untold ends what waits to be told of an incident, if nobody can have heard of it yet: none of
	// its messages was sent or may have been, and none is about a part of it that may go on.
	untold = `UPDATE outbox SET state = 'superseded', settled_at = ?3 WHERE destination = ?1 AND incident = ?2 AND id < ?4 AND state <> 'sent' AND state = 'pending'
		AND NOT EXISTS (SELECT 1 FROM threads t WHERE t.incident = ?2 AND t.destination = ?1 AND t.root <> '')
		AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.destination = ?1 AND p.incident = ?2 AND (p.state IN ('sent', 'sending', 'dead')
			OR p.state = 'pending' AND (p.repeat <> 0 OR p.doubt_at IS NOT NULL OR json_extract(p.body, '$.Part') IS NOT NULL)))`
	newMessage = `INSERT INTO outbox(key, destination, incident, change, body, next_at, created_at, repeat, priority) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT(key) DO NOTHING RETURNING id`
	amended = "UPDATE outbox SET body = iif(json_extract(body, '$.Given') IS NULL, ?1, json_set(?1, '$.Given', json_extract(body, '$.Given'))) WHERE key = ?2 AND state = 'pending' AND repeat = 0 AND doubt_at IS NULL RETURNING id"
	shown   = `INSERT INTO outbox(key, destination, incident, change, body, next_at, created_at, settled_at, state, priority) VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?6, 'superseded', ?7)
		ON CONFLICT(key) DO NOTHING RETURNING id`
	shownBefore = `DELETE FROM outbox WHERE destination = ?1 AND incident = ?2 AND id < ?3 AND state = 'superseded' AND instr(key, ?4) > 0`
	wanted      = `INSERT INTO threads(incident, destination, channel, root, want) VALUES (?1, ?2, '', '', ?3)
		ON CONFLICT(incident, destination) DO UPDATE SET want = excluded.want, edit_at = CASE WHEN ?4 THEN 0 ELSE edit_at END`
)

// supersede ends what waits to be told, before an id, about the incident that the message ends, and
// reports whether there was anything.
func supersede(ctx context.Context, tx *repeating, m *notify.Message, before notify.MessageID) (bool, error) {
	statement, err := tx.statement(ctx, untold)
	if err != nil {
		return false, err
	}
	result, err := statement.ExecContext(ctx, m.Destination, m.Incident, m.CreatedAt.UnixMilli(), before)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// addMessage puts a message into the outbox, unless its key is there, and has the first
// message of the conversation show it.
func addMessage(ctx context.Context, tx *repeating, m *notify.Message) error {
	body, err := json.Marshal(m.Body)
	if err != nil {
		return err
	}
	if m.Amends {
		return amend(ctx, tx, m, string(body))
	}
	next := int64(0)
	if !m.After.IsZero() {
		next = m.After.UnixMilli()
	}
	var id notify.MessageID
	err = tx.one(ctx, newMessage, []any{m.Key, m.Destination, m.Incident, m.Change.String(), string(body), next, m.CreatedAt.UnixMilli(), m.Repeat, m.Priority()}, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil || m.Incident == 0 || m.Body.Part != 0 || m.Change == incident.RunNow { // which changes nothing
		return err
	}
	return tx.exec(ctx, wanted, m.Incident, m.Destination, id, m.Over())
}

// shownInfix stands in the key of what the first message of a conversation is to show, but
// nobody is sent.
const shownInfix = ":shown:"

// amend has a message say something else: before it is sent, or else where it stands.
func amend(ctx context.Context, tx *repeating, m *notify.Message, body string) error {
	var id notify.MessageID
	err := tx.one(ctx, amended, []any{body, m.Key}, &id)
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	key := m.Key + shownInfix + strconv.FormatInt(m.CreatedAt.UnixMilli(), 10)
	err = tx.one(ctx, shown, []any{key, m.Destination, m.Incident, m.Change.String(), body, m.CreatedAt.UnixMilli(), m.Priority()}, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // an earlier try got through
	}
	if err == nil {
		err = tx.exec(ctx, shownBefore, m.Destination, m.Incident, id, shownInfix)
	}
	if err != nil {
		return err
	}
	return tx.exec(ctx, wanted, m.Incident, m.Destination, id, m.Over())
}

// Post puts messages into the outbox that go with nothing else. One whose key was there
// before, within a month, is left as it is.
func (s *Store) Post(ctx context.Context, messages []notify.Message) error {
	return s.change(ctx, func(tx *sql.Tx) error { return addMessages(ctx, repeat(tx), messages, nil) })
}

const (
	// endAfter finds the message that an incident is over which waits behind another.
	endAfter = `SELECT ` + messageColumns + ` FROM outbox WHERE destination = ? AND incident = ? AND id > ? AND state <> 'sent' AND state = 'pending'
		AND change IN ('resolved', 'settled', 'withdrawn') AND json_extract(body, '$.Part') IS NULL ORDER BY id DESC LIMIT 1`
	becomesLate = "UPDATE outbox SET body = json_set(body, '$.Late', json('true')) WHERE id = ?"
	setState    = "UPDATE outbox SET state = ? WHERE id = ?"
)

// collapse has the end of an incident say all, if it waits behind a message that was claimed and of
// which it turned out that it did not get through. It is false if the message is to be sent.
func collapse(ctx context.Context, tx *sql.Tx, m *notify.Message) (bool, error) {
	if m.Incident == 0 || !m.Doubt.IsZero() || m.Repeat {
		return false, nil
	}
	var end notify.Message
	err := scanMessage(tx.QueryRowContext(ctx, endAfter, m.Destination, m.Incident, m.ID), &end)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, setState, notify.StatePending.String(), m.ID); err != nil {
		return false, err
	}
	late, err := supersede(ctx, repeat(tx), &end, end.ID)
	if err != nil {
		return false, err
	}
	if !late {
		_, err := tx.ExecContext(ctx, setState, notify.StateSending.String(), m.ID)
		return false, err
	}
	_, err = tx.ExecContext(ctx, becomesLate, end.ID)
	return true, err
}
