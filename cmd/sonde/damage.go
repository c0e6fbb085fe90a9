package main

import (
	"context"
	"errors"
	"slices"

	"sonde/configs"
	"sonde/store"
)

// announceLoss tells people, once, that the database was damaged or gone.
func (s *service) announceLoss(ctx context.Context, config *configs.Config, location string) error {
	lost, err := s.store.Lost(ctx)
	if err != nil || lost == nil {
		return err
	}
	s.log.Error("history lost", "err", lost.Why, "aside", lost.Aside, "probes", lost.Probes, "incidents", lost.Incidents)
	return s.store.Announce(ctx, lost, defaultDestinations(config), location)
}

// defaultDestinations are those that hear of a probe whatever happens to it, each once.
func defaultDestinations(config *configs.Config) []string {
	var names []string
	for i := range config.Probes {
		for _, name := range config.Probes[i].Notify.Default {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// watchDatabase looks for damage in a database that was too large to be checked at the
// start. The context ends when there is any. settled waits for the end of the look, and
// returns the damage; nil if there is none.
func (s *service) watchDatabase(ctx context.Context) (watched context.Context, settled func() error) {
	watched, stop := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if !s.store.Unchecked() {
			return
		}
		err := s.store.Check(watched)
		switch _, damaged := errors.AsType[*store.DamagedError](err); {
		case damaged:
			stop(err)
		case err != nil && watched.Err() == nil:
			s.log.Error("database not checked", "err", err)
		}
	}()
	return watched, func() error {
		stop(nil)
		<-ended
		if damage, ok := errors.AsType[*store.DamagedError](context.Cause(watched)); ok {
			return damage
		}
		return nil
	}
}
