package main

import (
	"encoding/json"
	"io"
	"runtime"

	"github.com/spf13/cobra"
)

// version is that of this source.
const version = "0.1.0"

func newVersion() *cobra.Command {
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if asJSON(c) {
				return writeJSON(c.OutOrStdout(), map[string]string{"version": version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH})
			}
			c.Printf("sonde %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
	addJSON(c)
	return c
}

// addJSON gives a command the flag for scripts.
func addJSON(c *cobra.Command) { c.Flags().Bool("json", false, "print one JSON document") }

func asJSON(c *cobra.Command) bool {
	on, _ := c.Flags().GetBool("json")
	return on
}

func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
