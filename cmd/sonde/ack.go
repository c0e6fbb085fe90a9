package main

import (
	"github.com/spf13/cobra"

	"sonde/incident"
	"sonde/report"
)

func newAck() *cobra.Command {
	c := &cobra.Command{
		Use:   "ack ID",
		Short: "Say that somebody looks after an incident",
		Long: `ack says that somebody looks after an open incident: nobody is reminded of it any more. A
relapse has to be acknowledged anew. Beside a running service it is in force at once;
without one it is stored for the next start. To acknowledge twice changes nothing. --undo says
that nobody looks after it any more.`,
		Example: `  sonde ack 7Q2K --by kim --note "provider has a ticket"
  sonde ack --undo 7Q2K`,
		Args: cobra.ExactArgs(1),
		RunE: ack,
	}
	c.Flags().String("by", "", "who looks after it (default: you)")
	c.Flags().String("note", "", "what else there is to say")
	c.Flags().Bool("undo", false, "nobody looks after it any more: people are reminded again")
	addJSON(c)
	return c
}

func ack(c *cobra.Command, args []string) error {
	done, err := say(c, incident.Acknowledge, args[0])
	if err != nil {
		return err
	}
	if asJSON(c) {
		return writeJSON(c.OutOrStdout(), report.NewAcknowledgement(&done))
	}
	if done.Undo {
		c.Printf("incident %s: nobody looks after it\n", done.Incident)
		return nil
	}
	c.Printf("incident %s: acknowledged by %s at %s\n", done.Incident, done.By, stamped(done.At))
	return nil
}

// say gives an order about an incident, as the flags by, note and undo say.
func say(c *cobra.Command, kind incident.CommandKind, about string) (incident.Command, error) {
	id, err := incident.ParseID(about)
	if err != nil {
		return incident.Command{}, err
	}
	by, err := words(c, "by")
	if err != nil {
		return incident.Command{}, err
	}
	note, err := words(c, "note")
	if err != nil {
		return incident.Command{}, err
	}
	undo, _ := c.Flags().GetBool("undo")
	return order(c, incident.Command{Kind: kind, Incident: id, By: by, Note: note, Undo: undo})
}
