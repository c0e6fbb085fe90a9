package main

import (
	"errors"

	"github.com/spf13/cobra"

	"sonde/probe"
	"sonde/report"
)

func newExplain() *cobra.Command {
	c := &cobra.Command{
		Use:   "explain CODE|REASON",
		Short: "Say what a status code or a reason means, and what to check next",
		Example: `  sonde explain 503
  sonde explain tls_expired
  sonde explain --all --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: explain,
	}
	c.Flags().Bool("all", false, "every code and every reason")
	addJSON(c)
	return c
}

func explain(c *cobra.Command, args []string) error {
	all, _ := c.Flags().GetBool("all")
	if all == (len(args) == 1) {
		return errors.New("name one status code or reason, or give --all")
	}
	if all {
		return explainAll(c)
	}
	entry, err := probe.Explain(args[0])
	if err != nil {
		return err
	}
	if asJSON(c) {
		return writeJSON(c.OutOrStdout(), report.NewExplanation(entry))
	}
	return report.NewExplanation(entry).WriteText(c.OutOrStdout())
}

func explainAll(c *cobra.Command) error {
	entries := []report.Explanation{}
	for _, e := range probe.Explanations() {
		entries = append(entries, report.NewExplanation(e))
	}
	if asJSON(c) {
		return writeJSON(c.OutOrStdout(), entries)
	}
	for i, e := range entries {
		if i > 0 {
			c.Println()
		}
		if err := e.WriteText(c.OutOrStdout()); err != nil {
			return err
		}
	}
	return nil
}
