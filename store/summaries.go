package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// maxWindows bounds into how many windows a range is cut.
const maxWindows = 100_000

// Cut cuts [From, To) into windows of a step, counted from From.
type Cut struct {
	From, To time.Time
	Step     time.Duration
}

// Summaries cuts [from, to) into windows of a step, counted from from, and sums up the
// results of a probe in each, see [Reader.SummariesOf].
func (r *Reader) Summaries(ctx context.Context, id probe.ID, from, to time.Time, step time.Duration) ([]Summary, error) {
	return r.SummariesOf(ctx, id, Cut{from, to, step})
}

// SummariesOf cuts ranges into windows, and sums up the results of a probe in each, range
// by range. Where days have been summed up and the windows are whole hours, the sums of the
// hours are taken; elsewhere the results themselves, as long as they are kept.
func (r *Reader) SummariesOf(ctx context.Context, id probe.ID, cuts ...Cut) ([]Summary, error) {
	var sums []Summary
	cutters := make([]cutter, len(cuts))
	for i, cut := range cuts {
		if cut.Step <= 0 || cut.To.Sub(cut.From)/cut.Step > maxWindows {
			return nil, fmt.Errorf("cut %s to %s into windows of %s: that is none, or more than %d", cut.From, cut.To, cut.Step, maxWindows)
		}
		cutters[i] = newCutter(cut)
	}
	if err := r.cut(ctx, id, cutters); err != nil {
		return nil, describe(r.path, err)
	}
	for i := range cutters {
		sums = append(sums, cutters[i].sums...)
	}
	return sums, nil
}

// cutter finds the window of an instant.
type cutter struct {
	sums     []Summary
	from, to time.Time
	step     time.Duration
}

func newCutter(cut Cut) cutter {
	c := cutter{from: cut.From, to: cut.To, step: cut.Step, sums: make([]Summary, 0, max(0, cut.To.Sub(cut.From)/cut.Step)+1)}
	for at := cut.From; at.Before(cut.To); at = at.Add(cut.Step) {
		c.sums = append(c.sums, Summary{From: at, To: slo.Earliest(at.Add(cut.Step), cut.To)})
	}
	return c
}

func (c *cutter) at(ms int64) *Summary {
	if ms < c.from.UnixMilli() || ms >= c.to.UnixMilli() {
		return nil
	}
	return &c.sums[(ms-c.from.UnixMilli())/c.step.Milliseconds()]
}

// add adds results of a chunk, which are in the order of time: as many at once as lie in
// the same window.
func (c *cutter) add(points []point, known []shape) {
	for len(points) > 0 {
		sum, n := c.at(points[0].at), 1
		if sum == nil {
			points = points[1:]
			continue
		}
		if last := points[len(points)-1].at; c.at(last) == sum {
			n = len(points)
		}
		for n < len(points) && c.at(points[n].at) == sum {
			n++
		}
		sum.addPoints(points[:n], known)
		points = points[n:]
	}
}

// byHours reports whether no window cuts an hour in two.
func (c *cutter) byHours() bool {
	return c.from.Truncate(time.Hour).Equal(c.from) && c.step%time.Hour == 0 && c.to.Truncate(time.Hour).Equal(c.to)
}

// chunksWithin finds spans as spansWithin does, with the row of each that may hold a probe:
// one query for all costs less than one for each.
const chunksWithin = "SELECT id, first, last, (SELECT packed FROM chunks WHERE span = spans.id AND probe <= ?5 ORDER BY probe DESC LIMIT 1) " +
	"FROM spans WHERE (last >= ?1 OR id > ?2) AND first < ?3 AND last >= ?4 AND results > 0 ORDER BY first"

// cut reads days, chunks and log as of one moment: what is not in the one is in the next.
// The log is read once for all.
func (r *Reader) cut(ctx context.Context, id probe.ID, cutters []cutter) error {
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	all := asked{id: id, from: maxInstant}
	for i := range cutters {
		c := &cutters[i]
		if err := c.stored(ctx, tx, id); err != nil {
			return err
		}
		all.from, all.to = min(all.from, c.from.UnixMilli()), max(all.to, c.to.UnixMilli())
	}
	done, err := compactedUpTo(ctx, tx)
	if err != nil {
		return err
	}
	return r.tail.read(ctx, tx, done, all, func(in *incident.Input, _ int64) {
		for i := range cutters {
			if sum := cutters[i].at(in.At.UnixMilli()); sum != nil {
				sum.Add(in)
			}
		}
	})
}

// stored takes what is days or chunks already.
func (c *cutter) stored(ctx context.Context, q querier, id probe.ID) (err error) {
	summed := map[int64]int64{} // day to the last span that its sums have
	if c.byHours() {
		if summed, err = c.days(ctx, q, id); err != nil {
			return err
		}
	}
	return c.chunks(ctx, q, id, summed)
}

// chunks takes the results of which there is no sum.
func (c *cutter) chunks(ctx context.Context, q querier, id probe.ID, summed map[int64]int64) error {
	since, behind := notSummed(summed, c.from.UnixMilli())
	var row row
	_, err := eachRow(ctx, q, chunksWithin, []any{since, behind, c.to.UnixMilli(), c.from.UnixMilli(), id}, func(rows *sql.Rows) error {
		var span spanRow
		var packed sql.RawBytes
		if err := rows.Scan(&span.id, &span.first, &span.last, &packed); err != nil {
			return err
		}
		if packed == nil || summedAlready(summed, span) {
			return nil
		}
		err := row.pointsOf(packed, id, func(hour int64, points []point) {
			if last, ok := summed[floorDiv(hour, hoursPerDay)]; !ok || span.id > last {
				c.add(points, row.shapes)
			}
		})
		if err != nil {
			return fmt.Errorf("chunk of probe %d in span %d: %w", id, span.id, err)
		}
		return nil
	})
	return err
}

// notSummed says which spans may hold what is in no sum of a day: those that reach beyond
// the days from an instant on that have one, and those behind the last that was summed up.
func notSummed(summed map[int64]int64, from int64) (since, behind int64) {
	if len(summed) == 0 {
		return from, 0
	}
	d := dayOf(from)
	for {
		span, ok := summed[d]
		if !ok {
			return max(from, d*day.Milliseconds()), behind
		}
		behind = max(behind, span)
		d++
	}
}

// summedAlready reports whether all that a span holds is in the sums of days.
func summedAlready(summed map[int64]int64, s spanRow) bool {
	for d := dayOf(s.first); d <= dayOf(s.last); d++ {
		if last, ok := summed[d]; !ok || s.id > last {
			return false
		}
	}
	return true
}

// daysWithin finds sums of days, with the row of each that may hold a probe.
const daysWithin = "SELECT day, span, (SELECT packed FROM days WHERE days.day = rollups.day AND days.span = rollups.span AND probe <= ?3 ORDER BY probe DESC LIMIT 1) " +
	"FROM rollups WHERE day >= ?1 AND day <= ?2 ORDER BY day, span"

// days takes the sums of days, and returns up to which span each of them has summed up.
func (c *cutter) days(ctx context.Context, q querier, id probe.ID) (map[int64]int64, error) {
	summed := map[int64]int64{}
	_, err := eachRow(ctx, q, daysWithin, []any{dayOf(c.from.UnixMilli()), dayOf(c.to.UnixMilli()), id}, func(rows *sql.Rows) error {
		var d, span int64
		var packed sql.RawBytes
		if err := rows.Scan(&d, &span, &packed); err != nil {
			return err
		}
		summed[d] = span
		if packed == nil {
			return nil
		}
		err := eachHour(packed, id, func(hour int) *Summary {
			if sum := c.at((d*hoursPerDay + int64(hour)) * time.Hour.Milliseconds()); sum != nil {
				return sum
			}
			return &Summary{} // outside of the range
		})
		if err != nil {
			return fmt.Errorf("sums of day %d up to span %d: %w", d, span, err)
		}
		return nil
	})
	return summed, err
}
