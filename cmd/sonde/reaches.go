package main

import (
	"context"
	"time"

	"sonde/configs"
	"sonde/notify"
	"sonde/probe"
	"sonde/report"
	"sonde/store"
)

// audiences finds who hears of incidents. It is used by one command.
type audiences struct {
	quiet  func(destination string) time.Time
	routes map[probe.ID]notify.Routes // nil: they are not read yet
}

// newAudiences knows quiet hours only if there is a configuration.
func newAudiences(config *configs.Config, now time.Time) *audiences {
	if config == nil {
		return &audiences{}
	}
	return &audiences{quiet: func(name string) time.Time { return quietUntil(config, name, now) }}
}

// quietUntil is the end of the quiet hours of a destination; zero if there are none now.
func quietUntil(config *configs.Config, name string, now time.Time) time.Time {
	for i := range config.Destinations {
		if d := &config.Destinations[i]; d.Name == name {
			return d.Quiet.Until(now).UTC()
		}
	}
	return time.Time{}
}

// reaches says how far word of an incident has got.
func (a *audiences) reaches(ctx context.Context, reader *store.Reader, r *store.IncidentRecord, conversations []store.Conversation) ([]report.Reach, error) {
	if err := a.read(ctx, reader); err != nil {
		return nil, err
	}
	words, err := reader.Words(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	links := map[string]string{}
	for _, c := range conversations {
		links[c.Destination] = c.Link
	}
	return report.Reaches(r, report.Audience{Routed: a.routes[r.Probe].For(r.Kind), Words: words, Links: links, Quiet: a.quiet}), nil
}

// read reads which destinations hear of which probes.
func (a *audiences) read(ctx context.Context, reader *store.Reader) error {
	if a.routes != nil {
		return nil
	}
	probes, err := reader.Probes(ctx)
	if err != nil {
		return err
	}
	a.routes = make(map[probe.ID]notify.Routes, len(probes))
	for i := range probes {
		a.routes[probes[i].ID] = probes[i].Subject.Routes
	}
	return nil
}
