package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/store"
)

const (
	sparse  = time.Hour // interval of all but one
	between = 2 * day   // streaks of failures of a probe
)

// share is how many of the slots at an interval fail.
func share(interval time.Duration) float64 {
	return streakLength * float64(interval) / float64(between)
}

// measureMonths fills a database with months and asks what people ask. One of its probes
// asks as often as real ones do: it is the one that is asked about.
func (o *order) measureMonths(ctx context.Context, path string) (t *table, err error) {
	probes := []store.Probe{watched("close", o.interval, 90*day)}
	for _, name := range names(max(1, o.probes/10)) {
		probes = append(probes, watched(name, sparse, 90*day))
	}
	c := newCrowd()
	w, err := history(ctx, path, t0, c, probes)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.store.Close()) }()
	c.add(probes[:1], t0, share(o.interval))
	c.add(probes[1:], t0.Add(time.Second), share(sparse))
	progress("months: %d probes, %d days", len(probes), o.days)
	end := t0.Add(time.Duration(o.days) * day)
	if err := w.run(ctx, end); err != nil {
		return nil, err
	}
	// The service compacts every minute: what is asked next finds a quarter of an hour in the log.
	if err := w.commit(ctx, end.Add(time.Minute)); err != nil {
		return nil, err
	}
	if err := w.compaction(ctx); err != nil {
		return nil, err
	}
	progress("months: questions")
	t = &table{about: fmt.Sprintf("Asking: %d days of %d probes every %s and one every %s, a streak of failures in two days each; %d results, database of %.0f MB; medians of %d",
		o.days, len(probes)-1, short(sparse), short(o.interval), w.cost.results, megabytes(sizeOf(path)), rounds)}
	q := &questions{path: path, close: probes[0].ID, other: probes[1].ID, end: end, days: o.days, t: t}
	return t, q.ask(ctx)
}

// questions are what people ask of months.
type questions struct {
	path  string
	close probe.ID
	other probe.ID // one of the rest: streaks last longer there, so that incidents open
	end   time.Time
	days  int
	t     *table
}

func (q *questions) ask(ctx context.Context) (err error) {
	r, err := store.OpenReader(ctx, q.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for _, ask := range []func(context.Context, *store.Reader) error{q.summaries, q.results, q.objectives, q.incidents} {
		if err := ask(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (q *questions) summaries(ctx context.Context, r *store.Reader) error {
	from := q.end.Add(-time.Duration(min(30, q.days)) * day)
	for _, step := range []time.Duration{6 * time.Hour, day} {
		var results int64
		var windows int
		took, err := times(rounds, func() error {
			all, err := r.Summaries(ctx, q.close, from, q.end, step)
			results, windows = 0, len(all)
			for i := range all {
				results += all[i].Results()
			}
			return err
		})
		if err != nil {
			return err
		}
		q.t.add(fmt.Sprintf("one probe over %s in steps of %s", short(q.end.Sub(from)), short(step)), "%.2f ms (%d windows of %d results)", ms(took), windows, results)
	}
	return nil
}

func (q *questions) results(ctx context.Context, r *store.Reader) error {
	n := 0
	took, err := times(rounds, func() error {
		n = 0
		return r.Results(ctx, q.close, q.end.Add(-day), q.end, func(*incident.Input) error { n++; return nil })
	})
	q.t.add("results of one probe over 1d", "%.2f ms (%d results)", ms(took), n)
	return err
}

// objectives is what `sonde status` needs: everything, and how each promise stands.
func (q *questions) objectives(ctx context.Context, _ *store.Reader) error {
	var snapshot *store.Snapshot
	took, err := times(rounds, func() (err error) {
		snapshot, err = firstLook(ctx, q.path, q.end)
		return err
	})
	if err != nil {
		return err
	}
	tallies, err := times(rounds, func() error {
		for i := range snapshot.Probes {
			snapshot.Probes[i].Ledger.Tally(q.end.Add(-90*day), q.end)
		}
		return nil
	})
	q.t.add(fmt.Sprintf("objectives of %d probes over 90d", len(snapshot.Probes)), "%.0f ms (first Snapshot %.0f, all tallies %.1f)", ms(took+tallies), ms(took), ms(tallies))
	return err
}

func (q *questions) incidents(ctx context.Context, r *store.Reader) error {
	var found []store.IncidentRecord
	took, err := times(rounds, func() (err error) {
		found, err = r.Incidents(ctx, q.other, t0, q.end, 0)
		return err
	})
	if err != nil {
		return err
	}
	q.t.add(fmt.Sprintf("incidents of one probe over %dd", q.days), "%.2f ms (%d)", ms(took), len(found))
	took, err = times(rounds, func() (err error) {
		found, err = r.Incidents(ctx, 0, t0, q.end, 100)
		return err
	})
	q.t.add(fmt.Sprintf("the newest 100 incidents of all over %dd", q.days), "%.2f ms (%d)", ms(took), len(found))
	return err
}
