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
	sheaf   *sheaf             // of the ledger, once windows of all are read
	loose   []placedStretch    // of all, each once, though it may reach into several windows
	grids   [][]slo.Stretch    // by place
	entries [][]incident.Entry // by place, once all are read

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
	l.entries = spreadOut(len(l.known), l.loose, (*looseStretch).entry)
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

// loadOne reads the entries of the only probe there is, of one window, with why they were not good.
func (l *ledgers) loadOne(ctx context.Context, q querier, w window) error {
	var entries []incident.Entry
	_, err := eachRow(ctx, q, ledgerOfProbe, []any{l.known[0].ID, w.after.UnixMilli(), w.until.UnixMilli()}, func(rows *sql.Rows) error {
		e, err := readEntry(rows)
		entries = append(entries, e)
		return err
	})
	l.windows, l.entries = []window{w}, [][]incident.Entry{entries}
	return err
}

// load reads the entries of a window, which touches none that was read before. They do not say why
// they were not good: nobody asks for that of all probes.
func (l *ledgers) load(ctx context.Context, q querier, w window) (err error) {
	if l.sheaf == nil {
		if l.sheaf, err = ledgerTable.open(ctx, q); err != nil {
			return err
		}
	}
	after, until := w.after.UnixMilli(), w.until.UnixMilli()
	late := until + day.Milliseconds()
	within := func(r looseStretch) {
		if r.last > after && r.last <= late && r.first <= until {
			l.add(r)
		}
	}
	have := len(l.loose)
	packed, err := l.sheaf.each(ctx, q, after, late, within)
	if err == nil && !packed {
		l.loose = l.loose[:have]
		err = eachLoose(ctx, q, ledgerWithin, []any{after, late, until}, within)
	}
	err = errors.Join(err, eachLoose(ctx, q, ledgerBeyond, []any{late, until}, l.add))
	l.windows, l.entries = append(l.windows, w), nil
	return err
}

// add has a probe have a stretch, unless it was read before.
func (l *ledgers) add(r looseStretch) {
	if !l.has(r) {
		l.loose = l.place(l.loose, r)
	}
}

// place appends a stretch to those of all, if its probe is one of them.
func (l *ledgers) place(all []placedStretch, r looseStretch) []placedStretch {
	place, ok := l.places.of(r.probe())
	if !ok {
		return all
	}
	if all == nil { // what one has, mostly all have, as a grid since an interval was changed
		all = make([]placedStretch, 0, len(l.known))
	}
	return append(all, placedStretch{r, int32(place)})
}

// more reads the entries of windows, of all probes, as far as they were not read before.
func (l *ledgers) more(ctx context.Context, q querier, windows []window) error {
	have := merged(slices.Clone(l.windows))
	for _, w := range merged(windows) {
		for _, piece := range w.without(have) {
			if err := l.load(ctx, q, piece); err != nil {
				return err
			}
		}
	}
	return nil
}

// has reports whether a stretch reaches into a window that was read before.
func (l *ledgers) has(r looseStretch) bool {
	for _, w := range l.windows {
		if r.last > w.after.UnixMilli() && r.first <= w.until.UnixMilli() {
			return true
		}
	}
	return false
}

// loadGrids reads the grids that ended after an instant. The only probe there is has its own looked up.
func (l *ledgers) loadGrids(ctx context.Context, q querier, after time.Time) error {
	ms := after.UnixMilli()
	var read []placedStretch
	add := func(r looseStretch) {
		if r.last > ms {
			read = l.place(read, r)
		}
	}
	var lone probe.ID
	packed, err := false, error(nil)
	if len(l.known) == 1 {
		lone = l.known[0].ID
	} else {
		packed, err = gridTable.each(ctx, q, ms, add)
	}
	if err == nil && !packed {
		read = read[:0]
		err = eachLoose(ctx, q, gridsBehind, []any{ms, lone}, add)
	}
	l.grids = spreadOut(len(l.known), read, (*looseStretch).slots)
	return err
}

// loadDays reads the sums of days in [first, last). Probes are in the order of their ids,
// as the sums are.
func (l *ledgers) loadDays(ctx context.Context, q querier, first, last int64) error {
	l.firstDay, l.lastDay = first, last
	days := newTallyUnpacker(int(max(0, last-first)), l.known)
	_, err := eachRow(ctx, q, "SELECT day, packed FROM tallies WHERE day >= ? AND day < ?", []any{first, last}, func(rows *sql.Rows) error {
		var d int64
		var packed sql.RawBytes
		if err := rows.Scan(&d, &packed); err != nil {
			return err
		}
		days.unpack(int(d-first), packed)
		return nil
	})
	l.days, l.gaps = days.days, days.gaps()
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
