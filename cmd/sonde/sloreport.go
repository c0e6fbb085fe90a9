package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sonde/report"
	"sonde/store"
)

func newSLOReport() *cobra.Command {
	c := &cobra.Command{
		Use:   "report --month 2026-11",
		Short: "Say what became of the objectives in a month",
		Long: `report says for every probe and group what was promised and attained in a month, how much of
the time was seen, what was spent of the budget, how many incidents opened, and the mean
times until they were found (MTTD), acknowledged (MTTA) and over (MTTR).`,
		Example: `  sonde slo report --month 2026-11
  sonde slo report --month 2026-11 --zone Europe/Berlin --format html > november.html`,
		Args: cobra.NoArgs,
		RunE: monthReport,
	}
	c.Flags().String("month", "", "the month, such as 2026-11")
	c.Flags().String("zone", "UTC", "the zone whose midnight begins it, such as Europe/Berlin")
	c.Flags().String("format", "text", "text, csv, json or html")
	_ = c.MarkFlagRequired("month")
	return c
}

func monthReport(c *cobra.Command, _ []string) error {
	now := time.Now()
	name, _ := c.Flags().GetString("month")
	zone, _ := c.Flags().GetString("zone")
	format, _ := c.Flags().GetString("format")
	span, err := report.ParseMonth(name, zone)
	switch {
	case err != nil:
		return err
	case !span.Begin().Before(now):
		return fmt.Errorf("--month: %s has not begun yet", name)
	case !report.IsMonthFormat(format):
		return fmt.Errorf("--format: %q is no format; use text, csv, json or html", format)
	}
	return withReader(c, func(ctx context.Context, reader *store.Reader) error {
		month, err := report.ReadMonth(ctx, reader, span, now)
		if err != nil {
			return storageError(err)
		}
		month.Month, month.Zone = name, zone
		return month.Write(c.OutOrStdout(), format)
	})
}
