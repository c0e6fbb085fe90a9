package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sonde/configs"
	"sonde/incident"
	"sonde/report"
	"sonde/store"
)

func newHistory() *cobra.Command {
	c := &cobra.Command{
		Use:   "history NAME",
		Short: "Show how a probe was, or export its results",
		Long: `history shows how a probe was over a range: a row per step with availability, results and
latency, then totals, the stretches that were not good, and incidents. It reads the
database, beside a running service or without one, also for a probe that is not
configured any more.

--format exports the single results instead, one after another, with the columns
` + report.Columns() + `.`,
		Example: `  sonde history checkout --since 7d
  sonde history checkout --since 2026-11-01 --until 2026-11-08 --json
  sonde history checkout --since 30d --format csv > checkout.csv`,
		Args: cobra.ExactArgs(1),
		RunE: history,
	}
	c.Flags().String("since", "24h", "where the range begins: how long ago (36h, 30d), a day (2026-11-23) or a time of RFC 3339")
	c.Flags().String("until", "", "where the range ends, written alike (default: now)")
	c.Flags().String("format", "", "export single results: csv, json or ndjson")
	addJSON(c)
	c.MarkFlagsMutuallyExclusive("json", "format")
	return c
}

func history(c *cobra.Command, args []string) error {
	now := time.Now()
	from, to, err := rangeOf(c, now)
	if err != nil {
		return err
	}
	name, _ := c.Flags().GetString("format")
	var format report.Format
	if name != "" || c.Flags().Changed("format") {
		if format, err = report.ParseFormat(name); err != nil {
			return fmt.Errorf("--format: %w", err)
		}
	}
	return withReader(c, func(ctx context.Context, reader *store.Reader) error {
		p, err := find(ctx, reader, args[0])
		if err != nil {
			return err
		}
		if format != "" {
			return export(c, reader, p, from, to, format)
		}
		past, err := report.ReadPast(ctx, reader, p, from, to)
		if err != nil {
			return storageError(err)
		}
		h := report.NewHistory(past, now)
		if asJSON(c) {
			return writeJSON(c.OutOrStdout(), h)
		}
		return h.WriteText(c.OutOrStdout())
	})
}

// rangeOf is the range that the flags name. It ends now at the latest.
func rangeOf(c *cobra.Command, now time.Time) (from, to time.Time, err error) {
	if from, err = instantOf(c, "since", now); err != nil {
		return from, to, err
	}
	if to, err = instantOf(c, "until", now); err != nil {
		return from, to, err
	}
	if to.After(now) {
		to = now
	}
	if !from.Before(to) {
		return from, to, fmt.Errorf("the range begins at %s, which is not before its end at %s; choose an earlier --since or a later --until",
			from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339))
	}
	return from, to, nil
}

// instantOf is the moment that a flag names; now if it names none.
func instantOf(c *cobra.Command, flag string, now time.Time) (time.Time, error) {
	now = now.UTC().Truncate(time.Millisecond)
	s, _ := c.Flags().GetString(flag)
	if s == "" && !c.Flags().Changed(flag) {
		return now, nil
	}
	at, err := configs.ParseInstant(s, now)
	if err != nil {
		return at, fmt.Errorf("--%s: %w", flag, err)
	}
	return at, nil
}

// withReader calls f with the database that the flags or the configuration name.
func withReader(c *cobra.Command, f func(context.Context, *store.Reader) error) error {
	return withConfigured(c, func(ctx context.Context, reader *store.Reader, _ *configs.Config) error { return f(ctx, reader) })
}

// withConfigured is withReader for what needs the configuration, too, which is nil if the command was
// given a database instead.
func withConfigured(c *cobra.Command, f func(context.Context, *store.Reader, *configs.Config) error) error {
	path, config, err := databaseOf(c)
	if err != nil {
		return err
	}
	giveWay(c.Context())
	reader, err := store.OpenReader(c.Context(), path)
	if err != nil {
		return storageError(err)
	}
	return errors.Join(f(c.Context(), reader, config), reader.Close())
}

// find finds a probe by its name. A name that there is not is a mistake in the usage.
func find(ctx context.Context, reader *store.Reader, name string) (*store.Probe, error) {
	p, err := reader.Find(ctx, name)
	if unknown, ok := errors.AsType[*store.UnknownProbeError](err); ok {
		if len(unknown.Known) == 0 {
			return nil, fmt.Errorf("no probe is called %q: the database has none yet", name)
		}
		return nil, fmt.Errorf("no probe is called %q; %s", name, configs.Suggest(name, unknown.Known))
	}
	if err != nil {
		return nil, storageError(err)
	}
	return p, nil
}

func export(c *cobra.Command, reader *store.Reader, p *store.Probe, from, to time.Time, format report.Format) error {
	out := report.NewExport(c.OutOrStdout(), format)
	err := reader.Results(c.Context(), p.ID, from, to, func(in *incident.Input) error { return out.Add(in) })
	if err != nil {
		return storageError(err)
	}
	if err := out.Close(); err != nil {
		return &exit{exitStorage, err}
	}
	return nil
}
