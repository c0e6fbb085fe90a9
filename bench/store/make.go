package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sonde/store"
)

const (
	madeBatch = 4000            // results in a commit of what is made: few commits, few waits for the disk
	lately    = 2 * time.Minute // at the end, whose commits are as small as the service's
)

// rarely is the share of slots that fail in the month that is made: a streak in 30 days.
const rarely = streakLength * float64(seldom) / float64(30*day)

// make fills a new database for a service to start with: probes p0, p1 and so on, as
// bench/pipeline calls them, days of which every probe asked every 6 hours, and behind
// them full rate that has not been compacted and ends now.
func (o *order) make(ctx context.Context, path string) (err error) {
	end := time.Now().UTC().Truncate(time.Second)
	rate := end.Add(-o.length)
	start := rate.Add(-time.Duration(o.month) * day)
	probes := make([]store.Probe, o.probes)
	for i := range probes {
		probes[i] = watched(fmt.Sprintf("p%d", i), seldom, 30*day)
	}
	c := newCrowd()
	w, err := history(ctx, path, start, c, probes)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.store.Close()) }()
	w.batchSize, w.checkpoint = madeBatch, seldom
	c.add(probes, start, rarely)
	if err := w.run(ctx, rate); err != nil {
		return err
	}
	if err := w.hasten(ctx, probes, rate, o.interval); err != nil {
		return err
	}
	perMinute := o.probes * int(time.Minute) / int(o.interval)
	w.batchSize = max(1, min(madeBatch, perMinute)) // what is cut by time must not come at once
	if err := w.fill(ctx, end.Add(-lately)); err != nil {
		return err
	}
	w.batchSize = rateBatch
	return w.fill(ctx, end)
}

// hasten has all probes ask at an interval from an instant on.
func (w *writer) hasten(ctx context.Context, probes []store.Probe, start time.Time, interval time.Duration) error {
	for i := range probes {
		probes[i].Subject.Interval, probes[i].Policy.Interval = interval, interval
	}
	if err := w.store.Revise(ctx, &store.Revision{At: start, Probes: probes, Memory: w.memory}); err != nil {
		return err
	}
	w.crowd = newCrowd()
	w.crowd.add(probes, start, failing)
	w.at, w.checkpointed, w.kept, w.cost = start, start, start, cost{}
	w.batchSize, w.checkpoint = rateBatch, time.Minute
	return nil
}

// compacted compacts a database, and returns how many results there were to compact.
func compacted(ctx context.Context, path string) (results int64, err error) {
	s, err := store.Open(ctx, path, "bench", "")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	done, err := s.Compact(ctx, time.Now())
	return done.Results, err
}
