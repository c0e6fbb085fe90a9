package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// ledgers are the ledgers of several probes, as they are read.
type ledgers struct {
	since    time.Time
	windows  []window
	entries  map[probe.ID][][]incident.Entry // by window; missing ones are empty
	grids    map[probe.ID][]slo.Stretch
	firstDay int64
	lastDay  int64 // not one of them
	days     map[probe.ID][]dayTally
	rests    func(probe.ID) []slo.Spell // of maintenance; nil: there was none
}

func newLedgers() *ledgers {
	return &ledgers{entries: map[probe.ID][][]incident.Entry{}, grids: map[probe.ID][]slo.Stretch{}, days: map[probe.ID][]dayTally{}}
}

// of is the ledger of a probe with its account.
func (l *ledgers) of(id probe.ID, account *incident.Account) Ledger {
	entries := l.entries[id]
	for len(entries) < len(l.windows) {
		entries = append(entries, nil)
	}
	ledger := Ledger{since: l.since, grids: l.grids[id], account: account, windows: l.windows, entries: entries, firstDay: l.firstDay, days: l.days[id]}
	if l.rests != nil {
		ledger.rests = l.rests(id)
	}
	return ledger
}

// rest has what lies in maintenance left out, and returns the windows that this takes: the
// sum of a day does not say what of it that was.
func (l *ledgers) rest(calendar *incident.Calendar, from, until time.Time) (needed []window) {
	spells := calendar.AllSpells(from, until)
	if len(spells) == 0 {
		return nil
	}
	l.rests = func(id probe.ID) []slo.Spell { return calendar.Spells(id, from, until) }
	for _, s := range spells {
		needed = append(needed, window{s.From.Add(-time.Millisecond), s.Until})
	}
	return needed
}

const keptSinceKey = "kept_since"

// keptSince is the instant since when the past is kept; zero if nothing was forgotten.
func keptSince(ctx context.Context, q querier) (time.Time, error) {
	var written string
	err := q.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = ?", keptSinceKey).Scan(&written)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	ms, err := strconv.ParseInt(written, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("read since when the past is kept: %w", err)
	}
	return instant(ms), nil
}

// Queries of stretches that overlap a window. A stretch of less than a day that reaches
// into the window ends within a day of it; the few longer ones have an index of their own.
const (
	ledgerWithin  = "SELECT probe, first, last, step, outcome, reason FROM ledger WHERE last > ? AND last <= ? AND first <= ?"
	ledgerBeyond  = "SELECT probe, first, last, step, outcome, reason FROM ledger INDEXED BY ledger_long WHERE last - first >= 86400000 AND last > ? AND first <= ?"
	ledgerOfProbe = "SELECT probe, first, last, step, outcome, reason FROM ledger WHERE probe = ? AND last > ? AND first <= ?"
)

// load reads the entries of a window: of one probe, or of all if id is 0.
func (l *ledgers) load(ctx context.Context, q querier, w window, id probe.ID) error {
	l.windows = append(l.windows, w)
	until := w.until.UnixMilli()
	if id != 0 {
		return l.read(ctx, q, ledgerOfProbe, id, w.after.UnixMilli(), until)
	}
	late := until + day.Milliseconds()
	if err := l.read(ctx, q, ledgerWithin, w.after.UnixMilli(), late, until); err != nil {
		return err
	}
	return l.read(ctx, q, ledgerBeyond, late, until)
}

func (l *ledgers) read(ctx context.Context, q querier, query string, args ...any) error {
	var r ledgerReader
	_, err := eachRow(ctx, q, query, args, func(rows *sql.Rows) error {
		id, e, err := r.read(rows)
		if err != nil {
			return err
		}
		entries := l.entries[id]
		for len(entries) < len(l.windows) {
			entries = append(entries, nil)
		}
		last := len(l.windows) - 1
		entries[last] = append(entries[last], e)
		l.entries[id] = entries
		return nil
	})
	return err
}

// ledgerReader reads rows of the ledger.
type ledgerReader struct {
	outcomes map[string]probe.Outcome
	reasons  map[string]probe.Reason
}

func (r *ledgerReader) read(rows *sql.Rows) (id probe.ID, e incident.Entry, err error) {
	var first, last, step int64
	var outcome, reason sql.RawBytes
	if err := rows.Scan(&id, &first, &last, &step, &outcome, &reason); err != nil {
		return 0, e, err
	}
	if r.outcomes == nil {
		r.outcomes, r.reasons = map[string]probe.Outcome{}, map[string]probe.Reason{}
	}
	e.Slots = stretch(first, last, step)
	if e.Outcome, err = known(r.outcomes, outcome, (*probe.Outcome).UnmarshalText); err != nil {
		return 0, e, err
	}
	e.Reason, err = known(r.reasons, reason, (*probe.Reason).UnmarshalText)
	return id, e, err
}

// known finds the value of a text, which is read only the first time.
func known[T any](seen map[string]T, text []byte, read func(*T, []byte) error) (T, error) {
	if v, ok := seen[string(text)]; ok {
		return v, nil
	}
	var v T
	if err := read(&v, text); err != nil {
		return v, err
	}
	seen[string(text)] = v
	return v, nil
}

// loadGrids reads the grids that ended after an instant.
func (l *ledgers) loadGrids(ctx context.Context, q querier, after time.Time) error {
	_, err := eachRow(ctx, q, "SELECT probe, first, last, step FROM grids WHERE last > ?", []any{after.UnixMilli()}, func(rows *sql.Rows) error {
		var id probe.ID
		var first, last, step int64
		if err := rows.Scan(&id, &first, &last, &step); err != nil {
			return err
		}
		l.grids[id] = append(l.grids[id], stretch(first, last, step))
		return nil
	})
	return err
}

// loadDays reads the sums of days in [first, last) of probes, which are in the order of
// their ids, as the sums are.
func (l *ledgers) loadDays(ctx context.Context, q querier, first, last int64, known []Probe) error {
	l.firstDay, l.lastDay = first, last
	n := int(max(0, last-first))
	all := slices.Repeat([]dayTally{noTally}, n*len(known)) // one piece of memory
	for i := range known {
		l.days[known[i].ID] = all[i*n : i*n+n]
	}
	_, err := eachRow(ctx, q, "SELECT day, packed FROM tallies WHERE day >= ? AND day < ?", []any{first, last}, func(rows *sql.Rows) error {
		var d int64
		var packed sql.RawBytes
		if err := rows.Scan(&d, &packed); err != nil {
			return err
		}
		at := 0
		return eachTally(packed, func(id probe.ID, t dayTally) {
			for at < len(known) && known[at].ID < id {
				at++
			}
			if at < len(known) && known[at].ID == id {
				all[at*n+int(d-first)] = t
			}
		})
	})
	return err
}

// daysWithSlots are the first and the last day on which a probe may have slots; the last
// is before the first if there are none.
func (l *ledgers) daysWithSlots(id probe.ID, account *incident.Account) (first, last int64) {
	if account.Grid.Step == 0 {
		return 0, -1
	}
	from := account.Grid.First
	for _, grid := range l.grids[id] {
		from = slo.Earliest(from, grid.First)
	}
	return dayOf(from.UnixMilli()), dayOf(account.Grid.Last.UnixMilli())
}

// merged sorts windows and joins those that touch.
func merged(windows []window) []window {
	slices.SortFunc(windows, func(a, b window) int { return a.after.Compare(b.after) })
	var all []window
	for _, w := range windows {
		if n := len(all); n > 0 && !w.after.After(all[n-1].until) {
			all[n-1].until = slo.Latest(all[n-1].until, w.until)
			continue
		}
		all = append(all, w)
	}
	return all
}

func stretch(first, last, step int64) slo.Stretch {
	return slo.Stretch{First: instant(first), Last: instant(last), Step: time.Duration(step) * time.Millisecond}
}
