package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sonde/configs"
	"sonde/incident"
	"sonde/report"
	"sonde/store"
)

func newIncidents() *cobra.Command {
	c := &cobra.Command{
		Use:   "incidents [ID]",
		Short: "List incidents, or show one with its timeline",
		Long: `incidents lists the incidents of all probes, the newest first, from the database: beside a
running service or without one. With an id it shows that incident and its timeline.`,
		Example: `  sonde incidents --since 7d
  sonde incidents --open
  sonde incidents 7Q2K
  sonde incidents false-alarm 7Q2K`,
		Args: cobra.MaximumNArgs(1),
		RunE: incidents,
	}
	c.Flags().String("since", "30d", "those that were open since then: how long ago (36h, 30d), a day (2026-11-23) or a time of RFC 3339")
	c.Flags().Bool("open", false, "only those that are open now")
	addJSON(c)
	c.AddCommand(newFalseAlarm())
	return c
}

func newFalseAlarm() *cobra.Command {
	c := &cobra.Command{
		Use:   "false-alarm ID",
		Short: "Say that an incident was a false alarm",
		Long: `false-alarm says of an incident that is over that nothing was wrong. It is counted in the list and in
the monthly report, so that noise is seen, and told to those who follow the incident. To say it twice
changes nothing; --undo takes it back.`,
		Example: `  sonde incidents false-alarm 7Q2K --by kim
  sonde incidents false-alarm 7Q2K --undo`,
		Args: cobra.ExactArgs(1),
		RunE: falseAlarm,
	}
	c.Flags().String("by", "", "who says so (default: you)")
	c.Flags().String("note", "", "what else there is to say")
	c.Flags().Bool("undo", false, "it was none, after all")
	addJSON(c)
	return c
}

func falseAlarm(c *cobra.Command, args []string) error {
	done, err := sayAbout(c, incident.FalseAlarm, args[0])
	if err != nil {
		return err
	}
	switch {
	case asJSON(c):
		return writeJSON(c.OutOrStdout(), report.NewFalseAlarm(&done))
	case done.Undo:
		c.Printf("incident %s: no false alarm\n", done.Incident)
	default:
		c.Printf("incident %s: false alarm, says %s\n", done.Incident, done.By)
	}
	return nil
}

func incidents(c *cobra.Command, args []string) error {
	now := time.Now()
	since, err := instantOf(c, "since", now)
	if err != nil {
		return err
	}
	if len(args) == 1 {
		return story(c, args[0], now)
	}
	open, _ := c.Flags().GetBool("open")
	return withConfigured(c, func(ctx context.Context, reader *store.Reader, config *configs.Config) error {
		records, err := reader.Incidents(ctx, 0, since, farOff(now), 0)
		if err != nil {
			return storageError(err)
		}
		all := []report.PastIncident{}
		audiences := newAudiences(config, now)
		for i, x := range report.NewIncidents(records, now) {
			if x.Phase == incident.Open {
				if x.Destinations, err = audiences.reaches(ctx, reader, &records[i], nil); err != nil {
					return storageError(err)
				}
			}
			if !open || x.Phase == incident.Open {
				all = append(all, x)
			}
		}
		if asJSON(c) {
			return writeJSON(c.OutOrStdout(), all)
		}
		return report.WriteIncidents(c.OutOrStdout(), all)
	})
}

// farOff is an end of a range that leaves out nothing: the clock may have been set back
// since.
func farOff(now time.Time) time.Time { return now.AddDate(1, 0, 0) }

// story shows one incident.
func story(c *cobra.Command, name string, now time.Time) error {
	id, err := incident.ParseID(name)
	if err != nil {
		return err
	}
	if open, _ := c.Flags().GetBool("open"); open || c.Flags().Changed("since") {
		return errors.New("--since and --open choose from the list; leave them out, or the id")
	}
	return withConfigured(c, func(ctx context.Context, reader *store.Reader, config *configs.Config) error {
		record, err := reader.Incident(ctx, id)
		if err != nil {
			return storageError(err)
		}
		if record == nil {
			return fmt.Errorf("there is no incident %s; sonde incidents lists those of the last 30 days", id)
		}
		timeline, err := reader.Timeline(ctx, id)
		if err != nil {
			return storageError(err)
		}
		sights, err := sightsOf(ctx, reader, record, now)
		if err != nil {
			return storageError(err)
		}
		s := report.NewStory(record, timeline, now)
		s.Witness(sights)
		conversations, err := reader.Threads(ctx, id)
		if err != nil {
			return storageError(err)
		}
		s.Say(conversations)
		if s.Destinations, err = newAudiences(config, now).reaches(ctx, reader, record, conversations); err != nil {
			return storageError(err)
		}
		if asJSON(c) {
			return writeJSON(c.OutOrStdout(), s)
		}
		return s.WriteText(c.OutOrStdout())
	})
}

// mostSights is how much evidence an incident is shown with.
const mostSights = 10

// sightsOf is what runs saw while an incident lasted, the newest first.
func sightsOf(ctx context.Context, reader *store.Reader, x *store.IncidentRecord, now time.Time) ([]store.Sight, error) {
	until := farOff(now)
	if !x.RecoveredAt.IsZero() {
		until = x.RecoveredAt
	}
	return reader.Sights(ctx, x.Probe, x.Since, until, mostSights)
}
