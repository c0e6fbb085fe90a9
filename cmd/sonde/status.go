package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"sonde/report"
	"sonde/store"
)

func newStatus() *cobra.Command {
	c := &cobra.Command{
		Use:   "status",
		Short: "Show how everything is",
		Long: `status shows how everything is, from the database: beside a running service, after it
stopped, or as another user with read permission.

It exits 0 when all is good, 1 on a warning (degraded, budget at risk), 2 when something
is critical (down, authentication failing, budget spent), and 3 when that is unknown.`,
		Args:        cobra.NoArgs,
		Annotations: forMonitoring(),
		RunE: func(c *cobra.Command, _ []string) error {
			status, err := readStatus(c)
			if err != nil {
				return err
			}
			if asJSON(c) {
				err = writeJSON(c.OutOrStdout(), status)
			} else {
				err = status.WriteText(c.OutOrStdout(), palette(c.OutOrStdout()))
			}
			if err != nil {
				return err
			}
			return exitWith(status.ExitCode())
		},
	}
	addJSON(c)
	return c
}

// exitWith is the error that makes the program exit with a code, and says nothing.
func exitWith(code int) error {
	if code == exitOK {
		return nil
	}
	return &exit{code, errSaid}
}

func readStatus(c *cobra.Command) (*report.Status, error) {
	path, _ := c.Flags().GetString("db")
	if path == "" {
		config, err := loadConfig(c, false)
		if err != nil {
			return nil, err
		}
		path = config.Database
	}
	return statusOf(c.Context(), path, time.Now())
}

// statusOf reads the status from a database.
func statusOf(ctx context.Context, path string, now time.Time) (*report.Status, error) {
	giveWay(ctx)
	reader, err := store.OpenReader(ctx, path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = reader.Close() }()
	snapshot, err := reader.Snapshot(ctx, now)
	if err != nil {
		return nil, err
	}
	return report.NewStatus(snapshot, now), nil
}
