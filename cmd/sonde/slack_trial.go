package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"sonde/configs"
	"sonde/notify/slack"
)

func newSlackTest() *cobra.Command {
	c := &cobra.Command{
		Use:   "test NAME",
		Short: "Send a test message to Slack, and say which scope or setting is missing",
		Long: `test tries a destination the way that it is used: whose the token is and which scopes it lacks
for what, whether the channel is there, whether Socket Mode greets (with app_token). Then it posts a
message, edits it, answers it in its thread, and deletes all of it. A message to a webhook stays. Whatever is wrong is
said with how to mend it. sonde test does the same for a destination in Slack, and sends a test message
to those of other kinds. It reads the file alone; only the secrets of that destination are resolved.

It exits 0 if all is well, and 1 if something is wrong.`,
		Example: `  sonde slack test ops
  sonde slack test ops --json | jq '.findings[] | select(.ok | not)'`,
		Args: cobra.ExactArgs(1),
		RunE: slackTest,
	}
	addJSON(c)
	return c
}

// found is what was found out, for scripts.
type found struct {
	What    string `json:"what"`
	OK      bool   `json:"ok"`
	Warning bool   `json:"warning,omitempty"`
	Said    string `json:"said"`
	WayOut  string `json:"way_out,omitempty"`
}

func slackTest(c *cobra.Command, args []string) error {
	config, err := loadConfigWith(c, configs.Options{Secrets: true, Destination: args[0]})
	if err != nil {
		return err
	}
	d, err := slackPlace(config, args[0])
	if err != nil {
		return err
	}
	findings := []found{}
	well := slack.Try(c.Context(), slackConfig(d, config), func(f slack.Finding) {
		findings = append(findings, found{f.What, f.OK, f.Warning, f.Said, f.WayOut})
		if !asJSON(c) {
			c.Print(lineOf(f))
		}
	})
	if asJSON(c) {
		if err := writeJSON(c.OutOrStdout(), map[string]any{"destination": d.Name, "ok": well, "findings": findings}); err != nil {
			return err
		}
	}
	if !well {
		return exitWith(exitProblems)
	}
	return nil
}

// slackPlace finds a destination in Slack.
func slackPlace(config *configs.Config, name string) (*configs.Destination, error) {
	var names []string
	for i := range config.Destinations {
		d := &config.Destinations[i]
		if d.Slack != nil {
			names = append(names, d.Name)
		}
		switch {
		case d.Name == name && d.Slack != nil:
			return d, nil
		case d.Name == name:
			return nil, fmt.Errorf("the destination %q is not in Slack", name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no destination in Slack is called %q: the configuration has none; sonde slack manifest helps to make one", name)
	}
	return nil, fmt.Errorf("no destination in Slack is called %q; %s", name, configs.Suggest(name, names))
}

// lineOf is what was found out as people read it.
func lineOf(f slack.Finding) string {
	mark := "ok   "
	switch {
	case !f.OK:
		mark = "WRONG"
	case f.Warning:
		mark = "note "
	}
	line := fmt.Sprintf("%s  %-8s  %s\n", mark, f.What, f.Said)
	if f.WayOut != "" {
		line += strings.Repeat(" ", len("WRONG")+2+8+2) + "-> " + f.WayOut + "\n"
	}
	return line
}

func newSlackManifest() *cobra.Command {
	return &cobra.Command{
		Use:   "manifest",
		Short: "Print the manifest of the Slack app that sonde needs",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := c.OutOrStdout().Write(configs.SlackManifest)
			return err
		},
	}
}
