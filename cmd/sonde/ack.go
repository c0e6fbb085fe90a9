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
	id, err := incident.ParseID(args[0])
	if err != nil {
		return err
	}
	by, err := words(c, "by")
	if err != nil {
		return err
	}
	note, err := words(c, "note")
	if err != nil {
		return err
	}
	undo, _ := c.Flags().GetBool("undo")
	done, err := order(c, incident.Command{Kind: incident.Acknowledge, Incident: id, By: by, Note: note, Undo: undo})
	if err != nil {
		return err
	}
	if asJSON(c) {
		return writeJSON(c.OutOrStdout(), report.NewAcknowledgement(&done))
	}
	if undo {
		c.Printf("incident %s: nobody looks after it\n", done.Incident)
		return nil
	}
	c.Printf("incident %s: acknowledged by %s at %s\n", done.Incident, done.By, stamped(done.At))
	return nil
}
