package main

import (
	"errors"
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
counts for no objective. What lies in the past is excluded, too. What recurs stands in the configuration.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	add := &cobra.Command{
		Use:   "add NAME --probes PROBE,group:NAME --until TIME|--for DURATION",
		Short: "Plan maintenance once",
		Example: `  sonde maintenance add move --probes checkout,group:payments --from "2026-11-28 02:00" --for 4h --zone Asia/Seoul
  sonde maintenance add "power cut" --probes checkout --from 2026-11-26T01:00:00Z --until 2026-11-26T02:30:00Z`,
		Args: cobra.ExactArgs(1),
		RunE: addMaintenance,
	}
	add.Flags().StringSlice("probes", nil, "names of probes, or group: and the name of a group")
	add.Flags().String("from", "", "when it begins (default: now): a time of RFC 3339, or by the clock of the zone, like 2026-11-28 02:00")
	add.Flags().String("until", "", "when it ends")
	add.Flags().Duration("for", 0, "how long it lasts, instead of until")
	add.Flags().String("zone", "UTC", "whose clock from and until go by")
	add.Flags().String("reason", "", "why; people see it")
	addJSON(add)
	list := &cobra.Command{Use: "list", Short: "List the maintenance that is planned or under way", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return listOrders(c, incident.Maintain) }}
	addJSON(list)
	c.AddCommand(add, list, newRemove("maintenance"))
	return c
}

func addMaintenance(c *cobra.Command, args []string) error {
	schedule, err := scheduleOf(c)
	if err != nil {
		return err
	}
	reason, err := words(c, "reason")
	if err != nil {
		return err
	}
	probes, _ := c.Flags().GetStringSlice("probes")
	if len(probes) == 0 {
		return errors.New("name --probes: names of probes, or group: and the name of a group")
	}
	spell := schedule.Next(time.Time{})
	done, err := order(c, incident.Command{
		Kind: incident.Maintain, Name: args[0], Note: reason, Schedule: schedule, Scope: incident.Scope{Names: probes}, Until: spell.Until,
	})
	if err != nil {
		return err
	}
	return said(c, done)
}

// scheduleOf is when the flags say that the work is done.
func scheduleOf(c *cobra.Command) (slo.Schedule, error) {
	name, _ := c.Flags().GetString("zone")
	zone, err := slo.Zone(name)
	if err != nil {
		return slo.Schedule{}, err
	}
	from := time.Now().UTC()
	if written, _ := c.Flags().GetString("from"); written != "" {
		if from, _, err = slo.ParseMoment(written, zone); err != nil {
			return slo.Schedule{}, err
		}
	}
	written, _ := c.Flags().GetString("until")
	length, _ := c.Flags().GetDuration("for")
	switch {
	case (written == "") == (length == 0):
		return slo.Schedule{}, errors.New("say when it ends: either --until or --for")
	case written == "":
		return slo.Once(from, from.Add(length))
	}
	_, until, err := slo.ParseMoment(written, zone)
	if err != nil {
		return slo.Schedule{}, err
	}
	return slo.Once(from, until)
}
