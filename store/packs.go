package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
)

// stretchTable is a table of stretches whose rows are packed, many together: they are never
// changed, and ids ascend.
type stretchTable struct {
	rows, packs string
	columns     string // those of a looseStretch
}

var (
	ledgerTable = &stretchTable{"ledger", "ledgerpacks", denseEntry + ", first, last"}
	gridTable   = &stretchTable{"grids", "gridpacks", denseGrid + ", first, last"}
)

// Rows are packed when there are so many, and at most so many at once.
const (
	packFrom   = 512
	packAtOnce = 4096
)

func (t *stretchTable) looseRows() string {
	return "SELECT " + t.columns + " FROM " + t.rows + " WHERE id > ?"
}

func (t *stretchTable) packsWithin() string {
	return "SELECT packed FROM " + t.packs + " WHERE latest > ? AND earliest <= ?"
}

// packStretches packs the rows of ledger and grids that are in no pack yet, once they are many.
func (c *compactor) packStretches(ctx context.Context) error {
	for i, t := range []*stretchTable{ledgerTable, gridTable} {
		err := c.provePack(ctx, t, &c.s.proved[i])
		for packed := packAtOnce; packed == packAtOnce && err == nil; {
			packed, err = c.packSome(ctx, t)
		}
		if err != nil {
			return fmt.Errorf("pack rows of %s: %w", t.rows, err)
		}
	}
	return nil
}

// provePack looks at the pack behind another, so that a pass a minute sees all of a year within half a day.
// If it is damaged, it and all behind it are packed anew.
func (c *compactor) provePack(ctx context.Context, t *stretchTable, behind *atomic.Int64) error {
	id, damaged := int64(0), false
	_, err := eachRow(ctx, c.r.db, "SELECT id, packed FROM "+t.packs+" WHERE id > ? ORDER BY id LIMIT 1", []any{behind.Load()}, func(rows *sql.Rows) error {
		var packed sql.RawBytes
		if err := rows.Scan(&id, &packed); err != nil {
			return err
		}
		damaged = eachStretch(packed, func(looseStretch) {}) != nil
		return nil
	})
	if !damaged {
		behind.Store(id) // from the first on, behind the last
	}
	if err != nil || !damaged {
		return err
	}
	// The last go first: what lies between two packs would be taken for packed.
	return c.inSteps(ctx, "DELETE FROM "+t.packs+" WHERE id IN (SELECT id FROM "+t.packs+" WHERE id >= ? ORDER BY id DESC LIMIT ?)", id)
}

// packSome packs some rows, and returns how many.
func (c *compactor) packSome(ctx context.Context, t *stretchTable) (int, error) {
	upTo, _, err := t.extent(ctx, c.r.db)
	if err != nil {
		return 0, err
	}
	p := stretchPacker{}
	read := newIntegerRow(4)
	n, err := eachRow(ctx, c.r.db, "SELECT id, "+t.columns+" FROM "+t.rows+" WHERE id > ? ORDER BY id LIMIT ?", []any{upTo, packAtOnce}, func(rows *sql.Rows) error {
		row, err := read.read(rows)
		if err == nil {
			upTo = row[0]
			p.add(looseStretch{row[1], row[2], row[3]})
		}
		return err
	})
	if err != nil || n < cmp.Or(c.s.packFrom, packFrom) {
		return 0, err
	}
	earliest, latest, packed := p.packed()
	return n, c.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO "+t.packs+"(id, earliest, latest, packed) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", upTo, earliest, latest, packed)
		return err
	})
}

// extent is the last row that is in a pack, and the last row there is; 0 for none.
func (t *stretchTable) extent(ctx context.Context, q querier) (packed, last int64, err error) {
	rows, err := q.QueryContext(ctx, "SELECT coalesce((SELECT max(id) FROM "+t.packs+"), 0), coalesce((SELECT max(id) FROM "+t.rows+"), 0)")
	_, err = each(rows, err, func(rows *sql.Rows) error { return rows.Scan(&packed, &last) })
	return packed, last, err
}

// tooLoose is how many rows that are in no pack are read because they are the last: of more, those
// that are wanted are looked up.
const tooLoose = 4 * packAtOnce

// sheaf is what a look at everything has of a table of stretches: the rows that are in no pack yet.
type sheaf struct {
	*stretchTable
	packed bool // there are packs, and all rows that are in none are these
	loose  []looseStretch
}

// open reads the rows that are in no pack, if there are packs and those are few.
func (t *stretchTable) open(ctx context.Context, q querier) (*sheaf, error) {
	upTo, last, err := t.extent(ctx, q)
	s := &sheaf{stretchTable: t, packed: upTo > 0 && last-upTo <= tooLoose}
	if err != nil || !s.packed || last <= upTo {
		return s, err
	}
	err = eachLoose(ctx, q, t.looseRows(), []any{upTo}, func(r looseStretch) { s.loose = append(s.loose, r) })
	return s, err
}

// each calls f for every row of the table that ends after an instant, in milliseconds, and perhaps for
// others; see [sheaf.each].
func (t *stretchTable) each(ctx context.Context, q querier, after int64, f func(looseStretch)) (bool, error) {
	s, err := t.open(ctx, q)
	if err != nil {
		return false, err
	}
	return s.each(ctx, q, after, math.MaxInt64, f)
}

// each calls f for every row that ends within (after, until], in milliseconds, and perhaps for others.
// If it returns false, that is not all, and rows have to be looked up: few are packed, or a pack is damaged.
func (s *sheaf) each(ctx context.Context, q querier, after, until int64, f func(looseStretch)) (all bool, err error) {
	if !s.packed {
		return false, nil
	}
	_, err = eachRow(ctx, q, s.packsWithin(), []any{after, until}, func(rows *sql.Rows) error {
		var packed sql.RawBytes
		if err := rows.Scan(&packed); err != nil {
			return err
		}
		return eachStretch(packed, f)
	})
	if errors.Is(err, errPacked) {
		s.packed = false
		return false, nil
	}
	for _, row := range s.loose {
		f(row)
	}
	return err == nil, err
}

// eachLoose calls f for every row that a query finds.
func eachLoose(ctx context.Context, q querier, query string, args []any, f func(looseStretch)) error {
	read := newIntegerRow(3)
	_, err := eachRow(ctx, q, query, args, func(rows *sql.Rows) error {
		row, err := read.read(rows)
		if err == nil {
			f(looseStretch{row[0], row[1], row[2]})
		}
		return err
	})
	return err
}
