package main

import (
	"time"

	"github.com/spf13/cobra"

	"sonde/report"
	"sonde/store"
)

func newRestore() *cobra.Command {
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup in the place of the database",
		Long: `restore checks a backup, sets the present database aside, and puts a copy of the backup in
its place. Nothing is deleted, and the backup stays. It needs the service to be stopped.

Messages that were not sent as of the backup may have been sent since: they are marked as
possible repeats.`,
		Args: cobra.ExactArgs(1),
		RunE: restore,
	}
	addJSON(c)
	return c
}

// restored is what a restore did, as scripts read it.
type restored struct {
	Database string `json:"database"`
	From     copied `json:"from"`
	Aside    string `json:"aside"` // empty: there was no database
	Repeats  int64  `json:"possible_repeats"`
}

func restore(c *cobra.Command, args []string) error {
	database, _, err := databaseOf(c)
	if err != nil {
		return err
	}
	began := time.Now()
	done, err := store.Restore(c.Context(), database, args[0], began)
	if err != nil {
		return storageError(err)
	}
	done.From.Took = time.Since(began)
	if asJSON(c) {
		return writeJSON(c.OutOrStdout(), restored{done.Path, newCopied(&done.From, nil), done.Aside, done.Repeats})
	}
	c.Printf("%s is now a copy of %s: %s\n", done.Path, done.From.Path, size(done.From.Bytes))
	if at := done.From.Last; !at.IsZero() {
		c.Printf("its last result was stored at %s\n", at.Format(time.RFC3339))
	}
	if done.Aside != "" {
		c.Printf("the database from before lies in %s; remove it when nobody needs it any more\n", done.Aside)
	}
	if done.Repeats > 0 {
		c.Printf("%s marked as possible repeats\n", report.Count(int(done.Repeats), "message"))
	}
	return nil
}
