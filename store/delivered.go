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
		if d.State == notify.StateSent || d.State == notify.StateDead {
			settledAt = d.At.UnixMilli()
		}
		next := int64(0)
		if !d.Next.IsZero() {
			next = d.Next.UnixMilli()
		}
		_, err := tx.ExecContext(ctx, "UPDATE outbox SET state = ?, next_at = ?, repeat = max(repeat, ?), attempts = ?, error = ?, settled_at = ? WHERE key = ?",
			d.State.String(), next, d.Repeat, d.Attempts, d.Err, settledAt, m.Key)
		if err == nil && !d.Thread.IsZero() {
			_, err = tx.ExecContext(ctx, `INSERT INTO threads(incident, destination, channel, root) VALUES (?, ?, ?, ?)
				ON CONFLICT DO UPDATE SET channel = excluded.channel, root = excluded.root`, m.Incident, m.Destination, d.Thread.Channel, d.Thread.Root)
		}
		if err != nil {
			return fmt.Errorf("write delivery of message %s: %w", m.Key, err)
		}
	}
	return nil
}
