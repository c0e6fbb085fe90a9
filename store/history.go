package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// UnknownProbeError says that no probe has a name.
type UnknownProbeError struct {
	Name  string
	Known []string // the names there are
}

func (e *UnknownProbeError) Error() string {
	return fmt.Sprintf("no probe is called %q", e.Name)
}

// Probes reads all probes that there are or were, by their ids.
func (r *Reader) Probes(ctx context.Context) ([]Probe, error) {
	all, _, err := probes(ctx, r.db, nil)
	if err != nil {
		return nil, describe(r.path, err)
	}
	return all, nil
}

// Find finds a probe by its name, configured or retired. The error is an
// [*UnknownProbeError] if there is none.
func (r *Reader) Find(ctx context.Context, name string) (*Probe, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.know(ctx, r.db); err != nil {
		return nil, describe(r.path, err)
	}
	for i := range r.known {
		if r.known[i].Name() == name {
			found := r.known[i]
			return &found, nil
		}
	}
	unknown := &UnknownProbeError{Name: name}
	for i := range r.known {
		unknown.Known = append(unknown.Known, r.known[i].Name())
	}
	return nil, unknown
}

// Queries of the chunks of a probe: those of a span whose first probe is the nearest.
const (
	spansWithin  = "SELECT id, first, last FROM spans WHERE first < ? AND last >= ? AND results > 0 ORDER BY first"
	chunkOfProbe = "SELECT packed FROM chunks WHERE span = ? AND probe <= ? ORDER BY probe DESC LIMIT 1"
)

// Results calls f for the results of a probe whose instants lie in [from, to), of all
// kinds of run, in the order of time. It reads some at a time, however long the range.
// An error of f ends it, and is returned.
func (r *Reader) Results(ctx context.Context, id probe.ID, from, to time.Time, f func(*incident.Input) error) error {
	s := sorter{from: from.UnixMilli(), to: to.UnixMilli(), f: f}
	spans, err := r.spansAndTail(ctx, asked{id, s.from, s.to}, s.add)
	if err != nil {
		return describe(r.path, err)
	}
	chunks, err := r.db.PrepareContext(ctx, chunkOfProbe)
	if err != nil {
		return describe(r.path, err)
	}
	defer func() { _ = chunks.Close() }()
	var row row
	for _, span := range spans {
		// What is older than this span's first result cannot come any more.
		if err := s.release(span.first); err != nil {
			return err
		}
		err := eachChunk(ctx, chunks, &row, span.id, id, func(_ int64, points []point) {
			for i := range points {
				in := points[i].input(&row.shapes[points[i].shape])
				s.add(&in, span.id)
			}
		})
		if err != nil {
			return describe(r.path, err)
		}
	}
	return s.release(maxInstant)
}

// asked says which results are asked for: those of a probe in [from, to).
type asked struct {
	id       probe.ID
	from, to int64
}

// spansAndTail finds the spans that may hold such results, the earliest first, and calls f
// for those that are no chunks yet, with their segment. Both are of one moment.
func (r *Reader) spansAndTail(ctx context.Context, a asked, f func(in *incident.Input, segment int64)) (spans []spanRow, err error) {
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }()
	_, err = eachRow(ctx, tx, spansWithin, []any{a.to, a.from}, func(rows *sql.Rows) error {
		var x spanRow
		err := rows.Scan(&x.id, &x.first, &x.last)
		spans = append(spans, x)
		return err
	})
	if err != nil {
		return nil, err
	}
	done, err := compactedUpTo(ctx, tx)
	if err != nil {
		return nil, err
	}
	return spans, r.tail.read(ctx, tx, done, a, f)
}

// sorter brings results into the order of time, and those of one instant into the order
// in which they were committed: spans overlap where something came late.
type sorter struct {
	from, to int64
	held     []heldResult
	f        func(*incident.Input) error
}

type heldResult struct {
	input incident.Input
	from  int64 // the span or the segment
}

func (s *sorter) add(in *incident.Input, from int64) {
	if at := in.At.UnixMilli(); at >= s.from && at < s.to {
		s.held = append(s.held, heldResult{*in, from})
	}
}

// release hands on what is older than an instant.
func (s *sorter) release(before int64) error {
	slices.SortStableFunc(s.held, func(a, b heldResult) int {
		return cmp.Or(a.input.At.Compare(b.input.At), cmp.Compare(a.from, b.from))
	})
	n := 0
	for n < len(s.held) && s.held[n].input.At.UnixMilli() < before {
		if err := s.f(&s.held[n].input); err != nil {
			return err
		}
		n++
	}
	s.held = append(s.held[:0], s.held[n:]...)
	return nil
}

// eachChunk calls f for every hour of a probe's chunk in a span, whose row is opened.
func eachChunk(ctx context.Context, chunks *sql.Stmt, row *row, span int64, id probe.ID, f func(hour int64, points []point)) error {
	_, err := eachOf(ctx, chunks, []any{span, id}, func(rows *sql.Rows) error {
		var packed sql.RawBytes
		if err := rows.Scan(&packed); err != nil {
			return err
		}
		if err := row.pointsOf(packed, id, f); err != nil {
			return fmt.Errorf("chunk of probe %d in span %d: %w", id, span, err)
		}
		return nil
	})
	return err
}

// pointsOf calls f for every hour of a probe's chunk in a row.
func (r *row) pointsOf(packed []byte, id probe.ID, f func(hour int64, points []point)) error {
	var damage error
	err := r.open(packed, func(at probe.ID, chunk []byte) bool {
		if at == id {
			damage = r.points(chunk, f)
		}
		return at < id
	})
	return errors.Join(err, damage)
}

// Ledger reads the time of a probe over a range. Tallies of windows within the range are
// exact to the slot.
func (r *Reader) Ledger(ctx context.Context, id probe.ID, from, to time.Time) (*Ledger, error) {
	ledger, _, err := r.pastOf(ctx, id, 0, from, to)
	return ledger, err
}

// Latency reads the time of a probe over a range as it kept to a threshold.
func (r *Reader) Latency(ctx context.Context, id probe.ID, threshold time.Duration, from, to time.Time) (*Latency, error) {
	_, latency, err := r.pastOf(ctx, id, threshold, from, to)
	return latency, err
}

// pastOf reads the ledger of a probe, and how it kept to a threshold if there is one.
func (r *Reader) pastOf(ctx context.Context, id probe.ID, threshold time.Duration, from, to time.Time) (*Ledger, *Latency, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, nil, describe(r.path, err)
	}
	defer func() { _ = tx.Rollback() }()
	alone := []Probe{{ID: id}}
	l := newLedgers(alone, placesOf(alone))
	var given []incident.Command
	also := meanwhile{then: func() (err error) {
		l.since, err = keptSince(ctx, tx)
		if err == nil {
			given, err = commands(ctx, tx, from)
		}
		return errors.Join(err, l.loadGrids(ctx, tx, from), l.loadOne(ctx, tx, window{from, forever}))
	}}
	state, err := r.loneState(ctx, tx, id, also)
	if err != nil {
		return nil, nil, describe(r.path, err)
	}
	l.rest(incident.NewCalendar(given), from, to)
	ledger := l.of(0, &state.Account)
	if threshold == 0 {
		return &ledger, nil, nil
	}
	slow, spells, err := readPace(ctx, tx, id, state, from)
	if err != nil {
		return &ledger, nil, err
	}
	return &ledger, newLatency(&ledger, slow, spells, threshold), nil
}
