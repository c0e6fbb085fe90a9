package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	spanLength   = 15 * time.Minute // of the log becomes chunks together
	spanSegments = 4 * 3600         // or so many segments, if the clock that dated them was wrong
)

// compactor makes one pass of compaction: what it reads, it reads beside the writer.
type compactor struct {
	s      *Store
	r      *Reader
	report Compaction

	gatherer
	rows []byte // room for rows that are to be written, again and again
}

// Compaction is what a pass of compaction did.
type Compaction struct {
	Spans   int           // stretches of the log that became chunks
	Results int64         // results in them
	Days    int           // that were summed up
	Damaged []int64       // segments of the log that could not be read
	Longest time.Duration // that it kept the writer at a time
}

// Compact turns what is older than a quarter of an hour of the log into chunks, and sums
// up days that are over. It may be stopped at any moment, by ctx or by a crash: what is
// not finished counts for nothing and is made anew. It keeps the writer for milliseconds
// at a time.
func (s *Store) Compact(ctx context.Context, now time.Time) (Compaction, error) {
	r, err := OpenReader(ctx, s.path)
	if err != nil {
		return Compaction{}, err
	}
	if l := s.lender.Load(); l != nil {
		r.Borrow(l.Lender, l.configured)
	}
	c := &compactor{s: s, r: r}
	err = errors.Join(c.run(ctx, now), r.Close())
	if err != nil {
		err = describe(s.path, fmt.Errorf("compact: %w", err))
	}
	return c.report, err
}

func (c *compactor) run(ctx context.Context, now time.Time) error {
	for ctx.Err() == nil {
		span, err := c.nextSpan(ctx)
		if err != nil {
			return err
		}
		if span == nil {
			break
		}
		if err := c.buildSpan(ctx, span); err != nil {
			return err
		}
	}
	if err := c.rollUp(ctx, now); err != nil {
		return err
	}
	if err := c.fillSlow(ctx); err != nil {
		return err
	}
	if err := c.tallyDays(ctx, now); err != nil {
		return err
	}
	if err := c.sumSlow(ctx, now); err != nil {
		return err
	}
	if err := c.sumWorst(ctx, now); err != nil {
		return fmt.Errorf("sum up the days of groups: %w", err)
	}
	if err := c.trimLog(ctx); err != nil {
		return err
	}
	return c.packStretches(ctx)
}

// change makes a change in one transaction, and notes how long it kept the writer.
func (c *compactor) change(ctx context.Context, f func(tx *sql.Tx) error) error {
	if c.s.hook != nil {
		c.s.hook()
	}
	var start time.Time
	err := c.s.change(ctx, func(tx *sql.Tx) error {
		start = time.Now()
		return f(tx)
	})
	if !start.IsZero() {
		c.report.Longest = max(c.report.Longest, time.Since(start))
	}
	return err
}

// span is a stretch of the log: the segments behind after, up to and with last.
type span struct {
	after, last     int64
	earliest, later int64 // the instants of its first and its last result
	results         int64
}

// compactedUpTo is the last segment that became chunks.
func compactedUpTo(ctx context.Context, q querier) (seq int64, err error) {
	err = q.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM spans").Scan(&seq)
	return seq, err
}

const segmentFrom = "SELECT seq, at FROM log WHERE seq > ? ORDER BY seq LIMIT 1"
const segmentUpTo = "SELECT seq, at FROM log WHERE seq <= ? ORDER BY seq DESC LIMIT 1"

// nextSpan finds the next stretch of the log that is over; nil if there is none. It ends
// where a quarter of an hour does, as the segments are dated. Where exactly does not
// matter to what is kept, only to how it is cut.
func (c *compactor) nextSpan(ctx context.Context) (*span, error) {
	done, err := compactedUpTo(ctx, c.r.db)
	if err != nil {
		return nil, err
	}
	var first, last, from, newest int64
	err = c.r.db.QueryRowContext(ctx, segmentFrom, done).Scan(&first, &from)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := c.r.db.QueryRowContext(ctx, segmentUpTo, int64(1)<<62).Scan(&last, &newest); err != nil {
		return nil, err
	}
	length := cmp.Or(c.s.span, spanLength).Milliseconds()
	end := (floorDiv(from, length) + 1) * length
	if newest < end {
		if last-first < spanSegments {
			return nil, nil
		}
		return &span{after: done, last: first + spanSegments/4}, nil
	}
	low, high := first, last // the first is before the end, the last is not
	for high-low > 1 {
		middle := low + (high-low)/2
		var seq, at int64
		if err := c.r.db.QueryRowContext(ctx, segmentUpTo, middle).Scan(&seq, &at); err != nil {
			return nil, err
		}
		if at < end {
			low = middle
		} else {
			high = middle
		}
	}
	return &span{after: done, last: low}, nil
}

// buildSpan makes the chunks of a span, some probes at a time, and then the span.
func (c *compactor) buildSpan(ctx context.Context, x *span) error {
	leftover := "DELETE FROM chunks WHERE id IN (SELECT id FROM chunks WHERE span > ? LIMIT ?)"
	if err := c.inSteps(ctx, leftover, x.after); err != nil {
		return err
	}
	if err := c.countResults(ctx, x); err != nil {
		return err
	}
	for some := range c.groups() {
		results, err := c.gather(ctx, x, some)
		if err != nil {
			return err
		}
		if err := c.writeChunks(ctx, x, some, results); err != nil {
			return err
		}
	}
	err := c.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO spans(id, location, first, last, results) VALUES (?, ?, ?, ?, ?)",
			x.last, c.s.location, x.earliest, x.later, x.results)
		return err
	})
	if err != nil {
		return fmt.Errorf("finish the span up to segment %d: %w", x.last, err)
	}
	c.report.Spans++
	c.report.Results += x.results
	return nil
}

const segmentsOfSpan = "SELECT seq, at, packed FROM log WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT 500"

// eachSegment reads the segments of a span, a bounded number per query.
func (c *compactor) eachSegment(ctx context.Context, x *span, f func(seq, at int64, packed []byte)) error {
	after := x.after
	for {
		n, err := eachRow(ctx, c.r.db, segmentsOfSpan, []any{after, x.last}, func(rows *sql.Rows) error {
			var at int64
			var packed sql.RawBytes
			if err := rows.Scan(&after, &at, &packed); err != nil {
				return err
			}
			f(after, at, packed)
			return nil
		})
		if n == 0 || err != nil {
			return err
		}
	}
}

// trimLog deletes what has become chunks and lies behind every checkpoint that is kept:
// nobody replays it any more.
func (c *compactor) trimLog(ctx context.Context) error {
	done, err := compactedUpTo(ctx, c.r.db)
	if err != nil {
		return err
	}
	var checkpoint int64
	if err := c.r.db.QueryRowContext(ctx, "SELECT coalesce(min(seq), 0) FROM checkpoints").Scan(&checkpoint); err != nil {
		return err
	}
	return c.inSteps(ctx, "DELETE FROM log WHERE seq IN (SELECT seq FROM log WHERE seq <= ? ORDER BY seq LIMIT ?)", min(done, checkpoint))
}

const (
	stepTime  = 10 * time.Millisecond // that deleting should keep the writer at a time
	firstStep = 50
	maxStep   = 5000
)

// inSteps runs a statement again and again, whose last argument is how many rows it may
// take, until it takes none. The steps are as large as their time allows.
func (c *compactor) inSteps(ctx context.Context, statement string, args ...any) error {
	for step := cmp.Or(c.s.step, firstStep); ; {
		var n int64
		start := time.Now()
		err := c.change(ctx, func(tx *sql.Tx) error {
			result, err := tx.ExecContext(ctx, statement, append(slices.Clone(args), step)...)
			if err != nil {
				return err
			}
			n, err = result.RowsAffected()
			return err
		})
		if err != nil || n < int64(step) {
			return err
		}
		if c.s.step > 0 {
			continue
		}
		took := time.Since(start)
		fits := int(float64(step) * float64(stepTime) / float64(max(took, time.Millisecond)))
		step = max(firstStep/5, min(fits, 2*step, maxStep))
	}
}
