package store

import (
	"context"
	"database/sql"
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
