package main

import (
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"sonde/incident"
	"sonde/notify"
	"sonde/report"
)

func newAck() *cobra.Command {
	c := &cobra.Command{
		Use:   "ack ID|--storm ID",
		Short: "Say that somebody looks after an incident, or after all of a storm",
		Long: `ack says that somebody looks after an open incident: nobody is reminded of it any more. A
relapse has to be acknowledged anew. Beside a running service it is in force at once;
without one it is stored for the next start. Those who follow the incident read a line about it. To
acknowledge twice changes nothing. --undo says that nobody looks after it any more.

With --storm it is about each incident that is open of a storm: so many at once that they were told in
one message, below which the storm's id stands. What opens later, or again, has to be acknowledged anew.`,
		Example: `  sonde ack 7Q2K --by kim --note "provider has a ticket"
  sonde ack --undo 7Q2K
  sonde ack --storm S1N7Q2K0M`,
		Args: cobra.MaximumNArgs(1),
		RunE: ack,
	}
	c.Flags().String("by", "", "who looks after it (default: you)")
	c.Flags().String("note", "", "what else there is to say")
	c.Flags().String("storm", "", "all that is open of this storm, instead of an incident")
	c.Flags().Bool("undo", false, "nobody looks after it any more: people are reminded again")
	addJSON(c)
	return c
}

func ack(c *cobra.Command, args []string) error {
	written, _ := c.Flags().GetString("storm")
	switch {
	case written != "" && len(args) == 0:
		return ackStorm(c, written)
	case written != "" || len(args) == 0:
		return errors.New("name the id of an incident, or --storm and that of a storm; sonde incidents --open lists incidents")
	}
	done, err := sayAbout(c, incident.Acknowledge, args[0])
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

// ackStorm acknowledges all that is open of a storm.
func ackStorm(c *cobra.Command, written string) error {
	id, err := notify.ParseStormID(written)
	if err != nil {
		return err
	}
	done, err := say(c, incident.Command{Kind: incident.Acknowledge, Storm: int64(id)})
	if err != nil {
		return err
	}
	if asJSON(c) {
		return writeJSON(c.OutOrStdout(), report.NewStormAcknowledgement(id.String(), &done))
	}
	switch n := len(done.Members); {
	case n == 0 && done.Undo:
		c.Printf("storm %s: nobody looks after it\n", id)
	case n == 0:
		c.Printf("storm %s: acknowledged already, by %s at %s\n", id, done.By, stamped(done.At))
	case done.Undo:
		c.Printf("storm %s: nobody looks after its %s any more\n", id, incidentsOf(n))
	default:
		c.Printf("storm %s: %s acknowledged by %s at %s\n", id, incidentsOf(n), done.By, stamped(done.At))
	}
	return nil
}

func incidentsOf(n int) string {
	if n == 1 {
		return "1 incident"
	}
	return strconv.Itoa(n) + " incidents"
}

// sayAbout gives an order about an incident, as the flags by, note and undo say.
func sayAbout(c *cobra.Command, kind incident.CommandKind, about string) (incident.Command, error) {
	id, err := incident.ParseID(about)
	if err != nil {
		return incident.Command{}, err
	}
	return say(c, incident.Command{Kind: kind, Incident: id})
}

// say gives an order, as the flags by, note and undo say.
func say(c *cobra.Command, command incident.Command) (incident.Command, error) {
	var err error
	if command.By, err = words(c, "by"); err != nil {
		return command, err
	}
	if command.Note, err = words(c, "note"); err != nil {
		return command, err
	}
	command.Undo, _ = c.Flags().GetBool("undo")
	return order(c, command)
}
