package main

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

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
	target, err := targetFor(c, args[0])
	if err != nil {
		return err
	}
	runner := &probe.Runner{UserAgent: userAgent(), Detail: true}
	result := runner.Run(c.Context(), target, probe.Manual, time.Now())
	// Without history nobody can say that the request has worked before.
	result.Verdict = result.Verdict.Settle(probe.CountKnownGood, false)
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

// targetFor finds what to ask: a URL, with the built-in defaults, or a configured probe.
func targetFor(c *cobra.Command, what string) (*probe.Target, error) {
	if strings.Contains(what, "://") {
		return targetOf(what)
	}
	config, err := loadConfig(c, true)
	if err != nil {
		return nil, err
	}
	for i := range config.Probes {
		if config.Probes[i].Name == what {
			return config.Probes[i].Target, nil
		}
	}
	return nil, fmt.Errorf("%s has no probe %q; name one that it has, or a URL such as https://example.com/healthz", config.Path, what)
}

func targetOf(address string) (*probe.Target, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%q is not a URL; write it like https://example.com/healthz", text.Printable(address, 200))
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return nil, fmt.Errorf("%q cannot be asked: it needs http or https and a host; write it like https://example.com/healthz", text.URL(u))
	}
	// What a configuration has built in for a probe.
	return &probe.Target{Name: u.Hostname(), URL: u, Timeout: 10 * time.Second, Retries: 1, Redirect: 5}, nil
}
