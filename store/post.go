package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"sonde/incident"
	"sonde/notify"
)

// Post is a message in the outbox as people look at it.
type Post struct {
	ID          notify.MessageID
	Key         string
	Destination string
	Incident    incident.ID // 0: it is about none
	Change      string      // empty: it is about none
	State       notify.State
	Attempts    int
	Repeat      bool      // an earlier delivery may have got through
	CreatedAt   time.Time // when it was made
	Next        time.Time // of one that waits: when it is tried; zero: at once
	SettledAt   time.Time // of one that was sent or given up
	Error       string    // why the latest delivery did not succeed
}

const posts = `SELECT id, key, destination, incident, change, state, attempts, repeat, created_at, next_at, settled_at, error
	FROM outbox WHERE state IN (%s) ORDER BY id`

// Outbox returns the messages in some states, the oldest first. Those that were sent are
// there for a month.
func (r *Reader) Outbox(ctx context.Context, states ...notify.State) ([]Post, error) {
	names := make([]any, 0, len(states))
	for _, s := range states {
		names = append(names, s.String())
	}
	var all []Post
	query := fmt.Sprintf(posts, strings.TrimSuffix(strings.Repeat("?, ", len(names)), ", "))
	_, err := eachRow(ctx, r.db, query, names, func(rows *sql.Rows) error {
		p, err := scanPost(rows)
		all = append(all, p)
		return err
	})
	if err != nil {
		return nil, describe(r.path, fmt.Errorf("read outbox: %w", err))
	}
	return all, nil
}

func scanPost(rows *sql.Rows, more ...any) (p Post, err error) {
	var state string
	var created, next int64
	var settled sql.NullInt64
	err = rows.Scan(append([]any{&p.ID, &p.Key, &p.Destination, &p.Incident, &p.Change, &state, &p.Attempts, &p.Repeat, &created, &next, &settled, &p.Error}, more...)...)
	if err != nil {
		return p, err
	}
	p.CreatedAt = instant(created)
	if next != 0 {
		p.Next = instant(next)
	}
	if settled.Valid {
		p.SettledAt = instant(settled.Int64)
	}
	return p, p.State.UnmarshalText([]byte(state))
}

const (
	retryOne = `UPDATE outbox SET state = 'pending', next_at = 0, attempts = 0, settled_at = NULL
		WHERE state <> 'sent' AND state IN ('dead', 'pending') AND id = ?`
	retryDead = "UPDATE outbox SET state = 'pending', next_at = 0, attempts = 0, settled_at = NULL WHERE state <> 'sent' AND state = 'dead'"
	dropOne   = "UPDATE outbox SET state = 'dropped', settled_at = ? WHERE state <> 'sent' AND state IN ('dead', 'pending') AND id = ?"
)

// Retry has a message that was given up, or that waits, be tried at once; of id 0 all that
// were given up. It returns how many.
func (s *Store) Retry(ctx context.Context, id notify.MessageID) (int, error) {
	if id == 0 {
		return s.alter(ctx, retryDead)
	}
	return s.alter(ctx, retryOne, id)
}

// Drop has a message that was given up, or that waits, never be sent. Its row stays for a month, so that
// people see it and its key is not told anew. What is told later of the same incident, or storm, goes on as if the message had
// never been made: as the first of a conversation, if there is none. It returns how many were dropped: 0 if there
// is none of that id, or it is on its way or sent.
func (s *Store) Drop(ctx context.Context, id notify.MessageID, now time.Time) (int, error) {
	return s.alter(ctx, dropOne, now.UnixMilli(), id)
}

func (s *Store) alter(ctx context.Context, query string, args ...any) (int, error) {
	var n int64
	err := s.change(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return fmt.Errorf("change outbox: %w", err)
		}
		n, err = result.RowsAffected()
		return err
	})
	return int(n), err
}
