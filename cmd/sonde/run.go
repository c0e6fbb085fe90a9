package main

import (
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"
)

func newRun() *cobra.Command {
	c := &cobra.Command{
		Use:   "run NAME",
		Short: "Have the service ask a probe now",
		Long: `run has the running service ask a probe now, from where it stands and with its secrets, and
prints what came. The result is kept in the history; it opens and resolves nothing, and weighs nothing
in a budget. A target that wants to be left alone for a while (Retry-After) is asked all the
same, and so is one whose refusals make sonde wait: that is said beside the answer, and
sonde itself goes on waiting. Where an open incident about the probe was told, a line in its
thread says what came.`,
		Args: cobra.ExactArgs(1),
		RunE: runProbe,
	}
	addJSON(c)
	return c
}

func runProbe(c *cobra.Command, args []string) error {
	path, _, err := databaseOf(c)
	if err != nil {
		return err
	}
	answer, err := ask(c.Context(), path, request{Run: args[0], By: caller()})
	if errors.Is(err, errNoService) {
		return &exit{exitStorage, errors.New("no service writes " + path + "; start one, or ask by yourself with sonde check " + args[0])}
	}
	if err != nil {
		return err
	}
	if !asJSON(c) {
		_, err := c.OutOrStdout().Write([]byte(answer.Text))
		return err
	}
	var document any
	if err := json.Unmarshal(answer.Check, &document); err != nil {
		return err
	}
	return writeJSON(c.OutOrStdout(), json.RawMessage(answer.Check))
}
