package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"sonde/configs"
	"sonde/report"
	"sonde/store"
)

func newBackup() *cobra.Command {
	c := &cobra.Command{
		Use:   "backup [FILE|FOLDER]",
		Short: "Copy the database, beside a running service or without one",
		Long: `backup copies the database as it is at one moment into a new file, checks the copy, and
only then gives it its name. A file that is there is never overwritten. Into a folder the
copy is called sonde-<time>.db; without an argument it goes into the folder that the
configuration names for backups, or else beside the database.

--keep N removes all but the newest N copies of such names from the folder.`,
		Args: cobra.MaximumNArgs(1),
		RunE: backup,
	}
	c.Flags().Int("keep", 0, "remove all but so many copies from the folder (default: none are removed)")
	addJSON(c)
	return c
}

// copied is a backup as scripts read it.
type copied struct {
	Path      string     `json:"path"`
	Bytes     int64      `json:"bytes"`
	TookMS    int64      `json:"took_ms"`
	Schema    int        `json:"schema"`
	LastWrite *time.Time `json:"last_write_at"`
	Removed   []string   `json:"removed"`
}

func newCopied(made *store.Copy, removed []string) copied {
	c := copied{Path: made.Path, Bytes: made.Bytes, TookMS: made.Took.Milliseconds(), Schema: made.Schema, Removed: append([]string{}, removed...)}
	if !made.Last.IsZero() {
		c.LastWrite = &made.Last
	}
	return c
}

func backup(c *cobra.Command, args []string) error {
	keep, _ := c.Flags().GetInt("keep")
	if keep < 0 {
		return fmt.Errorf("--keep %d is negative; name how many copies stay", keep)
	}
	database, configured, err := databaseOf(c)
	if err != nil {
		return err
	}
	file, folder := backupPlace(database, configured, args, time.Now())
	if keep > 0 && folder == "" {
		return fmt.Errorf("--keep needs a folder, and %s is a file; name its folder", file)
	}
	made, err := store.Backup(c.Context(), database, file)
	if err != nil {
		return storageError(err)
	}
	var removed []string
	if keep > 0 {
		if removed, err = store.PruneBackups(folder, keep); err != nil {
			return storageError(err)
		}
	}
	if asJSON(c) {
		return writeJSON(c.OutOrStdout(), newCopied(made, removed))
	}
	c.Printf("%s: %s, in %s\n", made.Path, size(made.Bytes), made.Took.Round(time.Millisecond))
	for _, path := range removed {
		c.Printf("removed %s\n", path)
	}
	return nil
}

// databaseOf is the database that the flags or the configuration name, and the
// configuration if it was needed.
func databaseOf(c *cobra.Command) (path string, config *configs.Config, err error) {
	if path, _ = c.Flags().GetString("db"); path != "" {
		return path, nil, nil
	}
	if config, err = loadConfig(c, false); err != nil {
		return "", nil, err
	}
	return config.Database, config, nil
}

// backupPlace is the file that a copy becomes, and its folder if the name is ours.
func backupPlace(database string, config *configs.Config, args []string, now time.Time) (file, folder string) {
	switch {
	case len(args) == 1:
		if info, err := os.Stat(args[0]); err != nil || !info.IsDir() {
			return args[0], ""
		}
		folder = args[0]
	case config != nil && config.Backup != nil:
		folder = config.Backup.Folder
	default:
		folder = filepath.Dir(database)
	}
	return filepath.Join(folder, store.BackupName(now)), folder
}

// size is a number of bytes as people read it.
func size(bytes int64) string {
	const mebi = 1 << 20
	if bytes < mebi {
		return fmt.Sprintf("%.1f KiB", float64(bytes)/1024)
	}
	return fmt.Sprintf("%.1f MiB", float64(bytes)/mebi)
}

// scheduleBackups has copies made as the configuration says.
func (s *service) scheduleBackups(plan *configs.Backup) error {
	if plan == nil {
		return nil
	}
	return s.scheduler.Upkeep("backup", s.pace.backup, func(ctx context.Context) {
		if err := s.backUp(ctx, plan, time.Now()); err != nil {
			s.log.Error("backup not made", "folder", plan.Folder, "err", err)
		}
	})
}

// backUp makes a copy if one is due, and removes those that are not kept any more.
func (s *service) backUp(ctx context.Context, plan *configs.Backup, now time.Time) error {
	if err := os.Mkdir(plan.Folder, 0o750); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	latest, err := store.LatestBackup(plan.Folder)
	if err != nil {
		return err
	}
	if age := now.Sub(latest); age >= 0 && age < plan.Every {
		return nil
	}
	made, err := store.Backup(ctx, s.store.Path(), filepath.Join(plan.Folder, store.BackupName(now)))
	if err != nil {
		return err
	}
	s.log.Info("backup made", "path", made.Path, "bytes", made.Bytes, "dur", made.Took)
	if err := s.store.BackedUp(ctx, now); err != nil {
		return err
	}
	removed, err := store.PruneBackups(plan.Folder, plan.Keep)
	if len(removed) > 0 {
		s.log.Info("old backups removed", "backups", report.Count(len(removed), "file"))
	}
	return err
}
