package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"sonde/configs"
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
		Args: cobra.ArbitraryArgs,
		RunE: objectives,
	}
	addJSON(c)
	c.AddCommand(newSLOReport())
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
		titles, err := titlesOf(status, names)
		if err != nil {
			return err
		}
		all := report.Choose(status.Promises(), titles)
		switch {
		case asJSON(c):
			return writeJSON(c.OutOrStdout(), all)
		case len(names) == 0 || len(all) == 0:
			return report.WritePromises(c.OutOrStdout(), all)
		}
		for i := range all {
			if err := chart(c, reader, snapshot, &all[i], i > 0, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// titlesOf are the titles that names stand for: those of probes, and of groups, which may
// be written with "group:" or, where no probe is called so, without. A name that there is
// not is a mistake in the usage.
func titlesOf(status *report.Status, names []string) ([]string, error) {
	var all []string
	for i := range status.Probes {
		all = append(all, status.Probes[i].Name)
	}
	for i := range status.Groups {
		all = append(all, report.GroupName(status.Groups[i].Name))
	}
	titles := make([]string, len(names))
	for i, name := range names {
		switch group := report.GroupName(name); {
		case slices.Contains(all, name):
			titles[i] = name
		case slices.Contains(all, group):
			titles[i] = group
		case len(all) == 0:
			return nil, fmt.Errorf("no probe is called %q: the database has none yet", name)
		default:
			return nil, fmt.Errorf("no probe is called %q; %s", name, configs.Suggest(name, all))
		}
	}
	return titles, nil
}

// chart shows a promise with a chart of its budget.
func chart(c *cobra.Command, reader *store.Reader, snapshot *store.Snapshot, p *report.Promise, apart bool, now time.Time) error {
	var members []*store.Probe
	together := store.Together{}
	for i := range snapshot.Probes {
		if !p.Group && snapshot.Probes[i].Name() == p.Name {
			members = []*store.Probe{snapshot.Probes[i].Probe}
		}
	}
	for i := range snapshot.Groups {
		if g := &snapshot.Groups[i]; p.Group && g.Name == p.Name {
			together.Combine = g.Combine
			members = g.Members
		}
	}
	after, until := p.Reach()
	for _, member := range members {
		line, err := timeline(c.Context(), reader, member, p.Threshold(), after, until)
		if err != nil {
			return storageError(err)
		}
		together.Members = append(together.Members, line)
	}
	return draw(c, p, report.NewBurndown(p, &together, now), apart)
}

// timeline reads the time of a probe as its promises count it, and as it kept to a threshold of
// latency if there is one.
func timeline(ctx context.Context, reader *store.Reader, p *store.Probe, threshold time.Duration, after, until time.Time) (store.Timeline, error) {
	if threshold > 0 {
		latency, err := reader.Latency(ctx, p.ID, threshold, after, until)
		if err != nil {
			return nil, err
		}
		return latency.Promised(p.Policy), nil
	}
	ledger, err := reader.Ledger(ctx, p.ID, after, until)
	if err != nil {
		return nil, err
	}
	return ledger.Promised(p.Policy), nil
}

func draw(c *cobra.Command, p *report.Promise, chart *report.Burndown, apart bool) error {
	if apart {
		_, _ = fmt.Fprintln(c.OutOrStdout())
	}
	return p.WriteText(c.OutOrStdout(), chart)
}
