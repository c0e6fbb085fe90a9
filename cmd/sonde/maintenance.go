package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sonde/incident"
	"sonde/slo"
)

func newMaintenance() *cobra.Command {
	c := &cobra.Command{
		Use:   "maintenance",
		Short: "Plan maintenance, also afterwards",
		Long: `maintenance plans work on probes: nothing opens meanwhile, nobody is told, and the time
counts for no objective. What lies in the past is excluded, too. What recurs (--every) counts from
now on, or from --from on, until --until or until it is removed. It may stand in the configuration as well.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	add := &cobra.Command{
		Use:   "add NAME --probes PROBE,group:NAME --until TIME|--for DURATION|--every SCHEDULE",
		Short: "Plan maintenance, once or again and again",
		Example: `  sonde maintenance add move --probes checkout,group:payments --from "2026-11-28 02:00" --for 4h --zone Asia/Seoul
  sonde maintenance add "power cut" --probes checkout --from 2026-11-26T01:00:00Z --until 2026-11-26T02:30:00Z
  sonde maintenance add backups --probes group:payments --every "Sun 02:00-03:00" --zone Asia/Seoul`,
		Args: cobra.ExactArgs(1),
		RunE: addMaintenance,
	}
	add.Flags().StringSlice("probes", nil, "names of probes, or group: and the name of a group")
	add.Flags().String("from", "", "when it begins (default: now): a time of RFC 3339, or by the clock of the zone, like 2026-11-28 02:00")
	add.Flags().String("until", "", "when it ends")
	add.Flags().Duration("for", 0, "how long it lasts, instead of until")
	add.Flags().String("every", "", "again and again: \"Sun 02:00-03:00\", \"Mon-Fri 22:00-06:00\", \"day 02:00-03:00\", \"1st 03:00-04:00\", \"last Sun 02:00-03:00\"")
	add.Flags().String("zone", "UTC", "whose clock from, until and every go by")
	add.Flags().String("reason", "", "why; people see it")
	addJSON(add)
	list := &cobra.Command{Use: "list", Short: "List the maintenance that is planned or under way", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return listOrders(c, incident.Maintain) }}
	addJSON(list)
	c.AddCommand(add, list, newRemove("maintenance"))
	return c
}

func addMaintenance(c *cobra.Command, args []string) error {
	command, err := workOf(c)
	if err != nil {
		return err
	}
	if command.Note, err = words(c, "reason"); err != nil {
		return err
	}
	command.Kind, command.Name = incident.Maintain, args[0]
	if command.Scope.Names, _ = c.Flags().GetStringSlice("probes"); len(command.Scope.Names) == 0 {
		return errors.New("name --probes: names of probes, or group: and the name of a group")
	}
	done, err := order(c, command)
	if err != nil {
		return err
	}
	return said(c, done)
}

// workOf is when the flags say that the work is done, and from when until when they plan it.
func workOf(c *cobra.Command) (incident.Command, error) {
	name, _ := c.Flags().GetString("zone")
	zone, err := slo.Zone(name)
	if err != nil {
		return incident.Command{}, err
	}
	if rule, _ := c.Flags().GetString("every"); c.Flags().Changed("every") {
		return recurring(c, rule, zone)
	}
	schedule, err := onceOf(c, zone)
	return incident.Command{Schedule: schedule, Until: schedule.Next(time.Time{}).Until}, err
}

// recurring plans what is done again and again.
func recurring(c *cobra.Command, rule string, zone *time.Location) (incident.Command, error) {
	if c.Flags().Changed("for") {
		return incident.Command{}, errors.New("--for stands beside --every, which has an end of its own: leave it out; --until says when it is done no more")
	}
	schedule, err := slo.Every(rule, zone)
	if err != nil {
		return incident.Command{}, fmt.Errorf("--every: %w", err)
	}
	command := incident.Command{Kind: incident.Maintain, Schedule: schedule, From: time.Now().UTC().Truncate(time.Millisecond)}
	if written, _ := c.Flags().GetString("from"); written != "" {
		if command.From, _, err = slo.ParseMoment(written, zone); err != nil {
			return command, fmt.Errorf("--from: %w", err)
		}
	}
	if written, _ := c.Flags().GetString("until"); written != "" {
		if _, command.Until, err = slo.ParseMoment(written, zone); err != nil {
			return command, fmt.Errorf("--until: %w", err)
		}
	}
	if !command.Until.IsZero() && len(command.Spells(command.From, command.Until)) == 0 {
		return incident.Command{}, fmt.Errorf("%q never comes between %s and %s; name a later --until",
			rule, command.From.Format(time.RFC3339), command.Until.Format(time.RFC3339))
	}
	return command, nil
}

// onceOf is when the flags say that work is done once.
func onceOf(c *cobra.Command, zone *time.Location) (slo.Schedule, error) {
	from := time.Now().UTC()
	if written, _ := c.Flags().GetString("from"); written != "" {
		var err error
		if from, _, err = slo.ParseMoment(written, zone); err != nil {
			return slo.Schedule{}, err
		}
	}
	written, _ := c.Flags().GetString("until")
	length, _ := c.Flags().GetDuration("for")
	switch {
	case (written == "") == (length == 0):
		return slo.Schedule{}, errors.New("say when it ends: either --until or --for; or --every for what recurs")
	case written == "":
		return slo.Once(from, from.Add(length))
	}
	_, until, err := slo.ParseMoment(written, zone)
	if err != nil {
		return slo.Schedule{}, err
	}
	return slo.Once(from, until)
}
