package store

import (
	"context"
	"database/sql"
	"fmt"

	"sonde/notify"
)

var _ notify.Forwarder = (*Store)(nil)

const (
	forwardable = "SELECT " + messageColumns + " FROM outbox WHERE destination = ? AND state <> 'sent' AND state = 'pending' AND forwarded = 0 ORDER BY id"
	forwarded   = "UPDATE outbox SET forwarded = 1 WHERE id = ?"
	// toldThere finds what is told of an incident at a destination: whether it is of anything, and
	// whether it is of this very change.
	toldThere = `SELECT count(*) > 0, coalesce(max(change = ?3 AND created_at = ?4), 0) FROM outbox
		WHERE destination = ?1 AND incident = ?2 AND incident <> 0 AND state <> 'superseded'`
)

// Forward queues for another destination what waits for one, see [notify.Forwarder].
func (s *Store) Forward(ctx context.Context, f notify.Forwarding) (n int, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		n = 0
		waiting, err := messagesOf(ctx, tx, forwardable, f.From)
		if err != nil {
			return err
		}
		rows := repeat(tx)
		for i := range waiting {
			if m := &waiting[i]; f.Concerns(m) {
				queued, err := forward(ctx, rows, &f, m)
				if err != nil {
					return fmt.Errorf("pass on message %s: %w", m.Key, err)
				}
				if queued {
					n++
				}
			}
		}
		return nil
	})
	return n, err
}

func messagesOf(ctx context.Context, tx *sql.Tx, query string, args ...any) (all []notify.Message, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var m notify.Message
		if err := scanMessage(rows, &m); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, rows.Err()
}

// forward queues one message, and reports whether it did.
func forward(ctx context.Context, tx *repeating, f *notify.Forwarding, m *notify.Message) (bool, error) {
	if err := tx.exec(ctx, forwarded, m.ID); err != nil {
		return false, err
	}
	var known, told bool
	if err := tx.one(ctx, toldThere, []any{f.To, m.Incident, m.Change.String(), m.CreatedAt.UnixMilli()}, &known, &told); err != nil {
		return false, err
	}
	copied, worth := f.Take(*m, known)
	if told || !worth {
		return false, nil
	}
	return true, addMessages(ctx, tx, []notify.Message{copied}, nil)
}
