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

// ledgers are the ledgers of the probes of a list, as they are read.
type ledgers struct {
	known  []Probe
	places *places
	since  time.Time

	windows []window
	read    []placed[incident.Entry] // each once, though it may reach into several windows
	grids   [][]slo.Stretch          // by place
	entries [][]incident.Entry       // by place, once all are read

	firstDay int64
	lastDay  int64                      // not one of them
	days     [][]dayTally               // by place, nil if none were read; those who had the same days share them
	gaps     []int64                    // the days that some have no sum of, counted from firstDay
	calendar *incident.Calendar         // of maintenance
	rests    func(probe.ID) []slo.Spell // that it has; nil: none
}

func newLedgers(known []Probe, places *places) *ledgers {
	return &ledgers{known: known, places: places}
}

// of is the ledger of the probe at a place, with its account.
func (l *ledgers) of(place int, account *incident.Account) Ledger {
	if l.entries == nil {
		slices.SortFunc(l.windows, func(a, b window) int { return a.after.Compare(b.after) })
		l.entries = spreadOut(len(l.known), l.read)
	}
	ledger := Ledger{
		since: l.since, grids: l.grids[place], account: account, windows: l.windows, entries: l.entries[place],
		firstDay: l.firstDay,
	}
	if l.days != nil {
		ledger.days = l.days[place]
	}
	if l.rests != nil {
		ledger.rests = l.rests(l.known[place].ID)
	}
	return ledger
}

// rest has what lies in maintenance left out, and returns the windows that this takes: the
// sum of a day does not say what of it that was.
func (l *ledgers) rest(calendar *incident.Calendar, from, until time.Time) (needed []window) {
	l.calendar = calendar
	until = until.Add(time.Millisecond) // the slot at the end lies in the window
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

// load reads the entries of a window, which touches none that was read before: of one
// probe, or of all if id is 0.
func (l *ledgers) load(ctx context.Context, q querier, w window, id probe.ID) error {
	until := w.until.UnixMilli()
	var err error
	if id != 0 {
		err = l.readEntries(ctx, q, ledgerOfProbe, id, w.after.UnixMilli(), until)
	} else {
		late := until + day.Milliseconds()
		err = errors.Join(l.readEntries(ctx, q, ledgerWithin, w.after.UnixMilli(), late, until), l.readEntries(ctx, q, ledgerBeyond, late, until))
	}
	l.windows = append(l.windows, w)
	return err
}

// more reads the entries of windows, of all probes, as far as they were not read before.
func (l *ledgers) more(ctx context.Context, q querier, windows []window) error {
	have := merged(slices.Clone(l.windows))
	for _, w := range merged(windows) {
		for _, piece := range w.without(have) {
			if err := l.load(ctx, q, piece, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *ledgers) readEntries(ctx context.Context, q querier, query string, args ...any) error {
	var r ledgerReader
	_, err := eachRow(ctx, q, query, args, func(rows *sql.Rows) error {
		id, e, err := r.read(rows)
		if err != nil {
			return err
		}
		if place, ok := l.places.of(id); ok && !l.has(&e.Slots) {
			l.read = append(l.read, placed[incident.Entry]{place, e})
		}
		return nil
	})
	return err
}

// has reports whether a stretch reaches into a window that was read before.
func (l *ledgers) has(s *slo.Stretch) bool {
	for _, w := range l.windows {
		if s.Last.After(w.after) && !s.First.After(w.until) {
			return true
		}
	}
	return false
}

// ledgerReader reads rows of the ledger. They are many: values are taken as the driver
// has them, without being converted.
type ledgerReader struct {
	outcomes map[string]probe.Outcome
	reasons  map[string]probe.Reason
	values   [6]any
	into     [6]any
}

func (r *ledgerReader) read(rows *sql.Rows) (id probe.ID, e incident.Entry, err error) {
	if r.outcomes == nil {
		r.outcomes, r.reasons = map[string]probe.Outcome{}, map[string]probe.Reason{}
		for i := range r.values {
			r.into[i] = &r.values[i]
		}
	}
	if err := rows.Scan(r.into[:]...); err != nil {
		return 0, e, err
	}
	n, ok := integers(r.values[:4])
	outcome, ok2 := r.values[4].(string)
	reason, ok3 := r.values[5].(string)
	if !ok || !ok2 || !ok3 {
		return 0, e, fmt.Errorf("a row of the ledger has %v", r.values)
	}
	e.Slots = stretch(n[1], n[2], n[3])
	if e.Outcome, err = known(r.outcomes, outcome, (*probe.Outcome).UnmarshalText); err != nil {
		return 0, e, err
	}
	e.Reason, err = known(r.reasons, reason, (*probe.Reason).UnmarshalText)
	return probe.ID(n[0]), e, err
}

// integers are four values that have to be integers.
func integers(values []any) (n [4]int64, ok bool) {
	for i := range n {
		if n[i], ok = values[i].(int64); !ok {
			return n, false
		}
	}
	return n, true
}

// known finds the value of a text, which is read only the first time.
func known[T any](seen map[string]T, text string, read func(*T, []byte) error) (T, error) {
	if v, ok := seen[text]; ok {
		return v, nil
	}
	var v T
	if err := read(&v, []byte(text)); err != nil {
		return v, err
	}
	seen[text] = v
	return v, nil
}

// gridsBehind finds the grids that ended after an instant: of one probe, or of all.
const gridsBehind = "SELECT probe, first, last, step FROM grids WHERE last > ?1 AND (?2 = 0 OR probe = ?2)"

// loadGrids reads the grids that ended after an instant: of one probe, or of all if id is 0.
func (l *ledgers) loadGrids(ctx context.Context, q querier, after time.Time, id probe.ID) error {
	var values, into [4]any
	for i := range values {
		into[i] = &values[i]
	}
	var read []placed[slo.Stretch]
	_, err := eachRow(ctx, q, gridsBehind, []any{after.UnixMilli(), id}, func(rows *sql.Rows) error {
		if err := rows.Scan(into[:]...); err != nil {
			return err
		}
		n, ok := integers(values[:])
		if !ok {
			return fmt.Errorf("a row of the grids has %v", values)
		}
		if place, ok := l.places.of(probe.ID(n[0])); ok {
			if read == nil { // what one has, mostly all have, since an interval was changed
				read = make([]placed[slo.Stretch], 0, len(l.known))
			}
			read = append(read, placed[slo.Stretch]{place, stretch(n[1], n[2], n[3])})
		}
		return nil
	})
	l.grids = spreadOut(len(l.known), read)
	return err
}

// loadDays reads the sums of days in [first, last). Probes are in the order of their ids,
// as the sums are: all days are unpacked side by side, probe by probe, so that
// what is known of a probe is written in one go; later has that done.
func (l *ledgers) loadDays(ctx context.Context, q querier, first, last int64, later func(func() error)) error {
	l.firstDay, l.lastDay = first, last
	days := make([]tallyReader, max(0, last-first))
	_, err := eachRow(ctx, q, "SELECT day, packed FROM tallies WHERE day >= ? AND day < ?", []any{first, last}, func(rows *sql.Rows) error {
		var d int64
		var packed []byte
		if err := rows.Scan(&d, &packed); err != nil {
			return err
		}
		return days[d-first].open(packed)
	})
	later(func() error { return l.unpackDays(days) })
	return err
}

func (l *ledgers) unpackDays(days []tallyReader) (err error) {
	l.days = make([][]dayTally, len(l.known))
	var before, own []dayTally
	gaps := make([]bool, len(days))
	for i := range l.known {
		own = own[:0]
		for d := range days {
			sum := days[d].of(l.known[i].ID)
			gaps[d] = gaps[d] || sum == noTally
			own = append(own, sum)
		}
		// Most had a month like their neighbour's: ten thousand of 29 days are 5 MB.
		if before == nil || !slices.Equal(own, before) {
			before = slices.Clone(own)
		}
		l.days[i] = before
	}
	for d := range days {
		err = errors.Join(err, days[d].u.err)
		if gaps[d] {
			l.gaps = append(l.gaps, int64(d))
		}
	}
	return err
}

// daysWithSlots are the first and the last day on which the probe at a place may have
// slots; the last is before the first if there are none.
func (l *ledgers) daysWithSlots(place int, account *incident.Account) (first, last int64) {
	if account.Grid.Step == 0 {
		return 0, -1
	}
	return dayOf(l.begin(place, account).UnixMilli()), dayOf(account.Grid.Last.UnixMilli())
}

// begin is the first slot of the probe at a place, as far as grids are known.
func (l *ledgers) begin(place int, account *incident.Account) time.Time {
	from := account.Grid.First
	for _, grid := range l.grids[place] {
		from = slo.Earliest(from, grid.First)
	}
	return from
}

// without is what a window has beyond others, which are sorted and do not touch.
func (w window) without(others []window) (rest []window) {
	at := w.after
	for _, o := range others {
		if !o.until.After(at) {
			continue
		}
		if !o.after.Before(w.until) {
			break
		}
		if o.after.After(at) {
			rest = append(rest, window{at, o.after})
		}
		at = o.until
	}
	if at.Before(w.until) {
		rest = append(rest, window{at, w.until})
	}
	return rest
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
