package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"sonde/incident"
	"sonde/slo"
)

// readLedgers reads what it takes to know the time of every probe over each of the windows
// that are asked about, as far as that can be said without the states: sums of whole days,
// and the ledger where windows begin.
func (r *Reader) readLedgers(ctx context.Context, tx *sql.Tx, now time.Time) (*ledgers, error) {
	l := newLedgers(r.known, r.places)
	var err error
	if l.since, err = keptSince(ctx, tx); err != nil {
		return nil, err
	}
	starts := lookbacks(r.known, now)
	start := slices.MinFunc(starts, time.Time.Compare)
	given, err := commands(ctx, tx, start)
	if err != nil {
		return nil, err
	}
	today := dayOf(now.UnixMilli())
	if err := errors.Join(l.loadGrids(ctx, tx, start), l.loadDays(ctx, tx, dayOf(start.UnixMilli())+1, today)); err != nil {
		return nil, err
	}
	needed := []window{{now.Add(-day), forever}} // shorter windows lie in it
	for _, after := range starts {
		_, until := dayWindow(dayOf(after.UnixMilli()))
		needed = append(needed, window{after, until})
	}
	needed = append(needed, l.rest(incident.NewCalendar(given), start, now)...)
	again := repeat(tx)
	for _, w := range merged(needed) {
		if err := l.load(ctx, again, w); err != nil {
			return nil, err
		}
	}
	l.spread() // beside the states, which are still being stepped
	return l, nil
}

// fillLedgers reads the ledger of those days of which there is no sum.
func (r *Reader) fillLedgers(ctx context.Context, tx *sql.Tx, l *ledgers) error {
	var lack []window
	for i, lacks := range r.lacking(l) {
		if lacks {
			after, until := dayWindow(l.firstDay + int64(i))
			lack = append(lack, window{after, until})
		}
	}
	return l.more(ctx, tx, append(lack, r.starts(l)...))
}

// starts are the days on which promises begin to count in the middle.
func (r *Reader) starts(l *ledgers) (all []window) {
	for i := range r.known {
		p := &r.known[i]
		if start := r.stateAt(i).Account.Start; p.RetiredAt.IsZero() && p.Policy.StartOnSuccess && start != 0 && dayOf(start) >= l.firstDay-1 && dayOf(start) <= l.lastDay {
			after, until := dayWindow(dayOf(start))
			all = append(all, window{after, until})
		}
	}
	return all
}

// lacking says of which days any configured probe may have slots and has no sum.
func (r *Reader) lacking(l *ledgers) []bool {
	lacking := make([]bool, max(0, l.lastDay-l.firstDay))
	if len(l.gaps) == 0 {
		return lacking
	}
	for i := range r.known {
		p := &r.known[i]
		if !p.RetiredAt.IsZero() {
			continue
		}
		from, to := l.daysWithSlots(i, &r.stateAt(i).Account)
		for _, d := range l.gaps {
			lacking[d] = lacking[d] || from <= l.firstDay+d && l.firstDay+d <= to && l.days.at(int(d), i) == noTally
		}
	}
	return lacking
}

// promisedAs reports whether the promises of a probe are the very ones of another, as most that
// were read together share them. If they are not, they may yet say the same.
func (p *Probe) promisedAs(other *Probe) bool {
	return sameList(p.Objectives, other.Objectives) && sameList(p.Pledge.Objectives, other.Pledge.Objectives)
}

// sameList reports whether two lists lie in the same memory.
func sameList[T any](a, b []T) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

// lookbacks are where the windows begin that people ask about, each once: a day, three,
// a week, 30 days, and those of all objectives. Windows of less than a day need not be named.
func lookbacks(known []Probe, now time.Time) []time.Time {
	windows := []slo.Window{slo.Rolling(day), slo.Rolling(3 * day), slo.Rolling(7 * day), slo.Rolling(30 * day)}
	for i := range known {
		if i > 0 && known[i].promisedAs(&known[i-1]) {
			continue
		}
		for _, objectives := range [...][]slo.Objective{known[i].Objectives, known[i].Pledge.Objectives} {
			for _, o := range objectives {
				if !slices.Contains(windows, o.Window) {
					windows = append(windows, o.Window)
				}
			}
		}
	}
	starts := make([]time.Time, len(windows))
	for i, w := range windows {
		starts[i] = w.Span(now).After
	}
	return starts
}
