package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"sonde/configs"
	"sonde/notify/slack/fakeslack"
	"sonde/store"
)

// demoFor is how long the demo's story takes.
const demoFor = time.Minute

func newDemo() *cobra.Command {
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show the main job in a minute, without any set-up",
		Long: `demo starts a local target that misbehaves on a script, and a Slack that only listens. It
runs the real service against them, with a temporary database, and prints what people
would see. It needs no network, no token and no file, and leaves nothing behind.`,
		Args: cobra.NoArgs,
		RunE: demo,
	}
	c.Flags().Duration("for", demoFor, "how long the story takes, at least 15s")
	return c
}

// demoConfig is a configuration like any other, but quicker: a second is a minute here.
const demoConfig = `
listen: 127.0.0.1:0
database: %[1]q
location: your-desk
destinations:
  demo: {slack: {token: %[4]q, channel: C0DEMO, api_url: %[2]q}}
defaults:
  interval: 1s
  timeout: 900ms
  notify: [demo]
  objective: 99%% over 1h
  alert: {down_after: 2s, auth_after: 2s, recheck_every: 1s, resolve_after: 2s}
probes:
  - {name: docs, url: "%[3]s/docs", expect: {body: {contains: welcome}}}
  - {name: shop, url: "%[3]s/shop", expect: {latency: 300ms}}
  - {name: reports, url: "%[3]s/reports", headers: {authorization: Bearer demo-token}}
`

func demo(c *cobra.Command, _ []string) error {
	length, _ := c.Flags().GetDuration("for")
	if length < demoFor/4 {
		return fmt.Errorf("a story of %s is too short to tell; give at least 15s", length)
	}
	folder, err := os.MkdirTemp("", "sonde-demo-")
	if err != nil {
		return &exit{exitStorage, err}
	}
	defer func() { _ = os.RemoveAll(folder) }()
	channel, err := fakeslack.Start()
	if err != nil {
		return &exit{exitStorage, err}
	}
	defer channel.Close()
	target, err := startTarget(length)
	if err != nil {
		return &exit{exitStorage, err}
	}
	defer target.close()
	text := fmt.Sprintf(demoConfig, filepath.Join(folder, "demo.db"), channel.URL(), target.url, fakeslack.Token)
	config, _, err := configs.Parse("demo.yaml", []byte(text), configs.Options{Secrets: true})
	if err != nil {
		return err
	}
	s, err := startService(context.WithoutCancel(c.Context()), config, store.Replace, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	err = tellStory(c.Context(), c.OutOrStdout(), s, channel, target, length)
	return errors.Join(err, s.stop())
}

// tellStory prints what happens until the story ends or is interrupted, and how things
// stand then.
func tellStory(ctx context.Context, out io.Writer, s *service, channel *fakeslack.Server, target *target, length time.Duration) error {
	n := &narrator{out: out, palette: palette(out), began: time.Now(), service: s, channel: channel, target: target}
	n.say("sonde probes three endpoints of a local target every second, for %s. Ctrl-C ends it sooner.", length)
	n.say("  shop     gets slow, then answers 503 with Retry-After, then recovers")
	n.say("  reports  refuses our token once it has expired, until it is renewed")
	n.say("  docs     is always well")
	n.say("The API answers on http://%s/api/v1/status meanwhile, and /metrics beside it.\n", s.web.Address())
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return n.finish()
		case <-tick.C:
			if err := n.look(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}
