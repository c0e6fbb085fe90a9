package main

import (
	"context"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/store"
)

// lateSource reads from the service's database, which is opened after the address is
// bound and before anybody is answered.
type lateSource struct{ *service }

// Snapshot returns how everything stands.
func (l lateSource) Snapshot(ctx context.Context, now time.Time) (*store.Snapshot, error) {
	return l.reader.Snapshot(ctx, now)
}

// Find finds a probe by its name.
func (l lateSource) Find(ctx context.Context, name string) (*store.Probe, error) {
	return l.reader.Find(ctx, name)
}

// Results calls f for the results of a probe in a range.
func (l lateSource) Results(ctx context.Context, id probe.ID, from, to time.Time, f func(*incident.Input) error) error {
	return l.reader.Results(ctx, id, from, to, f)
}

// Incidents lists incidents of a range.
func (l lateSource) Incidents(ctx context.Context, id probe.ID, from, to time.Time, limit int) ([]store.IncidentRecord, error) {
	return l.reader.Incidents(ctx, id, from, to, limit)
}

// Untold says since when the oldest critical message waits.
func (l lateSource) Untold(ctx context.Context, now time.Time) (time.Time, error) {
	return l.reader.Untold(ctx, now)
}
