package store

import (
	"context"
	"database/sql"
	"fmt"

	"sonde/notify"
)

// addDelivered notes how far messages of the batch have got that were delivered from
// memory, so that they are not delivered again.
func addDelivered(ctx context.Context, tx *sql.Tx, b *Batch) error {
	for i := range b.Messages {
		m := &b.Messages[i]
		d, ok := b.Delivered[m.Key]
		if !ok {
			continue
		}
		var settledAt any
		if d.State != notify.StatePending && d.State != notify.StateSending {
			settledAt = d.At.UnixMilli()
		}
		next := int64(0)
		if !d.Next.IsZero() {
			next = d.Next.UnixMilli()
		}
		s := spoken{destination: m.Destination, about: m.Incident, part: m.Body.Part != 0}
		err := tx.QueryRowContext(ctx, "UPDATE outbox SET state = ?, next_at = ?, repeat = max(repeat, ?), doubt_at = ?, looked = ?, attempts = ?, error = ?, settled_at = ? WHERE key = ? RETURNING id",
			d.State.String(), next, d.Repeat, nullable(d.Doubt.Since), d.Doubt.Looked, d.Attempts, d.Err, settledAt, m.Key).Scan(&s.id)
		if err == nil {
			err = keepThread(ctx, tx, s, d.Thread, b.At)
		}
		if err != nil {
			return fmt.Errorf("write delivery of message %s: %w", m.Key, err)
		}
	}
	return nil
}
