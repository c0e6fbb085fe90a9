package store

import (
	"context"
	"database/sql"
)

// repeating is a transaction that makes the same change for many rows, or asks the same of many
// windows: each statement is prepared once, because parsing costs more than writing a row. The statements end with
// the transaction.
type repeating struct {
	*sql.Tx
	prepared map[string]*sql.Stmt
}

func repeat(tx *sql.Tx) *repeating { return &repeating{tx, map[string]*sql.Stmt{}} }

func (r *repeating) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := r.prepared[query]; ok {
		return s, nil
	}
	s, err := r.PrepareContext(ctx, query)
	if err == nil {
		r.prepared[query] = s
	}
	return s, err
}

// exec is [sql.Tx.ExecContext].
func (r *repeating) exec(ctx context.Context, query string, args ...any) error {
	s, err := r.statement(ctx, query)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(ctx, args...)
	return err
}

// QueryContext is [sql.Tx.QueryContext].
func (r *repeating) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := r.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// one reads the row that a query finds; the error is [sql.ErrNoRows] if there is none.
func (r *repeating) one(ctx context.Context, query string, args []any, into ...any) error {
	s, err := r.statement(ctx, query)
	if err != nil {
		return err
	}
	return s.QueryRowContext(ctx, args...).Scan(into...)
}
