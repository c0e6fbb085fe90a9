package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"sonde/probe"
)

// waitingSince is since when a message waits: one that is to be sent only later, by its own account, from then on.
const waitingSince = "CASE WHEN attempts = 0 AND error = '' THEN max(created_at, next_at) ELSE created_at END"

// longestUntold looks for the critical message that has waited longest. One that was passed on to a
// fallback is that one's matter.
const longestUntold = `SELECT min(` + waitingSince + `) FROM outbox
	WHERE state <> 'sent' AND state IN ('pending', 'sending') AND forwarded = 0 AND json_extract(body, '$.Severity') = ?`

// Untold returns since when the critical message waits that has waited longest; the zero time if
// none does as of now.
func (r *Reader) Untold(ctx context.Context, now time.Time) (time.Time, error) {
	var at sql.NullInt64
	if err := r.db.QueryRowContext(ctx, longestUntold, probe.Critical.String()).Scan(&at); err != nil {
		return time.Time{}, describe(r.path, fmt.Errorf("read outbox: %w", err))
	}
	since := instant(at.Int64)
	if !at.Valid || since.After(now) {
		return time.Time{}, nil
	}
	return since, nil
}
