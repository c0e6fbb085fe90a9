package store

import (
	"context"
	"database/sql"
	"fmt"
)

// eachRow calls f for every row that a query finds, and returns how many there were.
func eachRow(ctx context.Context, q querier, query string, args []any, f func(rows *sql.Rows) error) (n int, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	return each(rows, err, f)
}

// eachOf is eachRow for a query that is prepared, because it is made many times: parsing
// costs more than looking up.
func eachOf(ctx context.Context, stmt *sql.Stmt, args []any, f func(rows *sql.Rows) error) (n int, err error) {
	rows, err := stmt.QueryContext(ctx, args...)
	return each(rows, err, f)
}

func each(rows *sql.Rows, err error, f func(rows *sql.Rows) error) (n int, _ error) {
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := f(rows); err != nil {
			return n, err
		}
		n++
	}
	return n, rows.Err()
}

// integerRow reads rows of integers. Values are taken as the driver has them, without being converted:
// of rows that are many, that is much of what reading them costs.
type integerRow struct {
	values, into []any
	n            []int64
}

func newIntegerRow(columns int) *integerRow {
	r := &integerRow{make([]any, columns), make([]any, columns), make([]int64, columns)}
	for i := range r.values {
		r.into[i] = &r.values[i]
	}
	return r
}

// read reads a row. What it returns is there until the next one.
func (r *integerRow) read(rows *sql.Rows) ([]int64, error) {
	if err := rows.Scan(r.into...); err != nil {
		return nil, err
	}
	for i, v := range r.values {
		n, ok := v.(int64)
		if !ok {
			return nil, fmt.Errorf("a row that is to have integers has %v", r.values)
		}
		r.n[i] = n
	}
	return r.n, nil
}
