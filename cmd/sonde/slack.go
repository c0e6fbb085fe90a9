package main

import "github.com/spf13/cobra"

func newSlack() *cobra.Command {
	c := &cobra.Command{
		Use:   "slack",
		Short: "Set Slack up, and see what messages to it look like",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newSlackPreview(), newSlackTest(), newSlackManifest())
	return c
}
