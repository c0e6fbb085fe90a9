package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"
)

// Retention says how long the past is kept.
type Retention struct {
	Results time.Duration // single results, and what was seen when they were not good
	Rollups time.Duration // sums, the ledger and incidents
}

const (
	maxEvidence  = 20_000 // sights of all probes
	maxRevisions = 100    // of the configuration
)

// Forget deletes what is older than is to be kept, a little at a time. Results are not
// deleted before they are in the sums of their days.
func (s *Store) Forget(ctx context.Context, now time.Time, keep Retention) error {
	c := &compactor{s: s}
	err := errors.Join(c.forgetResults(ctx, now.Add(-keep.Results)), c.forgetSums(ctx, now.Add(-keep.Rollups)))
	if err != nil {
		return describe(s.path, err)
	}
	return nil
}

func (c *compactor) forgetResults(ctx context.Context, before time.Time) error {
	db, done := c.s.pool()
	spans, err := spansBehind(ctx, db, 0)
	upTo, err2 := summedUpTo(ctx, db)
	done()
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	var last int64 // the newest span stays: it says how far compaction has come
	for i := 0; i+1 < len(spans) && spans[i].last < before.UnixMilli() && summedAlready(upTo, spans[i]); i++ {
		last = spans[i].id
	}
	for _, statement := range []string{
		"DELETE FROM spans WHERE id IN (SELECT id FROM spans WHERE id <= ? ORDER BY id LIMIT ?)",
		"DELETE FROM chunks WHERE id IN (SELECT id FROM chunks WHERE span <= ? AND span < (SELECT min(id) FROM spans) LIMIT ?)",
	} {
		if err := c.inSteps(ctx, statement, last); err != nil {
			return err
		}
	}
	// Neither statement may walk through the table: each of its rows has a body in pages of its own.
	if err := c.inSteps(ctx, "DELETE FROM evidence WHERE id IN (SELECT id FROM evidence INDEXED BY evidence_of_probe WHERE at < ? LIMIT ?)", before.UnixMilli()); err != nil {
		return err
	}
	return c.inSteps(ctx, "DELETE FROM evidence WHERE id IN (SELECT id FROM evidence WHERE id <= (SELECT max(id) FROM evidence) - ? ORDER BY id LIMIT ?)", maxEvidence)
}

// forgetSums deletes whole days. First it is written down since when the past is kept:
// of what lies before, nothing is known any more.
func (c *compactor) forgetSums(ctx context.Context, before time.Time) error {
	d := dayOf(before.UnixMilli())
	ms := d * day.Milliseconds()
	db, done := c.s.pool()
	kept, err := keptSince(ctx, db)
	var has bool
	err = errors.Join(err, db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM ledger WHERE last < ?1 AND id < (SELECT max(id) FROM ledger))
		OR EXISTS (SELECT 1 FROM grids WHERE last < ?1 AND id < (SELECT max(id) FROM grids))
		OR EXISTS (SELECT 1 FROM tallies WHERE day < ?2) OR EXISTS (SELECT 1 FROM rollups WHERE day < ?2)`, ms, d).Scan(&has))
	done()
	if err != nil || !has {
		return err
	}
	if instant(ms).After(kept) {
		err := c.change(ctx, func(tx *sql.Tx) error { return setMeta(ctx, tx, keptSinceKey, strconv.FormatInt(ms, 10)) })
		if err != nil {
			return err
		}
	}
	for _, step := range []struct {
		statement string
		before    int64
	}{
		{"DELETE FROM ledgerpacks WHERE id IN (SELECT id FROM ledgerpacks WHERE latest < ? LIMIT ?)", ms},
		{"DELETE FROM gridpacks WHERE id IN (SELECT id FROM gridpacks WHERE latest < ? LIMIT ?)", ms},
		{"DELETE FROM rollups WHERE (day, span) IN (SELECT day, span FROM rollups WHERE day < ? LIMIT ?)", d},
		{"DELETE FROM days WHERE id IN (SELECT id FROM days WHERE day < ? LIMIT ?)", d},
		{"DELETE FROM tallies WHERE day IN (SELECT day FROM tallies WHERE day < ? LIMIT ?)", d},
		{"DELETE FROM slowdays WHERE id IN (SELECT id FROM slowdays WHERE day < ? LIMIT ?)", d},
		{"DELETE FROM worstdays WHERE id IN (SELECT id FROM worstdays WHERE day < ? LIMIT ?)", d},
		// The newest row stays: with its id gone, the next row would have it again, and lie in a pack already.
		{"DELETE FROM ledger WHERE id IN (SELECT id FROM ledger WHERE last < ? AND id < (SELECT max(id) FROM ledger) LIMIT ?)", ms},
		{"DELETE FROM slow WHERE id IN (SELECT id FROM slow WHERE last < ? LIMIT ?)", ms},
		{"DELETE FROM measures WHERE id IN (SELECT id FROM measures WHERE last < ? LIMIT ?)", ms},
		{"DELETE FROM grids WHERE id IN (SELECT id FROM grids WHERE last < ? AND id < (SELECT max(id) FROM grids) LIMIT ?)", ms},
		{"DELETE FROM timeline WHERE id IN (SELECT t.id FROM timeline t JOIN incidents i ON i.id = t.incident WHERE i.phase = 'closed' AND i.closed_at < ? LIMIT ?)", ms},
		{"DELETE FROM threads WHERE (incident, destination) IN (SELECT t.incident, t.destination FROM threads t JOIN incidents i ON i.id = t.incident WHERE i.phase = 'closed' AND i.closed_at < ? LIMIT ?)", ms},
		{"DELETE FROM commands WHERE id IN (SELECT id FROM commands WHERE ends < ? LIMIT ?)", ms},
		{"DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE phase = 'closed' AND closed_at < ? LIMIT ?)", ms},
		// What several share has a row for the sake of its incidents: the next one makes it anew.
		{"DELETE FROM probes WHERE id IN (SELECT p.id FROM probes p WHERE p.id < 0 AND p.created_at < ? AND NOT EXISTS (SELECT 1 FROM incidents i WHERE i.probe = p.id) LIMIT ?)", ms},
	} {
		if err := c.inSteps(ctx, step.statement, step.before); err != nil {
			return err
		}
	}
	return c.inSteps(ctx, "DELETE FROM revisions WHERE id < (SELECT max(id) FROM revisions) - ? AND id IN (SELECT id FROM revisions ORDER BY id LIMIT ?)", maxRevisions)
}
