package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"sonde/configs"
	"sonde/probe"
	"sonde/report"
	"sonde/store"
)

func newSLO() *cobra.Command {
	c := &cobra.Command{
		Use:   "slo [NAME...]",
		Short: "Show how the objectives stand, and what is left of their budgets",
		Long: `slo shows every objective: what was attained, how much of the time was seen, what is left of
the error budget, how fast it was spent over the last hour, six hours and three days, and
when it would be spent if it went on as in the last six hours. Of the probes that are
named it draws what was left in the course of the window.

It reads the database, beside a running service or without one. However the objectives
stand, it exits 0; sonde status exits 2 when a budget is spent.`,
		Example: `  sonde slo
  sonde slo checkout
  sonde slo --json`,
		RunE: objectives,
	}
	addJSON(c)
	return c
}

func objectives(c *cobra.Command, names []string) error {
	now := time.Now()
	return withReader(c, func(ctx context.Context, reader *store.Reader) error {
		snapshot, err := reader.Snapshot(ctx, now)
		if err != nil {
			return storageError(err)
		}
		status := report.NewStatus(snapshot, now)
		if err := known(status, names); err != nil {
			return err
		}
		all := report.Choose(status.Promises(), names)
		switch {
		case asJSON(c):
			return writeJSON(c.OutOrStdout(), all)
		case len(names) == 0 || len(all) == 0:
			return report.WritePromises(c.OutOrStdout(), all)
		}
		return charts(c, reader, status, all, now)
	})
}

// known refuses names that no probe has. That is a mistake in the usage.
func known(status *report.Status, names []string) error {
	var all []string
	for i := range status.Probes {
		all = append(all, status.Probes[i].Name)
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			if len(all) == 0 {
				return fmt.Errorf("no probe is called %q: the database has none yet", name)
			}
			return fmt.Errorf("no probe is called %q; %s", name, configs.Suggest(name, all))
		}
	}
	return nil
}

// charts shows promises one after another, each with a chart of its budget.
func charts(c *cobra.Command, reader *store.Reader, status *report.Status, all []report.Promise, now time.Time) error {
	ids := map[string]probe.ID{}
	for i := range status.Probes {
		ids[status.Probes[i].Name] = probe.ID(status.Probes[i].ID)
	}
	for i := range all {
		p := &all[i]
		after, until := p.Reach()
		ledger, err := reader.Ledger(c.Context(), ids[p.Name], after, until)
		if err != nil {
			return storageError(err)
		}
		if i > 0 {
			_, _ = fmt.Fprintln(c.OutOrStdout())
		}
		if err := p.WriteText(c.OutOrStdout(), report.NewBurndown(p, ledger, now)); err != nil {
			return err
		}
	}
	return nil
}
