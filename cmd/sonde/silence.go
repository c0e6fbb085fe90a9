package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"sonde/configs"
	"sonde/incident"
	"sonde/probe"
	"sonde/report"
	"sonde/store"
	"sonde/text"
)

// longestWords bounds what people say with a command.
const longestWords = 200

// words reads a text that people write, and that is shown to people.
func words(c *cobra.Command, flag string) (string, error) {
	said, _ := c.Flags().GetString(flag)
	if shown := text.Printable(said, longestWords); shown != said {
		return "", fmt.Errorf("--%s is longer than %d characters, or holds one that cannot be seen; shorten it", flag, longestWords)
	}
	return said, nil
}

func stamped(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }

func newSilence() *cobra.Command {
	c := &cobra.Command{
		Use:   "silence [PROBE|group:NAME]... --for DURATION|--incident ID",
		Short: "Tell nobody of what opens on some probes, for a while",
		Long: `silence has nobody told of what opens on probes, on those of a group, or of a kind of
incident, until it ends by itself. States and budgets are as ever, and what was told is resolved. What is
still open at the end is told then. With --incident it is about what that incident is about, and ends
when it has recovered, unless --for says how long.`,
		Example: `  sonde silence checkout --for 2h --reason "known, waiting for the provider"
  sonde silence group:payments --kind latency --for 1d
  sonde silence --incident 7Q2K
  sonde silence list
  sonde silence remove 12`,
		RunE: silence,
	}
	c.Flags().Duration("for", 0, "how long")
	c.Flags().String("incident", "", "what this incident is about, until it has recovered")
	c.Flags().StringSlice("kind", nil, "only these kinds of incident, such as down or latency")
	c.Flags().String("reason", "", "why; people see it")
	addJSON(c)
	list := &cobra.Command{Use: "list", Short: "List the silences in force", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return listOrders(c, incident.Silence) }}
	addJSON(list)
	c.AddCommand(list, newRemove("silence"))
	return c
}

func newRemove(what string) *cobra.Command {
	c := &cobra.Command{Use: "remove ID", Short: "End a " + what, Args: cobra.ExactArgs(1), RunE: removeOrder}
	if what == "maintenance" {
		c.Flags().Bool("entirely", false, "as if it never had been: its past counts again")
	}
	addJSON(c)
	return c
}

func silence(c *cobra.Command, args []string) error {
	length, _ := c.Flags().GetDuration("for")
	kinds, err := kindsOf(c)
	if err != nil {
		return err
	}
	reason, err := words(c, "reason")
	if err != nil {
		return err
	}
	written, _ := c.Flags().GetString("incident")
	now := time.Now().UTC().Truncate(time.Millisecond)
	if written != "" {
		return silenceIncident(c, written, args, incident.Command{Kind: incident.Silence, Note: reason, Scope: incident.Scope{Kinds: kinds}, From: now}, length)
	}
	switch {
	case length <= 0 || length > longestSilence:
		return errors.New("--for says how long: write it like --for 2h, at most 9600h")
	case len(args) == 0 && len(kinds) == 0:
		return errors.New("name probes, group: and the name of a group, or a --kind")
	}
	done, err := order(c, incident.Command{
		Kind: incident.Silence, Note: reason, Scope: incident.Scope{Names: args, Kinds: kinds}, From: now, Until: now.Add(length),
	})
	if err != nil {
		return err
	}
	return said(c, done)
}

// longestSilence bounds a silence: one that is forgotten ends by itself.
const longestSilence = 400 * 24 * time.Hour

// silenceIncident asks for silence about what an incident is about.
func silenceIncident(c *cobra.Command, written string, args []string, command incident.Command, length time.Duration) (err error) {
	if command.Incident, err = incident.ParseID(written); err != nil {
		return err
	}
	switch {
	case command.Incident == 0:
		return fmt.Errorf("%q is no incident; sonde incidents --open lists those that are open", written)
	case len(args) > 0:
		return errors.New("--incident says what it is about already; name no probes with it")
	case length < 0 || length > longestSilence:
		return errors.New("--for says how long: write it like --for 2h, at most 9600h")
	case length == 0:
		command.UntilRecovered = true
	default:
		command.Until = command.From.Add(length)
	}
	done, err := order(c, command)
	if err != nil {
		return err
	}
	return said(c, done)
}

func kindsOf(c *cobra.Command) (kinds []probe.Kind, err error) {
	names, _ := c.Flags().GetStringSlice("kind")
	for _, name := range names {
		var kind probe.Kind
		if err := kind.UnmarshalText([]byte(name)); err != nil || kind == probe.NoIncident {
			var known []string
			for _, k := range probe.Kinds() {
				known = append(known, k.String())
			}
			return nil, fmt.Errorf("--kind %q is no kind of incident; %s", name, configs.Suggest(name, known))
		}
		kinds = append(kinds, kind)
	}
	return kinds, nil
}

// said shows a command that is in force now.
func said(c *cobra.Command, done incident.Command) error {
	if asJSON(c) {
		return writeJSON(c.OutOrStdout(), report.NewInForce(&done))
	}
	c.Println(report.NewInForce(&done).Line())
	return nil
}

// listOrders lists what is in force, or will be.
func listOrders(c *cobra.Command, kind incident.CommandKind) error {
	return withReader(c, func(ctx context.Context, reader *store.Reader) error {
		commands, err := reader.Commands(ctx, time.Now())
		if err != nil {
			return storageError(err)
		}
		all := []report.InForce{}
		for i := range commands {
			if commands[i].Kind == kind {
				all = append(all, report.NewInForce(&commands[i]))
			}
		}
		if asJSON(c) {
			return writeJSON(c.OutOrStdout(), all)
		}
		for _, x := range all {
			c.Println(x.Line())
		}
		if len(all) == 0 {
			c.Printf("no %s is in force\n", kind)
		}
		return nil
	})
}

func removeOrder(c *cobra.Command, args []string) error {
	id, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil || id <= 0 {
		return fmt.Errorf("%q is no id; sonde %s list shows them", args[0], c.Parent().Name())
	}
	entirely, _ := c.Flags().GetBool("entirely")
	done, err := order(c, incident.Command{Kind: incident.End, Of: incident.CommandID(id), Entirely: entirely})
	if err != nil {
		return err
	}
	if asJSON(c) {
		return writeJSON(c.OutOrStdout(), map[string]any{"id": int64(done.Of), "ended_at": done.At, "entirely": done.Entirely})
	}
	c.Printf("%d: ended\n", done.Of)
	return nil
}
