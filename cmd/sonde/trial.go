package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"sonde/configs"
	"sonde/notify/slack"
)

func newTest() *cobra.Command {
	c := &cobra.Command{
		Use:   "test NAME",
		Short: "Send a test message to a destination, and say what is wrong with it",
		Long: `test sends a message to a destination that says that it is a test: by mail to all its recipients, to a webhook
as an event named test. What the other side says against it is said. For a destination in Slack it is another name of
sonde slack test, which also looks at the token, its scopes, the channel and Socket Mode. It reads the file alone; only the secrets of that destination are resolved.

It exits 0 if the message was taken, and 1 if not.`,
		Example: "  sonde test people\n  sonde test gateway --json",
		Args:    cobra.ExactArgs(1),
		RunE:    test,
	}
	addJSON(c)
	return c
}

// tried is a sender that can be tried.
type tried interface {
	Test(ctx context.Context, location string, now time.Time) error
}

func test(c *cobra.Command, args []string) error {
	config, err := loadConfigWith(c, configs.Options{Secrets: true, Destination: args[0]})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(config.Destinations, func(d configs.Destination) bool { return d.Name == args[0] })
	if i < 0 {
		var names []string
		for i := range config.Destinations {
			names = append(names, config.Destinations[i].Name)
		}
		return fmt.Errorf("no destination is called %q; %s", args[0], configs.Suggest(args[0], names))
	}
	d := &config.Destinations[i]
	if d.Slack != nil {
		return slackTest(c, args)
	}
	sender, err := newSender(d, config, nil, newLogger(c.ErrOrStderr()))
	if err != nil {
		return err
	}
	return try(c, d.Name, config.Location, sender.(tried))
}

// try sends a test message, and says what became of it.
func try(c *cobra.Command, name, location string, sender tried) error {
	host, _ := os.Hostname()
	f := slack.Finding{What: "delivery", OK: true, Said: "the test message was taken"}
	if err := sender.Test(c.Context(), cmp.Or(location, host, "here"), time.Now()); err != nil {
		f.OK, f.Said = false, err.Error()
	}
	if !asJSON(c) {
		c.Print(lineOf(f))
	} else if err := writeJSON(c.OutOrStdout(), map[string]any{
		"destination": name, "ok": f.OK, "findings": []found{{f.What, f.OK, f.Warning, f.Said, f.WayOut}},
	}); err != nil {
		return err
	}
	if !f.OK {
		return exitWith(exitProblems)
	}
	return nil
}
