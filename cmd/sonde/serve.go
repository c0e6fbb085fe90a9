package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"sonde/store"
)

func newServe() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the service",
		Long: `serve runs the service until SIGTERM or SIGINT: it probes, stores, tells, and answers on
the configured address. Under systemd it says when it is ready and that it is alive.

A database that is damaged is set aside, never deleted, and the service goes on with a
fresh one and with what could still be read; --on-corrupt=exit stops instead.`,
		Args: cobra.NoArgs,
		RunE: serve,
	}
	c.Flags().String("on-corrupt", "replace", "when the database is damaged: replace it with a fresh one, or exit")
	return c
}

// onCorrupt is what the flag says is to become of a damaged database.
func onCorrupt(c *cobra.Command) (store.OnCorrupt, error) {
	switch said, _ := c.Flags().GetString("on-corrupt"); said {
	case "replace":
		return store.Replace, nil
	case "exit":
		return store.Stop, nil
	default:
		return 0, fmt.Errorf("--on-corrupt=%q is neither replace nor exit", said)
	}
}

func serve(c *cobra.Command, _ []string) error {
	corrupt, err := onCorrupt(c)
	if err != nil {
		return err
	}
	keepHeapSmall()
	config, err := loadConfig(c, true)
	if err != nil {
		return err
	}
	ctx, log := c.Context(), newLogger(c.ErrOrStderr())
	s, err := startService(context.WithoutCancel(ctx), config, corrupt, log)
	if err != nil {
		return err
	}
	address, probes := "off", len(config.Probes)
	if s.web != nil {
		address = s.web.Address()
	}
	log.Info("serving", "version", version, "config", config.Path, "database", s.store.Path(), "listen", address, "probes", probes)
	returnMemory()
	letSmallHeapGrow()
	tell(log, daemon.SdNotifyReady+fmt.Sprintf("\nSTATUS=%d probes", probes))
	ctx, settled := s.watchDatabase(ctx)
	broken, fatal := errors.AsType[*store.FatalError](keepAliveUntilBroken(ctx, s))
	tell(log, daemon.SdNotifyStopping)
	log.Info("stopping")
	damage := settled()
	if fatal {
		// What is known is told, for systemd to start afresh; nothing more can be stored.
		return &exit{exitStorage, errors.Join(broken, s.stop())}
	}
	if err := s.stop(); err != nil {
		return &exit{exitStorage, fmt.Errorf("stop: %w", errors.Join(damage, err))}
	}
	if damage != nil {
		return &exit{exitStorage, damage}
	}
	log.Info("stopped")
	return nil
}

// keepAliveUntilBroken is keepAlive that also ends when the database cannot be used any
// more. It returns why it ended.
func keepAliveUntilBroken(ctx context.Context, s *service) error {
	alive, end := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case err := <-s.store.Broken():
			end(err)
		case <-alive.Done():
		}
	})
	keepAlive(alive, s)
	watch.Wait()
	end(nil)
	return context.Cause(alive)
}

// keepAlive waits for the end, and meanwhile tells systemd's watchdog that scheduler and
// recorder do their work. It says nothing of Slack, targets or the network: a restart
// would mend none of them.
func keepAlive(ctx context.Context, s *service) {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every <= 0 {
		<-ctx.Done()
		return
	}
	ticker := time.NewTicker(every / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.pat(ctx, every/3)
		}
	}
}

// pat tells the watchdog that the service is alive, if it is.
func (s *service) pat(ctx context.Context, within time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if err := s.ready(ctx); err != nil {
		if ctx.Err() == nil {
			s.log.Error("not alive", "err", err)
		}
		return
	}
	tell(s.log, daemon.SdNotifyWatchdog)
}

// tell speaks to systemd, where there is one.
func tell(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("systemd not told", "err", err)
	}
}
