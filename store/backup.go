package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"sonde/migrations"
)

// backupKey is where the service notes when it last made a copy by itself.
const backupKey = "last_backup_at"

// Copy is a copy of a database that was made and proved.
type Copy struct {
	Path   string
	Bytes  int64
	Took   time.Duration
	Schema int
	Last   time.Time // when what is in it was last written; zero: never
}

// Backup copies the database at a path into a new file, beside a running service or
// without one. The copy is checked before it gets its name; if anything is wrong,
// nothing is left behind. A file that is there already is never overwritten.
func Backup(ctx context.Context, database, file string) (*Copy, error) {
	began := time.Now()
	database, err := locate(database)
	if err != nil {
		return nil, err
	}
	if file, err = filepath.Abs(file); err != nil {
		return nil, err
	}
	if exists(file) {
		return nil, fmt.Errorf("back up to %s: %w; name another file, this one is kept", file, os.ErrExist)
	}
	made, err := copyInto(ctx, database, file, unix.RENAME_NOREPLACE)
	if err != nil {
		return nil, fmt.Errorf("back up %s to %s: %w", database, file, err)
	}
	made.Took = time.Since(began)
	return made, nil
}

// copyInto makes a checked copy under a name of its own, and gives it its name at the end.
func copyInto(ctx context.Context, database, file string, flags uint) (made *Copy, err error) {
	if size, err := sizeOf(database); err != nil {
		return nil, err
	} else if size == 0 {
		return nil, &ForeignError{database, "it is empty"}
	}
	tmp := fmt.Sprintf("%s.%d.tmp", file, os.Getpid())
	defer func() {
		if err != nil {
			err = errors.Join(err, removeCopy(tmp))
		}
	}()
	f, err := os.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	if err := vacuumInto(ctx, database, tmp); err != nil {
		return nil, err
	}
	made, err = prove(ctx, tmp)
	if err != nil {
		return nil, fmt.Errorf("the copy: %w", err)
	}
	if err := syncFile(tmp); err != nil {
		return nil, err
	}
	if err := rename(tmp, file, flags); err != nil {
		return nil, err
	}
	made.Path = file
	return made, syncFolder(filepath.Dir(file))
}

func removeCopy(path string) error {
	for _, file := range append(trio(path), path+"-journal") {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// rename gives a file its name; with unix.RENAME_NOREPLACE, only if there is none of that
// name, as far as the file system can tell.
func rename(from, to string, flags uint) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, flags)
	if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) {
		return err
	}
	if flags != 0 && exists(to) {
		return os.ErrExist
	}
	return os.Rename(from, to)
}

// vacuumInto writes what the database at a path is at one moment into an empty file.
func vacuumInto(ctx context.Context, database, file string) error {
	db, err := openReader(database)
	if err != nil {
		return describe(database, err)
	}
	defer func() { _ = db.Close() }()
	steps, err := migrations.Steps()
	if err != nil {
		return err
	}
	if _, err := version(ctx, db, database, len(steps)); err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return describe(database, err)
	}
	defer func() { _ = conn.Close() }()
	// The copy is a write, though not of this database, which mode=ro still protects.
	if _, err := conn.ExecContext(ctx, "PRAGMA query_only = 0"); err != nil {
		return describe(database, err)
	}
	if _, err := conn.ExecContext(ctx, "VACUUM INTO ?", file); err != nil {
		return describe(database, err)
	}
	return nil
}

// prove makes sure that a file is a sound database that this sonde can go on with.
func prove(ctx context.Context, path string) (*Copy, error) {
	size, err := sizeOf(path)
	if err != nil {
		return nil, err
	}
	if size == 0 {
		return nil, &ForeignError{path, "it is empty"}
	}
	db, err := openReader(path)
	if err != nil {
		return nil, describe(path, err)
	}
	defer func() { _ = db.Close() }()
	steps, err := migrations.Steps()
	if err != nil {
		return nil, err
	}
	made := &Copy{Path: path, Bytes: size}
	if made.Schema, err = version(ctx, db, path, len(steps)); err != nil {
		return nil, err
	}
	if made.Schema == 0 {
		return nil, &ForeignError{path, "it is empty"}
	}
	if err := check(ctx, db, path, "quick_check"); err != nil {
		return nil, err
	}
	var at sql.NullInt64
	if err := db.QueryRowContext(ctx, lastWrite).Scan(&at); err != nil {
		return nil, describe(path, err)
	}
	if at.Valid {
		made.Last = instant(at.Int64)
	}
	if _, err := lastCheckpoint(ctx, db); err != nil {
		return nil, describe(path, err)
	}
	return made, nil
}

// BackupName is how a copy that is made now is called, where nobody says otherwise.
func BackupName(now time.Time) string { return "sonde-" + now.UTC().Format(asideTime) + ".db" }

var backupNames = regexp.MustCompile(`^sonde-\d{8}T\d{6}Z\.db$`)

// backups are the copies in a folder that have a name of [BackupName], the oldest first.
func backups(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && backupNames.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// LatestBackup is when the newest copy in a folder was made, by its name; zero if there
// is none.
func LatestBackup(folder string) (time.Time, error) {
	names, err := backups(folder)
	if err != nil || len(names) == 0 {
		return time.Time{}, err
	}
	return time.Parse("sonde-"+asideTime+".db", names[len(names)-1])
}

// PruneBackups removes all but the newest copies of a folder, and nothing that has
// another name than [BackupName] gives. It returns what it removed.
func PruneBackups(folder string, keep int) (removed []string, err error) {
	names, err := backups(folder)
	if err != nil {
		return nil, err
	}
	if err := removeUnfinished(folder, time.Now().Add(-24*time.Hour)); err != nil {
		return nil, err
	}
	for _, name := range names[:max(0, len(names)-max(1, keep))] {
		path := filepath.Join(folder, name)
		if err := os.Remove(path); err != nil {
			return removed, fmt.Errorf("remove an old backup: %w", err)
		}
		removed = append(removed, path)
	}
	return removed, nil
}

var unfinishedNames = regexp.MustCompile(`^sonde-\d{8}T\d{6}Z\.db\.\d+\.tmp$`)

// removeUnfinished removes copies that were begun before a moment and whose maker was
// killed.
func removeUnfinished(folder string, before time.Time) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !unfinishedNames.MatchString(e.Name()) {
			continue
		}
		if info, err := e.Info(); err == nil && info.ModTime().Before(before) {
			if err := removeCopy(filepath.Join(folder, e.Name())); err != nil {
				return fmt.Errorf("remove an unfinished backup: %w", err)
			}
		}
	}
	return nil
}

// BackedUp notes that the service has made a copy by itself.
func (s *Store) BackedUp(ctx context.Context, at time.Time) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		return setMeta(ctx, tx, backupKey, at.UTC().Format(time.RFC3339Nano))
	})
}
