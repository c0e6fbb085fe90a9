package main

import (
	"context"
	"errors"
	"time"

	"sonde/store"
)

// pace is how often the service makes history, of how much of the log at a time, and
// how often it looks whether a backup is due. Most looks find nothing to do.
type pace struct{ every, span, backup time.Duration }

// usualPace is that of every service but those of tests, which name another in the
// context: a service that is killed every other second would never come to it.
//
// Backups are looked after that often because the service may have been restarted since
// the last one, and one that failed is tried again.
var usualPace = pace{every: time.Minute, span: 15 * time.Minute, backup: 5 * time.Minute}

type paceKey struct{}

func paceOf(ctx context.Context) pace {
	if p, ok := ctx.Value(paceKey{}).(pace); ok {
		return p
	}
	return usualPace
}

// compact turns what is old enough of the log into history, and forgets what is too old.
func (s *service) compact(ctx context.Context) {
	now := s.clock.Now()
	report, err := s.store.Compact(ctx, now)
	for _, seq := range report.Damaged {
		s.log.Error("segment of the log damaged, its results are lost to the history", "segment", seq)
	}
	if report.Spans > 0 {
		defer returnMemory()
	}
	if err == nil && (report.Spans > 0 || s.forgetAt.IsZero()) && !now.Before(s.forgetAt) {
		s.forgetAt = now.Add(tidyEvery)
		err = s.forget(ctx, now)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		s.log.Error("history not compacted, will be tried again", "err", err)
	}
}

// forget deletes what is older than the configuration says.
func (s *service) forget(ctx context.Context, now time.Time) error {
	return s.store.Forget(ctx, now, store.Retention{Results: s.history.Results, Rollups: s.history.Rollups})
}

// makeRoom is what is done when the disk is full.
func (s *service) makeRoom(ctx context.Context, now time.Time) error {
	return errors.Join(s.forget(ctx, now), s.store.Tidy(ctx, now))
}

// tidy writes the log back into the database, which forgets what nobody asks for any more.
func (s *service) tidy(ctx context.Context) {
	if err := s.store.Tidy(ctx, time.Now()); err != nil {
		s.log.Error("database not tidied", "err", err)
	}
}
