package store

import (
	"context"
	"database/sql"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// Ledger is the time of one probe: its grids of slots, and those slots that were not
// good.
type Ledger struct {
	grids   []slo.Stretch
	entries []incident.Entry
	account *incident.Account // the grid and the stretch that go on
}

// Tally sums up the slots in (after, until]: all that the grids had, less those in the
// ledger, were good. It is exact to the slot. When until is now, slots that should
// have been accounted for by now are unknown.
func (l *Ledger) Tally(after, until time.Time) slo.Tally {
	var t slo.Tally
	add := func(e incident.Entry) {
		w := e.Slots.Within(after, until)
		t.Good -= w
		switch e.Outcome {
		case probe.Bad:
			t.Bad += w
		case probe.Excluded:
			t.Excluded += w
		case probe.Good:
			t.Good += w
		default:
			t.Unknown += w
		}
	}
	for _, grid := range l.grids {
		t.Good += grid.Within(after, until)
	}
	t.Good += l.account.Grid.Within(after, until)
	for _, e := range l.entries {
		add(e)
	}
	add(l.account.Run)
	t.Unknown += overdue(l.account, until).Within(after, until)
	return t
}

// overdue is the slots after the latest accounted one that should have been accounted
// for by now.
func overdue(a *incident.Account, now time.Time) slo.Stretch {
	late := a.Overdue(now)
	if late == 0 {
		return slo.Stretch{}
	}
	return slo.Stretch{First: a.Grid.Last.Add(a.Grid.Step), Last: a.Grid.Last.Add(late), Step: a.Grid.Step}
}

const ledgerSince = "SELECT probe, first, last, step, outcome, reason FROM ledger WHERE last > ?"

func readLedgers(ctx context.Context, tx *sql.Tx, since time.Time) (map[probe.ID]Ledger, error) {
	ledgers := map[probe.ID]Ledger{}
	if err := readGrids(ctx, tx, since, ledgers); err != nil {
		return nil, err
	}
	rows, err := tx.QueryContext(ctx, ledgerSince, since.UnixMilli())
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id probe.ID
		var first, last, step int64
		var outcome, reason string
		if err := rows.Scan(&id, &first, &last, &step, &outcome, &reason); err != nil {
			return nil, err
		}
		e := incident.Entry{Slots: stretch(first, last, step)}
		if err := e.Outcome.UnmarshalText([]byte(outcome)); err != nil {
			return nil, err
		}
		if err := e.Reason.UnmarshalText([]byte(reason)); err != nil {
			return nil, err
		}
		l := ledgers[id]
		l.entries = append(l.entries, e)
		ledgers[id] = l
	}
	return ledgers, rows.Err()
}

func readGrids(ctx context.Context, tx *sql.Tx, since time.Time, ledgers map[probe.ID]Ledger) error {
	rows, err := tx.QueryContext(ctx, "SELECT probe, first, last, step FROM grids WHERE last > ?", since.UnixMilli())
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id probe.ID
		var first, last, step int64
		if err := rows.Scan(&id, &first, &last, &step); err != nil {
			return err
		}
		l := ledgers[id]
		l.grids = append(l.grids, stretch(first, last, step))
		ledgers[id] = l
	}
	return rows.Err()
}

func stretch(first, last, step int64) slo.Stretch {
	return slo.Stretch{First: instant(first), Last: instant(last), Step: time.Duration(step) * time.Millisecond}
}
