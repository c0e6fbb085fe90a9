package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"sonde/probe"
)

const (
	day          = 24 * time.Hour
	hoursPerDay  = 24
	probesAtOnce = 256 // are summed up together
)

// dayOf is the number of a day (UTC) since 1970.
func dayOf(ms int64) int64 { return floorDiv(ms, day.Milliseconds()) }

// spanRow is a span as it is stored.
type spanRow struct{ id, first, last int64 }

func spansBehind(ctx context.Context, q querier, after int64) (all []spanRow, err error) {
	_, err = eachRow(ctx, q, "SELECT id, first, last FROM spans WHERE id > ? AND results > 0 ORDER BY id", []any{after}, func(rows *sql.Rows) error {
		var s spanRow
		err := rows.Scan(&s.id, &s.first, &s.last)
		all = append(all, s)
		return err
	})
	return all, err
}

// summedUpTo is, for every day that was summed up, the last span that is in its sum.
func summedUpTo(ctx context.Context, q querier) (map[int64]int64, error) {
	upTo := map[int64]int64{}
	_, err := eachRow(ctx, q, "SELECT day, max(span) FROM rollups GROUP BY day", nil, func(rows *sql.Rows) error {
		var day, span int64
		err := rows.Scan(&day, &span)
		upTo[day] = span
		return err
	})
	return upTo, err
}

// rollUp sums up the days that are over, and those of which something came late. A day
// is over once a whole span lies behind it: what was under way at its end has come.
func (c *compactor) rollUp(ctx context.Context, now time.Time) error {
	spans, err := spansBehind(ctx, c.r.db, 0)
	if err != nil {
		return err
	}
	upTo, err := summedUpTo(ctx, c.r.db)
	if err != nil {
		return err
	}
	var newest int64 // the day of the newest span's first result: it, and what follows, goes on
	for _, s := range spans {
		newest = max(newest, dayOf(s.first))
	}
	parts := map[int64][]spanRow{}
	for _, s := range spans {
		for d := dayOf(s.first); d <= dayOf(s.last) && d < min(newest, dayOf(now.UnixMilli())); d++ {
			if s.id > upTo[d] {
				parts[d] = append(parts[d], s)
			}
		}
	}
	for _, d := range slices.Sorted(maps.Keys(parts)) {
		if err := c.sumDay(ctx, d, parts[d]); err != nil {
			return fmt.Errorf("sum up the day %s: %w", instant(d*day.Milliseconds()).Format(time.DateOnly), err)
		}
	}
	return nil
}

// sumDay sums up what spans hold of a day, some probes at a time.
func (c *compactor) sumDay(ctx context.Context, d int64, spans []spanRow) error {
	last := spans[len(spans)-1].id
	leftover := "DELETE FROM days WHERE id IN (SELECT id FROM days WHERE day = ? AND span = ? LIMIT ?)"
	if err := c.inSteps(ctx, leftover, d, last); err != nil {
		return err
	}
	var highest sql.NullInt64
	if err := c.r.db.QueryRowContext(ctx, "SELECT max(id) FROM probes").Scan(&highest); err != nil {
		return err
	}
	w := rowWriter{c: c, insert: "INSERT INTO days(day, span, probe, packed) VALUES (?, ?, ?, ?)", key: []any{d, last}}
	for from := probe.ID(0); int64(from) <= highest.Int64; from += probesAtOnce {
		sums, err := c.sumProbes(ctx, d, spans, from, from+probesAtOnce-1)
		if err != nil {
			return err
		}
		if err := w.days(ctx, sums); err != nil {
			return err
		}
	}
	if err := w.flush(ctx); err != nil {
		return err
	}
	c.report.Days++
	return c.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO rollups(day, span, location) VALUES (?, ?, ?)", d, last, c.s.location)
		return err
	})
}

// hourly are the sums of a day's hours; nil for those without a result.
type hourly [hoursPerDay]*Summary

// rowsOfProbes finds the rows of a span that may hold chunks of some probes.
const rowsOfProbes = `SELECT packed FROM chunks WHERE span = ?1 AND probe <= ?3
	AND probe >= coalesce((SELECT max(probe) FROM chunks WHERE span = ?1 AND probe <= ?2), ?2) ORDER BY probe`

func (c *compactor) sumProbes(ctx context.Context, d int64, spans []spanRow, from, to probe.ID) (map[probe.ID]*hourly, error) {
	sums := map[probe.ID]*hourly{}
	rows, err := c.r.db.PrepareContext(ctx, rowsOfProbes)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var r row
	for _, s := range spans {
		_, err := eachOf(ctx, rows, []any{s.id, from, to}, func(rows *sql.Rows) error {
			var packed sql.RawBytes
			if err := rows.Scan(&packed); err != nil {
				return err
			}
			return r.open(packed, func(id probe.ID, chunk []byte) bool {
				if id >= from && id <= to {
					sums[id] = sums[id].add(d, &r, chunk)
				}
				return id < to
			})
		})
		if err != nil {
			return nil, err
		}
	}
	return sums, nil
}

// add adds what a chunk has of a day. A chunk that is damaged inside a row whose sum is
// right cannot be.
func (h *hourly) add(d int64, r *row, chunk []byte) *hourly {
	_ = r.points(chunk, func(hour int64, points []point) {
		if floorDiv(hour, hoursPerDay) != d {
			return
		}
		if h == nil {
			h = &hourly{}
		}
		sum := h[hour-d*hoursPerDay]
		if sum == nil {
			sum = &Summary{}
			h[hour-d*hoursPerDay] = sum
		}
		sum.addPoints(points, r.shapes)
	})
	return h
}

// days packs the sums of some probes to rows.
func (w *rowWriter) days(ctx context.Context, sums map[probe.ID]*hourly) error {
	return fillRows(ctx, w, &dayPacker{}, slices.Sorted(maps.Keys(sums)), func(row *dayPacker, id probe.ID) {
		if sums[id] != nil {
			row.add(id, sums[id])
		}
	})
}

// dayPacker packs the days of several probes to one row.
type dayPacker struct{ parts }

func (r *dayPacker) add(id probe.ID, h *hourly) {
	var has uint64
	for hour, sum := range h {
		if sum != nil {
			has |= 1 << hour
		}
	}
	r.bodies.uint(has)
	for _, sum := range h {
		if sum != nil {
			r.bodies.summary(sum)
		}
	}
	r.end(id)
}

func (r *dayPacker) packed(into []byte) []byte {
	p := packer{into}
	p.byte(chunkPacking)
	p.parts(&r.parts)
	return p.summed()
}

// eachHour reads what a row of days has of a probe: f gets a sum for every hour of the
// day that has one, to add what was packed to.
func eachHour(packed []byte, id probe.ID, f func(hour int) *Summary) error {
	body, ok := unsummed(packed)
	if !ok || body[0] != chunkPacking {
		return errPacked
	}
	u := unpacker{buf: body[1:]}
	var part unpacker
	u.directory(func(at probe.ID, p []byte) bool {
		if at == id {
			part.buf = p
		}
		return at < id
	})
	if u.err != nil || len(part.buf) == 0 {
		return u.err
	}
	has := part.uint()
	for hour := range hoursPerDay {
		if has&(1<<hour) != 0 {
			part.summary(f(hour))
		}
	}
	return part.err
}
