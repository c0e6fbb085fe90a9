package store

import (
	"context"
	"database/sql"
	"slices"

	"sonde/probe"
)

const (
	rowSize     = 8 << 10   // of packed chunks, about: large enough to fill pages, small enough to be read for one probe
	writeAtOnce = 256 << 10 // bytes of rows in a transaction, so that no commit waits long
)

// rowOfMany packs what a row has of several probes.
type rowOfMany interface {
	first() probe.ID
	size() int
	packed(into []byte) []byte // the row, which uses the room of into if that is enough
	reset()                    // begins the next row
}

// fillRows fills rows with what add adds of each probe, if anything, until each is large
// enough.
func fillRows[R rowOfMany](ctx context.Context, w *rowWriter, row R, ids []probe.ID, add func(row R, id probe.ID)) error {
	for _, id := range ids {
		add(row, id)
		if row.size() < rowSize {
			continue
		}
		if err := w.add(ctx, row); err != nil {
			return err
		}
	}
	if row.size() == 0 {
		return nil
	}
	return w.add(ctx, row)
}

// rowWriter gathers rows until they are worth a transaction. There is one at a time: the rows lie
// in the compactor's room.
type rowWriter struct {
	c      *compactor
	insert string
	key    []any // what all rows begin with
	rows   []packedRow
	size   int
}

type packedRow struct {
	probe  probe.ID
	packed []byte
}

func (w *rowWriter) add(ctx context.Context, row rowOfMany) error {
	if w.c.rows == nil {
		w.c.rows = make([]byte, writeAtOnce+8*rowSize)
	}
	packed := row.packed(w.c.rows[min(w.size, len(w.c.rows)):][:0])
	w.rows = append(w.rows, packedRow{row.first(), packed})
	row.reset()
	if w.size += len(packed); w.size < writeAtOnce {
		return nil
	}
	return w.flush(ctx)
}

func (w *rowWriter) flush(ctx context.Context) error {
	if len(w.rows) == 0 {
		return nil
	}
	err := w.c.change(ctx, func(tx *sql.Tx) error {
		rows := repeat(tx)
		for _, row := range w.rows {
			if err := rows.exec(ctx, w.insert, append(slices.Clone(w.key), row.probe, row.packed)...); err != nil {
				return err
			}
		}
		return nil
	})
	w.rows, w.size = w.rows[:0], 0
	return err
}
