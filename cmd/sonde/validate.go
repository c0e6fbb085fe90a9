package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"sonde/configs"
	"sonde/report"
)

func newValidate() *cobra.Command {
	c := &cobra.Command{
		Use:   "validate",
		Short: "Check the configuration, and say everything that is wrong with it",
		Args:  cobra.NoArgs,
		RunE:  validate,
	}
	c.Flags().Bool("secrets", false, "resolve secrets as well: an unset one is a problem")
	addJSON(c)
	return c
}

// finding is a problem or a warning as scripts read it.
type finding struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Path   string `json:"path"`
	Text   string `json:"text"`
}

func findings(problems []configs.Problem) []finding {
	list := []finding{}
	for _, p := range problems {
		list = append(list, finding{p.File, p.Line, p.Column, p.Path, p.Text})
	}
	return list
}

func validate(c *cobra.Command, _ []string) error {
	flag, _ := c.Flags().GetString("config")
	path, err := configs.Find(flag, os.LookupEnv)
	if err != nil {
		return &exit{exitProblems, err}
	}
	secrets, _ := c.Flags().GetBool("secrets")
	config, warnings, err := configs.Load(path, configs.Options{Secrets: secrets, Files: true})
	problems, invalid := errors.AsType[configs.Problems](err)
	if err != nil && !invalid {
		return &exit{exitProblems, err}
	}
	warn(c, warnings)
	if asJSON(c) {
		err := writeJSON(c.OutOrStdout(), map[string]any{"valid": !invalid, "problems": findings(problems), "warnings": findings(warnings)})
		if err != nil {
			return err
		}
	} else if invalid {
		c.Println(problems.Error())
	} else {
		c.Printf("%s is valid: %s, %s\n", path, report.Count(len(config.Probes), "probe"), report.Count(len(config.Destinations), "destination"))
	}
	if invalid {
		return &exit{exitProblems, errSaid}
	}
	return nil
}
