package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sonde/store"
)

// make fills a new database for a service to start with: probes p0, p1 and so on, as
// bench/pipeline calls them, days of which every probe asked every 6 hours, and behind
// them full rate that has not been compacted and ends now.
func (o *order) make(ctx context.Context, path string) (err error) {
	rate := time.Now().UTC().Add(-o.length).Truncate(time.Second)
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
	c.add(probes, start, often)
	if err := w.run(ctx, rate); err != nil {
		return err
	}
	if err := w.hasten(ctx, probes, rate, o.interval); err != nil {
		return err
	}
	return w.fill(ctx, rate.Add(o.length))
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
