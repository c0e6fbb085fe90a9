package store

import (
	"context"
	"database/sql"
)

// eachRow calls f for every row that a query finds, and returns how many there were.
func eachRow(ctx context.Context, q querier, query string, args []any, f func(rows *sql.Rows) error) (n int, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
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
