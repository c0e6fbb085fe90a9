package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sonde/incident"
	"sonde/store"
)

// looking measures what is read while results come in at full rate, a part of a quarter of
// an hour of them in the log: what everybody sees, and the past of one probe.
func (f *fleet) looking(ctx context.Context, t *table) (err error) {
	first := fmt.Sprintf("reading %d states: first Snapshot of a fresh reader", len(f.probes))
	if err := f.firstLooks(ctx, t, first); err != nil {
		return err
	}
	alone, cpu, err := lookAlone(ctx, f.path, f.w.at)
	if err != nil {
		return err
	}
	t.add("the same by a process of its own, as commands do", "%s; %.1f CPU-ms", spread(alone), ms(quantile(cpu, 0.5)))
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
	next, err := timesOf(rounds, func() error { _, err := r.Snapshot(ctx, f.w.at); return err })
	if err != nil {
		return err
	}
	t.add("next Snapshot of a reader that stays", "%s", spread(next))
	return f.recalling(ctx, r, t)
}

// firstLooks measures a first look with the log behind the checkpoint that there happens to be,
// and again as soon as there is another checkpoint.
func (f *fleet) firstLooks(ctx context.Context, t *table, what string) error {
	for _, state := range []string{"", ", right behind a checkpoint"} {
		if state != "" {
			f.w.checkpointed = time.Time{}
			if err := f.w.commit(ctx, f.w.at.Add(time.Second)); err != nil {
				return err
			}
		}
		took, err := timesOf(rounds, func() error { _, err := firstLook(ctx, f.path, f.w.at); return err })
		if err != nil {
			return err
		}
		t.add(what+state, "%s (%s of results to be replayed)", spread(took), short(f.w.at.Sub(f.w.checkpointed).Round(time.Second)))
	}
	return nil
}

// recalling measures what a message takes to say how a probe was before: the results of a day,
// and the latest ones, by a reader that stays.
func (f *fleet) recalling(ctx context.Context, r *store.Reader, t *table) error {
	results := 0
	ask := func(long time.Duration) func() error {
		return func() error {
			results = 0
			return r.Results(ctx, f.probes[len(f.probes)/3].ID, f.w.at.Add(-long), f.w.at, func(*incident.Input) error { results++; return nil })
		}
	}
	first, err := times(1, ask(day))
	if err != nil {
		return err
	}
	again, err := times(rounds, ask(day))
	if err != nil {
		return err
	}
	t.add("results of one of them over 1d, for a message: the first time; again", "%.1f; %.1f ms (%d results)", ms(first), ms(again), results)
	latest, err := times(rounds, ask(24*f.interval))
	t.add(fmt.Sprintf("its results over %s", short(24*f.interval)), "%.1f ms (%d results)", ms(latest), results)
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
