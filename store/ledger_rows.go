package store

import (
	"database/sql"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// Queries of stretches that overlap a window. A stretch of less than a day that reaches
// into the window ends within a day of it; the few longer ones have an index of their own.
const (
	ledgerWithin  = "SELECT " + denseEntry + ", first, last FROM ledger WHERE last > ? AND last <= ? AND first <= ?"
	ledgerBeyond  = "SELECT " + denseEntry + ", first, last FROM ledger INDEXED BY ledger_long WHERE last - first >= 86400000 AND last > ? AND first <= ?"
	ledgerOfProbe = "SELECT first, last, step, outcome, reason FROM ledger WHERE probe = ? AND last > ? AND first <= ?"
)

// gridsBehind finds the grids that ended after an instant: of one probe, or of all.
const gridsBehind = "SELECT " + denseGrid + ", first, last FROM grids WHERE last > ?1 AND (?2 = 0 OR probe = ?2)"

// denseEntry is the probe, the step in milliseconds, and the outcome by its place in
// [denseOutcomes], in one number: a look at everything reads tens of thousands of rows, and each
// column of one costs as much as finding it. The longest step, 30 days, has 32 bits.
const (
	denseEntry = denseGrid + " | CASE outcome WHEN 'bad' THEN 0 WHEN 'excluded' THEN 1 WHEN 'unknown' THEN 2 WHEN 'good' THEN 3 END"
	denseGrid  = "(probe << 34) | (step << 2)"
)

var denseOutcomes = [...]probe.Outcome{probe.Bad, probe.Excluded, probe.Unknown, probe.Good}

// readEntry reads a row of the ledger, with why it was not good.
func readEntry(rows *sql.Rows) (e incident.Entry, err error) {
	var first, last, step int64
	var outcome, reason string
	if err := rows.Scan(&first, &last, &step, &outcome, &reason); err != nil {
		return e, err
	}
	if err := e.Outcome.UnmarshalText([]byte(outcome)); err != nil {
		return e, err
	}
	e.Slots = stretch(first, last, step)
	return e, e.Reason.UnmarshalText([]byte(reason))
}

func stretch(first, last, step int64) slo.Stretch {
	return slo.Stretch{First: instant(first), Last: instant(last), Step: time.Duration(step) * time.Millisecond}
}
