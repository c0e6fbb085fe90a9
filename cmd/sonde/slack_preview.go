package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sonde/notify/slack"
	"sonde/probe"
)

func newSlackPreview() *cobra.Command {
	c := &cobra.Command{
		Use:   "preview [KIND]",
		Short: "Show every message that there is, of made-up incidents",
		Long: `Show every message that there is, of made-up incidents: as people read it, with what stands
beside the coloured bar behind a |, and what those who follow the thread read. Nothing is sent.

KIND is a kind of incident, such as down or auth_failed, or notice. With --json, "message" is
what Slack is sent; it can be pasted into Slack's Block Kit Builder.`,
		Example: `  sonde slack preview
  sonde slack preview auth_failed --language ko
  sonde slack preview down --json | jq '.[0].message'`,
		Args: cobra.MaximumNArgs(1),
		RunE: slackPreview,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return slack.GalleryKinds(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	c.Flags().String("language", probe.English.String(), "language: en or ko")
	c.Flags().String("style", "bar", "details beside a bar or as blocks: bar or blocks")
	_ = c.RegisterFlagCompletionFunc("language", cobra.FixedCompletions(languageNames(), cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("style", cobra.FixedCompletions([]string{"bar", "blocks"}, cobra.ShellCompDirectiveNoFileComp))
	addJSON(c)
	return c
}

func slackPreview(c *cobra.Command, args []string) error {
	view, err := viewOf(c, args)
	if err != nil {
		return err
	}
	specimens := slack.Gallery(view)
	if asJSON(c) {
		all := make([]map[string]any, 0, len(specimens))
		for _, s := range specimens {
			one := map[string]any{"kind": s.Kind, "change": s.Change, "text": s.Text, "message": s.Kit}
			if s.Line != nil {
				one["in_thread"] = s.Line
			}
			all = append(all, one)
		}
		return writeJSON(c.OutOrStdout(), all)
	}
	for _, s := range specimens {
		if _, err := fmt.Fprintf(c.OutOrStdout(), "== %s, %s\n%s\n\n%s\n", s.Kind, s.Change, s.Text, s.Shown); err != nil {
			return err
		}
	}
	return nil
}

// viewOf is what the command line asks to see.
func viewOf(c *cobra.Command, args []string) (v slack.View, err error) {
	name, _ := c.Flags().GetString("language")
	if v.Language, err = probe.ParseLanguage(name); err != nil {
		return v, fmt.Errorf("--language: %w", err)
	}
	switch style, _ := c.Flags().GetString("style"); style {
	case "bar":
	case "blocks":
		v.Style = slack.StyleBlocks
	default:
		return v, fmt.Errorf("--style: %.40q is no style; use bar or blocks", style)
	}
	if len(args) == 0 {
		return v, nil
	}
	if v.Kind = args[0]; !slices.Contains(slack.GalleryKinds(), v.Kind) {
		return v, fmt.Errorf("%.40q is no kind of message; use one of %s", v.Kind, strings.Join(slack.GalleryKinds(), ", "))
	}
	return v, nil
}
