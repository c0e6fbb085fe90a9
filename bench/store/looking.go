package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sonde/store"
)

// looking measures what is read while results come in at full rate, a part of a quarter of
// an hour of them in the log: what everybody sees, and the past of one probe.
func (f *fleet) looking(ctx context.Context, t *table) (err error) {
	first, err := times(rounds, func() error { _, err := firstLook(ctx, f.path, f.w.at); return err })
	if err != nil {
		return err
	}
	t.add(fmt.Sprintf("reading %d states: first Snapshot of a fresh reader", len(f.probes)), "%.1f ms", ms(first))
	past, err := times(rounds, func() error { return f.history(ctx) })
	if err != nil {
		return err
	}
	t.add("one of them over 30d in steps of 6h, and its ledger and incidents: a fresh reader", "%.1f ms", ms(past))
	r, err := store.OpenReader(ctx, f.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if _, err := r.Snapshot(ctx, f.w.at); err != nil {
		return err
	}
	next, err := times(rounds, func() error { _, err := r.Snapshot(ctx, f.w.at); return err })
	t.add("next Snapshot of a reader that stays", "%.1f ms", ms(next))
	return err
}

// history reads what `sonde history` does of a probe.
func (f *fleet) history(ctx context.Context) (err error) {
	r, err := store.OpenReader(ctx, f.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	p, err := r.Find(ctx, f.probes[len(f.probes)/2].Name())
	if err != nil {
		return err
	}
	to := f.w.at.Truncate(time.Hour).Add(time.Hour)
	from := to.Add(-30 * day)
	if _, err := r.Summaries(ctx, p.ID, from, to, 6*time.Hour); err != nil {
		return err
	}
	if _, err := r.Ledger(ctx, p.ID, from, f.w.at); err != nil {
		return err
	}
	_, err = r.Incidents(ctx, p.ID, from, to, 0)
	return err
}
