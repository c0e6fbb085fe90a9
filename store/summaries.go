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

// Summaries cuts [from, to) into windows of a step, counted from from, and sums up the
// results of a probe in each. Where days have been summed up and the windows are whole
// hours, the sums of the hours are taken; elsewhere the results themselves, as long as
// they are kept.
func (r *Reader) Summaries(ctx context.Context, id probe.ID, from, to time.Time, step time.Duration) ([]Summary, error) {
	if step <= 0 || to.Sub(from)/step > maxWindows {
		return nil, fmt.Errorf("cut %s to %s into windows of %s: that is none, or more than %d", from, to, step, maxWindows)
	}
	sums := make([]Summary, 0, max(0, to.Sub(from)/step)+1)
	for at := from; at.Before(to); at = at.Add(step) {
		sums = append(sums, Summary{From: at, To: slo.Earliest(at.Add(step), to)})
	}
	c := cutter{sums: sums, from: from, to: to, step: step}
	if err := r.cut(ctx, id, &c); err != nil {
		return nil, describe(r.path, err)
	}
	return sums, nil
}

// cutter finds the window of an instant.
type cutter struct {
	sums     []Summary
	from, to time.Time
	step     time.Duration
}

func (c *cutter) at(ms int64) *Summary {
	if ms < c.from.UnixMilli() || ms >= c.to.UnixMilli() {
		return nil
	}
	return &c.sums[(ms-c.from.UnixMilli())/c.step.Milliseconds()]
}

// byHours reports whether no window cuts an hour in two.
func (c *cutter) byHours() bool {
	return c.from.Truncate(time.Hour).Equal(c.from) && c.step%time.Hour == 0 && c.to.Truncate(time.Hour).Equal(c.to)
}

func (r *Reader) cut(ctx context.Context, id probe.ID, c *cutter) error {
	s := sorter{from: c.from.UnixMilli(), to: c.to.UnixMilli(), f: func(in *incident.Input) error {
		c.at(in.At.UnixMilli()).Add(in)
		return nil
	}}
	summed := map[int64]int64{} // day to the last span that its sums have
	if c.byHours() {
		var err error
		if summed, err = r.cutDays(ctx, id, c); err != nil {
			return err
		}
	}
	// After the days: what they did not sum up yet is in a span or in the log.
	since, behind := notSummed(summed, s.from)
	spans, err := r.spansAndTail(ctx, id, &s, since, behind)
	if err != nil {
		return err
	}
	chunks, err := r.db.PrepareContext(ctx, chunkOfProbe)
	if err != nil {
		return err
	}
	defer func() { _ = chunks.Close() }()
	for _, span := range spans {
		if summedAlready(summed, span) {
			continue
		}
		err := eachChunk(ctx, chunks, span.id, id, func(row *row, hour int64, points []point) {
			if last, ok := summed[floorDiv(hour, hoursPerDay)]; ok && span.id <= last {
				return
			}
			for i := range points {
				if sum := c.at(points[i].at); sum != nil {
					sum.addPoint(&points[i], &row.shapes[points[i].shape])
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return s.release(maxInstant)
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

// dayOfProbe finds the row of a sum of a day that may hold a probe.
const dayOfProbe = "SELECT packed FROM days WHERE day = ? AND span = ? AND probe <= ? ORDER BY probe DESC LIMIT 1"

// cutDays takes the sums of days, and returns up to which span each of them has summed up.
func (r *Reader) cutDays(ctx context.Context, id probe.ID, c *cutter) (map[int64]int64, error) {
	type part struct{ day, span int64 }
	var parts []part
	summed := map[int64]int64{}
	query := "SELECT day, span FROM rollups WHERE day >= ? AND day <= ? ORDER BY day, span"
	_, err := eachRow(ctx, r.db, query, []any{dayOf(c.from.UnixMilli()), dayOf(c.to.UnixMilli())}, func(rows *sql.Rows) error {
		var p part
		err := rows.Scan(&p.day, &p.span)
		parts = append(parts, p)
		summed[p.day] = p.span
		return err
	})
	if err != nil {
		return nil, err
	}
	days, err := r.db.PrepareContext(ctx, dayOfProbe)
	if err != nil {
		return nil, err
	}
	defer func() { _ = days.Close() }()
	for _, p := range parts {
		_, err := eachOf(ctx, days, []any{p.day, p.span, id}, func(rows *sql.Rows) error {
			var packed sql.RawBytes
			if err := rows.Scan(&packed); err != nil {
				return err
			}
			return eachHour(packed, id, func(hour int) *Summary {
				if sum := c.at((p.day*hoursPerDay + int64(hour)) * time.Hour.Milliseconds()); sum != nil {
					return sum
				}
				return &Summary{} // outside of the range
			})
		})
		if err != nil {
			return nil, fmt.Errorf("sums of day %d up to span %d: %w", p.day, p.span, err)
		}
	}
	return summed, nil
}
