package main

import (
	"context"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// past reads for messages how a probe was, from the service's database, which is opened
// before the first message is sent.
type past struct{ *service }

// Results calls f for the results of a probe in a range.
func (p past) Results(ctx context.Context, name string, from, to time.Time, f func(*incident.Input) error) error {
	found, err := p.reader.Find(ctx, name)
	if err != nil {
		return err
	}
	return p.reader.Results(ctx, found.ID, from, to, f)
}

// Spent is how much of a time was bad.
func (p past) Spent(ctx context.Context, name string, after, until time.Time) (time.Duration, error) {
	found, err := p.reader.Find(ctx, name)
	if err != nil {
		return 0, err
	}
	ledger, err := p.reader.Ledger(ctx, found.ID, after, until)
	if err != nil {
		return 0, err
	}
	return ledger.Tally(after, until).Bad, nil
}

// Seen is what the latest run of a range saw that was not good.
func (p past) Seen(ctx context.Context, name string, from, to time.Time) ([]probe.Attempt, error) {
	found, err := p.reader.Find(ctx, name)
	if err != nil {
		return nil, err
	}
	sights, err := p.reader.Sights(ctx, found.ID, from, to, 1)
	if err != nil || len(sights) == 0 {
		return nil, err
	}
	return sights[0].Attempts, nil
}
