package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sonde/configs"
	"sonde/probe"
	"sonde/report"
	"sonde/text"
)

func newCheck() *cobra.Command {
	c := &cobra.Command{
		Use:   "check URL|NAME",
		Short: "Ask one endpoint now, and judge its answer",
		Long: `check asks one endpoint now: a URL, or a probe of the configuration by its name. It needs
no service and no database, and stores nothing.

It exits 0 when the answer is good, 1 on a warning, 2 when it is critical, and 3 when that
is unknown.`,
		Args:        cobra.ExactArgs(1),
		Annotations: forMonitoring(),
		RunE:        check,
	}
	addJSON(c)
	return c
}

func check(c *cobra.Command, args []string) error {
	target, count, err := targetFor(c, args[0])
	if err != nil {
		return err
	}
	runner := &probe.Runner{UserAgent: userAgent(), Detail: true}
	result := runner.Run(c.Context(), target, probe.Manual, time.Now())
	// Without history nobody can say that the request has worked before.
	result.Verdict = result.Verdict.Settle(count, false)
	for i := range result.Attempts {
		result.Attempts[i].Verdict = result.Attempts[i].Verdict.Settle(count, false)
	}
	answer := report.NewCheck(text.URL(target.URL), &result)
	if asJSON(c) {
		err = writeJSON(c.OutOrStdout(), answer)
	} else {
		err = answer.WriteText(c.OutOrStdout())
	}
	if err != nil {
		return err
	}
	return exitWith(report.VerdictExitCode(result.Verdict))
}

func userAgent() string { return "sonde/" + version }

// targetFor finds what to ask, and how its 4xx count: a URL, with the built-in defaults,
// or a configured probe.
func targetFor(c *cobra.Command, what string) (*probe.Target, probe.Count4xx, error) {
	if strings.Contains(what, "://") {
		target, err := targetOf(what)
		return target, probe.CountKnownGood, err
	}
	config, err := loadConfig(c, true)
	if err != nil {
		return nil, 0, err
	}
	for i := range config.Probes {
		if p := &config.Probes[i]; p.Name == what {
			return p.Target, p.Policy.Count4xx, nil
		}
	}
	return nil, 0, fmt.Errorf("%s has no probe %q; name one that it has, or a URL such as https://example.com/healthz", config.Path, what)
}

func targetOf(address string) (*probe.Target, error) {
	u, err := configs.ParseURL(address)
	if err != nil {
		return nil, fmt.Errorf("the address to check: %w", err)
	}
	// What a configuration has built in for a probe.
	return &probe.Target{Name: u.Hostname(), URL: u, Timeout: 10 * time.Second, Retries: 1, Redirect: 5}, nil
}
