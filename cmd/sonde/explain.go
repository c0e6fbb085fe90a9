package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"sonde/probe"
	"sonde/report"
)

func newExplain() *cobra.Command {
	c := &cobra.Command{
		Use:   "explain CODE|REASON",
		Short: "Say what a status code or a reason means, and what to check next",
		Example: `  sonde explain 503
  sonde explain tls_expired --lang ko
  sonde explain --all --json`,
		Args:              cobra.MaximumNArgs(1),
		RunE:              explain,
		ValidArgsFunction: completeEntries,
	}
	c.Flags().Bool("all", false, "every code and every reason")
	c.Flags().String("lang", probe.English.String(), "language: en or ko")
	_ = c.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions(languageNames(), cobra.ShellCompDirectiveNoFileComp))
	addJSON(c)
	return c
}

func explain(c *cobra.Command, args []string) error {
	all, _ := c.Flags().GetBool("all")
	if all == (len(args) == 1) {
		return errors.New("name one status code or reason, or give --all")
	}
	name, _ := c.Flags().GetString("lang")
	language, err := probe.ParseLanguage(name)
	if err != nil {
		return fmt.Errorf("--lang: %w", err)
	}
	if all {
		return explainAll(c, language)
	}
	entry, err := probe.ExplainIn(language, args[0])
	if err != nil {
		return err
	}
	if asJSON(c) {
		return writeJSON(c.OutOrStdout(), report.NewExplanation(entry))
	}
	return report.NewExplanation(entry).WriteText(c.OutOrStdout(), language)
}

func explainAll(c *cobra.Command, language probe.Language) error {
	entries := []report.Explanation{}
	for _, e := range probe.Explanations(language) {
		entries = append(entries, report.NewExplanation(e))
	}
	if asJSON(c) {
		return writeJSON(c.OutOrStdout(), entries)
	}
	return report.WriteExplanations(c.OutOrStdout(), language, entries)
}

func languageNames() []string {
	var names []string
	for _, l := range probe.Languages() {
		names = append(names, l.String())
	}
	return names
}

// completeEntries lists what can be explained, for the shell.
func completeEntries(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var entries []string
	for _, e := range probe.Explanations(probe.English) {
		what := e.Reason
		if what == "" {
			what = fmt.Sprint(e.Code)
		}
		entries = append(entries, what+"\t"+e.Name)
	}
	return entries, cobra.ShellCompDirectiveNoFileComp
}
