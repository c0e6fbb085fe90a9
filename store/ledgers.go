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
	days     tallyDays                  // from firstDay on
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
		l.spread()
	}
	ledger := Ledger{
		since: l.since, grids: l.grids[place], account: account, windows: l.windows, entries: l.entries[place],
		firstDay: l.firstDay, days: l.days, place: place,
	}
	if l.rests != nil {
		ledger.rests = l.rests(l.known[place].ID)
	}
	return ledger
}

// spread hands out what was read.
func (l *ledgers) spread() {
	slices.SortFunc(l.windows, func(a, b window) int { return a.after.Compare(b.after) })
	l.entries = spreadOut(len(l.known), l.read)
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

// load reads the entries of a window, which touches none that was read before: of one
// probe, or of all if id is 0. Those of all do not say why: nobody asks for it, and what is read
// of a row is most of what reading it costs.
func (l *ledgers) load(ctx context.Context, q querier, w window, id probe.ID) error {
	until := w.until.UnixMilli()
	var err error
	if id != 0 {
		err = l.readEntries(ctx, q, readEntry, ledgerOfProbe, id, w.after.UnixMilli(), until)
	} else {
		late := until + day.Milliseconds()
		read := readDense()
		err = errors.Join(l.readEntries(ctx, q, read, ledgerWithin, w.after.UnixMilli(), late, until), l.readEntries(ctx, q, read, ledgerBeyond, late, until))
	}
	l.windows, l.entries = append(l.windows, w), nil
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

func (l *ledgers) readEntries(ctx context.Context, q querier, read func(*sql.Rows) (probe.ID, incident.Entry, error), query string, args ...any) error {
	_, err := eachRow(ctx, q, query, args, func(rows *sql.Rows) error {
		id, e, err := read(rows)
		if err != nil {
			return err
		}
		if l.read == nil {
			l.read = make([]placed[incident.Entry], 0, len(l.known))
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

// loadGrids reads the grids that ended after an instant: of one probe, or of all if id is 0.
func (l *ledgers) loadGrids(ctx context.Context, q querier, after time.Time, id probe.ID) error {
	readRow := readDense()
	var read []placed[slo.Stretch]
	_, err := eachRow(ctx, q, gridsBehind, []any{after.UnixMilli(), id}, func(rows *sql.Rows) error {
		id, e, err := readRow(rows)
		if err != nil {
			return err
		}
		if place, ok := l.places.of(id); ok {
			if read == nil { // what one has, mostly all have, since an interval was changed
				read = make([]placed[slo.Stretch], 0, len(l.known))
			}
			read = append(read, placed[slo.Stretch]{place, e.Slots})
		}
		return nil
	})
	l.grids = spreadOut(len(l.known), read)
	return err
}

// loadDays reads the sums of days in [first, last). Probes are in the order of their ids,
// as the sums are; later unpacks them.
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
	ids := make([]probe.ID, len(l.known))
	for i := range l.known {
		ids[i] = l.known[i].ID
	}
	l.days, l.gaps, err = unpackTallyDays(days, ids)
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
