package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"sonde/configs"
	"sonde/notify"
	"sonde/report"
	"sonde/store"
)

func newOutbox() *cobra.Command {
	c := &cobra.Command{
		Use:   "outbox",
		Short: "List messages that are not delivered, try them again, or drop them",
		Long: `outbox lists the messages that wait for their destination and those that were given up, the
oldest first, from the database: beside a running service or without one. Every message has
been made together with what it tells of, so that none is lost while Slack is away.

retry and drop go through the running service; without one they change the database, under
its lock. A message that is dropped is never sent; it stays in the list of --all for a month. What comes later of
the same incident is told all the same: as the first message of a thread, if the one that was dropped would have been that.`,
		Example: `  sonde outbox
  sonde outbox --state dead --json
  sonde outbox --all
  sonde outbox retry 4711
  sonde outbox retry --all-dead
  sonde outbox drop 4711`,
		Args: cobra.NoArgs,
		RunE: listOutbox,
	}
	c.Flags().StringSlice("state", []string{"pending", "sending", "dead"}, "only these: pending, sending, dead, sent, superseded, expired or dropped")
	c.Flags().Bool("all", false, "in whatever state: also those that were sent, or dropped, within a month")
	addJSON(c)
	retry := &cobra.Command{
		Use: "retry ID | --all-dead", Short: "Try a message at once, or all that were given up", Args: cobra.MaximumNArgs(1), RunE: retryPosts,
	}
	retry.Flags().Bool("all-dead", false, "all that were given up")
	addJSON(retry)
	drop := &cobra.Command{Use: "drop ID", Short: "Have a message that waits or was given up never be sent", Args: cobra.ExactArgs(1), RunE: dropPost}
	addJSON(drop)
	c.AddCommand(retry, drop)
	return c
}

func listOutbox(c *cobra.Command, _ []string) error {
	states, err := wantedStates(c)
	if err != nil {
		return err
	}
	return withReader(c, func(ctx context.Context, reader *store.Reader) error {
		posts, err := reader.Outbox(ctx, states...)
		if err != nil {
			return storageError(err)
		}
		all := report.NewOutbox(posts)
		if asJSON(c) {
			return writeJSON(c.OutOrStdout(), all)
		}
		if err := report.WriteOutbox(c.OutOrStdout(), all); err != nil || slices.Contains(states, notify.StateDropped) {
			return err
		}
		dropped, err := reader.Outbox(ctx, notify.StateDropped)
		if err != nil {
			return storageError(err)
		}
		if n := len(dropped); n > 0 {
			c.Printf("%s dropped within a month: sonde outbox --all\n", report.Count(n, "message"))
		}
		return nil
	})
}

// wantedStates are the states of the messages that are to be listed.
func wantedStates(c *cobra.Command) ([]notify.State, error) {
	if all, _ := c.Flags().GetBool("all"); all {
		if c.Flags().Changed("state") {
			return nil, errors.New("--all lists messages in any state; leave out --state")
		}
		return notify.States(), nil
	}
	names, _ := c.Flags().GetStringSlice("state")
	states := make([]notify.State, len(names))
	for i, name := range names {
		if err := states[i].UnmarshalText([]byte(name)); err != nil {
			return nil, fmt.Errorf("--state: %w", err)
		}
	}
	return states, nil
}

// postOrder asks for something to be done with messages.
type postOrder struct {
	ID      notify.MessageID `json:"id,omitempty"`
	AllDead bool             `json:"all_dead,omitempty"`
	Drop    bool             `json:"drop,omitempty"` // else they are tried again
}

func retryPosts(c *cobra.Command, args []string) error {
	all, _ := c.Flags().GetBool("all-dead")
	if all == (len(args) == 1) {
		return errors.New("name the id of a message, or --all-dead; sonde outbox shows them")
	}
	o := postOrder{AllDead: all}
	if !all {
		var err error
		if o.ID, err = postID(args[0]); err != nil {
			return err
		}
	}
	return alterOutbox(c, o)
}

func dropPost(c *cobra.Command, args []string) error {
	id, err := postID(args[0])
	if err != nil {
		return err
	}
	return alterOutbox(c, postOrder{ID: id, Drop: true})
}

func postID(name string) (notify.MessageID, error) {
	id, err := strconv.ParseInt(name, 10, 64)
	if err != nil || id <= 0 {
		return 0, fmt.Errorf("%q is no id of a message; sonde outbox shows them", name)
	}
	return notify.MessageID(id), nil
}

// alterOutbox has messages altered: by the service that writes the database, else by
// taking the lock.
func alterOutbox(c *cobra.Command, o postOrder) error {
	path, config, err := databaseOf(c)
	if err != nil {
		return err
	}
	answer, err := ask(c.Context(), path, request{Outbox: &o})
	altered := answer.Messages
	if errors.Is(err, errNoService) {
		altered, err = alterStored(c.Context(), path, config, o)
	}
	if err != nil {
		return err
	}
	done := map[bool]string{true: "dropped", false: "retried"}[o.Drop]
	if asJSON(c) {
		return writeJSON(c.OutOrStdout(), map[string]int{done: altered})
	}
	c.Printf("messages %s: %d\n", done, altered)
	return nil
}

// alterStored alters messages while no service runs.
func alterStored(ctx context.Context, path string, config *configs.Config, o postOrder) (n int, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, storageError(err)
	}
	options := store.Options{Path: path, OnCorrupt: store.Stop}
	if config != nil {
		options.Location = config.Location
	}
	options.Fallback, _ = os.Hostname()
	s, err := store.OpenWith(ctx, options)
	if err != nil {
		return 0, storageError(err)
	}
	n, err = o.alter(ctx, s)
	err = errors.Join(err, s.Close())
	giveBack(path, info)
	return n, err
}

// alter does what the order asks for. A message that there is not is a mistake in the usage.
func (o postOrder) alter(ctx context.Context, s *store.Store) (n int, err error) {
	if o.Drop {
		n, err = s.Drop(ctx, o.ID, time.Now())
	} else {
		n, err = s.Retry(ctx, o.ID)
	}
	switch {
	case err != nil:
		return 0, storageError(err)
	case n == 0 && !o.AllDead:
		return 0, &exit{exitUsage, fmt.Errorf("no message %d waits or was given up; sonde outbox shows them", o.ID)}
	}
	return n, nil
}

// outbox alters messages for the command line, and has them tried.
func (c *control) outbox(ctx context.Context, o postOrder) (int, reply) {
	if o.AllDead == (o.ID > 0) || o.AllDead && o.Drop {
		return http.StatusBadRequest, reply{Error: "the request is no command of this version of sonde", Code: exitUsage}
	}
	n, err := o.alter(ctx, c.service.store)
	if e, ok := errors.AsType[*exit](err); ok {
		return http.StatusOK, reply{Error: e.Error(), Code: e.code}
	}
	for _, d := range c.destinations {
		c.service.dispatcher.Wake(d)
	}
	return http.StatusOK, reply{Messages: n}
}
