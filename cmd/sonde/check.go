package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sonde/configs"
	"sonde/probe"
	"sonde/probe/http3"
	"sonde/report"
	"sonde/text"
)

func newCheck() *cobra.Command {
	c := &cobra.Command{
		Use:   "check URL|NAME",
		Short: "Ask one endpoint now, and judge its answer",
		Long: `check asks one endpoint now: a URL, or a probe of the configuration by its name. It needs
no service and no database, and stores nothing. On a terminal it draws where the time
went.

With --repeat it asks again and again, shows a line for each run, and sums them up. Of a
probe with cache: true the first run has nothing to ask with; --repeat 2 asks whether the
first answer still holds.

It exits 0 when the answer is good, 1 on a warning, 2 when it is critical, and 3 when that
is unknown.`,
		Args:        cobra.ExactArgs(1),
		Annotations: forMonitoring(),
		RunE:        check,
	}
	c.Flags().Int("repeat", 0, "ask `N` times, as ping does; 0 asks until it is interrupted")
	c.Flags().Duration("every", time.Second, "how far apart repeated runs begin, 100ms or more")
	addJSON(c)
	return c
}

func check(c *cobra.Command, args []string) error {
	again, repeated, err := repetitionOf(c)
	if err != nil {
		return err
	}
	target, count, err := targetFor(c, args[0])
	if err != nil {
		return err
	}
	k := &checker{&probe.Runner{UserAgent: userAgent(), Detail: true, QUIC: http3.Dialer{}}, target, count}
	if repeated {
		return k.repeat(c, again)
	}
	answer, verdict := k.ask(c.Context())
	out := c.OutOrStdout()
	if asJSON(c) {
		err = writeJSON(out, answer)
	} else {
		err = answer.WriteText(out, report.Screen{Palette: palette(out), Bars: isTerminal(out)})
	}
	if err != nil {
		return err
	}
	return exitWith(report.VerdictExitCode(verdict))
}

// checker asks a target outside of any schedule.
type checker struct {
	runner *probe.Runner
	target *probe.Target
	count  probe.Count4xx
}

// ask makes one run. Without history nobody can say that the request has worked before.
func (k *checker) ask(ctx context.Context) (*report.Check, probe.Verdict) {
	result := k.runner.Run(ctx, k.target, probe.Manual, time.Now())
	result.Verdict = result.Verdict.Settle(k.count, false)
	for i := range result.Attempts {
		result.Attempts[i].Verdict = result.Attempts[i].Verdict.Settle(k.count, false)
	}
	return report.NewCheck(text.URL(k.target.URL), &result), result.Verdict
}

func userAgent() string { return "sonde/" + version }

// targetFor finds what to ask, and how its 4xx count: a URL, with the built-in defaults,
// or a configured probe.
func targetFor(c *cobra.Command, what string) (*probe.Target, probe.Count4xx, error) {
	if strings.Contains(what, "://") {
		target, err := targetOf(what)
		return target, probe.CountKnownGood, err
	}
	config, err := loadConfigWith(c, configs.Options{Secrets: true, Only: what})
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
	return &probe.Target{Name: u.Hostname(), URL: u, Timeout: 10 * time.Second, Retries: 1, Redirect: 5,
		Expect: probe.Expect{TLS: probe.TLSExpect{ExpiresIn: probe.UsualExpiresIn, LastQuarter: true}}}, nil
}
