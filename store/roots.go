package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sonde/incident"
	"sonde/notify"
)

var _ notify.Roots = (*Store)(nil)

const (
	// staleRoot finds the first message that is to be changed next. What it should show may be
	// forgotten, or be about something else if the outbox was lost.
	staleRoot = `SELECT t.incident, t.channel, t.root, t.want, t.want <> t.shown, coalesce(t.link = '', 0), coalesce(f.key, ''),
			coalesce(o.id, 0), coalesce(o.key, ''), coalesce(o.change, ''), coalesce(o.body, ''), coalesce(o.created_at, 0)
		FROM threads t LEFT JOIN outbox o ON o.id = t.want AND o.incident = t.incident AND o.destination = t.destination
			LEFT JOIN outbox f ON f.id = t.first AND f.incident = t.incident AND f.destination = t.destination
		WHERE t.destination = ? AND t.root <> '' AND (t.want <> t.shown OR t.link = '') AND t.edit_at <= ? ORDER BY t.edit_at, t.incident LIMIT 1`
	nextStale = "SELECT min(edit_at) FROM threads WHERE destination = ? AND root <> '' AND (want <> shown OR link = '')"
	renewRoot = `UPDATE threads SET shown = CASE WHEN ?1 THEN ?2 ELSE shown END, link = CASE WHEN ?3 THEN nullif(?4, '') ELSE link END,
		edit_at = CASE WHEN want <> ?2 AND edit_at = 0 THEN 0 ELSE ?5 END WHERE incident = ?6 AND destination = ?7 AND root = ?8`
	loseRoot = "UPDATE threads SET root = '', channel = '', shown = 0, first = 0, link = NULL WHERE incident = ? AND destination = ? AND root = ?"
)

// Stale returns a first message that shows less than it should, see [notify.Roots].
func (s *Store) Stale(ctx context.Context, destination string, now time.Time) (*notify.Root, time.Time, error) {
	db, done := s.pool()
	defer done()
	r := &notify.Root{Destination: destination}
	var change, body string
	var createdAt int64
	m := &r.Shows
	err := db.QueryRowContext(ctx, staleRoot, destination, now.UnixMilli()).Scan(&r.Incident, &r.Thread.Channel, &r.Thread.Root, &r.Want, &r.Stale, &r.Linkless, &r.Key,
		&m.ID, &m.Key, &change, &body, &createdAt)
	switch {
	case err == nil && m.ID == 0:
		return r, time.Time{}, nil
	case err == nil:
		m.Destination, m.Incident, m.CreatedAt = destination, r.Incident, instant(createdAt)
		return r, time.Time{}, readMessage(m, change, body)
	case !errors.Is(err, sql.ErrNoRows):
		return nil, time.Time{}, describe(s.path, err)
	}
	var next time.Time
	var at sql.NullInt64
	err = db.QueryRowContext(ctx, nextStale, destination).Scan(&at)
	if at.Valid {
		next = instant(at.Int64)
	}
	return nil, next, err
}

// Renew writes down what became of a first message, see [notify.Roots]. If it is gone, another is
// queued in its place.
func (s *Store) Renew(ctx context.Context, r *notify.Root, end notify.Renewal) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		if end.Gone {
			if again, ok := r.Again(end.At); ok {
				return replaceRoot(ctx, tx, r, &again)
			}
			end.Shown, end.Asked = true, true // it will be missed by nobody
		}
		_, err := tx.ExecContext(ctx, renewRoot, end.Shown, r.Want, end.Asked, end.Link, end.Next.UnixMilli(), r.Incident, r.Destination, r.Thread.Root)
		if err != nil {
			return fmt.Errorf("note what is shown of incident %s: %w", r.Incident, err)
		}
		return nil
	})
}

// replaceRoot forgets a first message that somebody deleted, and queues the one that takes its
// place, unless another has done so already.
func replaceRoot(ctx context.Context, tx *sql.Tx, r *notify.Root, again *notify.Message) error {
	result, err := tx.ExecContext(ctx, loseRoot, r.Incident, r.Destination, r.Thread.Root)
	if err != nil {
		return fmt.Errorf("forget what was shown of incident %s: %w", r.Incident, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return addMessage(ctx, repeat(tx), again)
}

// Conversation is where a destination keeps what it was told about an incident.
type Conversation struct {
	Destination string
	Thread      notify.Thread
	Link        string // to its first message; empty: nobody knows it
}

// Threads returns the conversations about an incident, by destination.
func (r *Reader) Threads(ctx context.Context, id incident.ID) ([]Conversation, error) {
	var all []Conversation
	const query = "SELECT destination, channel, root, coalesce(link, '') FROM threads WHERE incident = ? AND root <> '' ORDER BY destination"
	_, err := eachRow(ctx, r.db, query, []any{id}, func(rows *sql.Rows) error {
		var c Conversation
		err := rows.Scan(&c.Destination, &c.Thread.Channel, &c.Thread.Root, &c.Link)
		all = append(all, c)
		return err
	})
	if err != nil {
		return nil, describe(r.path, fmt.Errorf("read conversations about incident %s: %w", id, err))
	}
	return all, nil
}
