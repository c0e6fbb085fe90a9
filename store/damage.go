package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// DamagedError says that a database of sonde's cannot be read any more.
type DamagedError struct {
	Path string
	Why  error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("database %s is damaged: %v; restore a backup, it has been left as it is", e.Path, e.Why)
}

// Unwrap is why.
func (e *DamagedError) Unwrap() error { return e.Why }

// checkAtOnce is up to which size a database is checked before the service begins, even
// if all that was written is there: 32 MiB take less than a tenth of a second.
const checkAtOnce = 32 << 20

// check has SQLite look for damage: quick_check, or integrity_check, which also compares
// every index with its table.
func check(ctx context.Context, q querier, path, how string) error {
	rows, err := q.QueryContext(ctx, "PRAGMA "+how+"(10)")
	if err != nil {
		return describe(path, err)
	}
	defer func() { _ = rows.Close() }()
	var found []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return describe(path, err)
		}
		found = append(found, line)
	}
	if err := rows.Err(); err != nil {
		return describe(path, err)
	}
	if len(found) == 1 && found[0] == "ok" {
		return nil
	}
	return &DamagedError{path, fmt.Errorf("%s: %s", how, strings.Join(found, "; "))}
}

// contentDamage makes damage of an error that is not of the outside: what was written was
// read, and is not what was written; or a table is not as our steps have made it.
func contentDamage(ctx context.Context, path string, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	if _, ok := errors.AsType[*DamagedError](err); ok {
		return err
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code()&0xff != sqlite3.SQLITE_ERROR {
		return err
	}
	return &DamagedError{path, err}
}

// errForgotten says that there were checkpoints, and that the states cannot be found
// without them.
var errForgotten = errors.New("no checkpoint of the states can be read, and the log behind them does not reach back to its beginning")

// reachesBack is called when there are checkpoints and none can be read. The log alone
// gives the states only if it is whole.
func reachesBack(ctx context.Context, q querier) error {
	var first sql.NullInt64
	if err := q.QueryRowContext(ctx, "SELECT min(seq) FROM log").Scan(&first); err != nil {
		return err
	}
	if first.Int64 != 1 {
		return errForgotten
	}
	return nil
}

// asideTime is how moments stand in names of files.
const asideTime = "20060102T150405Z"

// Damaged databases that were set aside are named so; the oldest of more than keepAside go.
const (
	corruptInfix = ".corrupt-"
	keepAside    = 3

	restoreInfix = ".before-restore-" // what a restore sets aside; it stays
)

// asides are the damaged databases that lie beside one, the oldest first.
func asides(path string) []string {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil
	}
	var found []string
	for _, e := range entries {
		when, ok := strings.CutPrefix(e.Name(), filepath.Base(path)+corruptInfix)
		if !ok {
			continue
		}
		when, _, _ = strings.Cut(when, "-")
		if name := path + corruptInfix + when; !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

// stillAside are those of them that nobody has removed: the database, or the log if
// that was all there was to set aside.
func stillAside(path string) []string {
	var still []string
	for _, name := range asides(path) {
		if files := trio(name)[:2]; slices.ContainsFunc(files, exists) {
			still = append(still, files[slices.IndexFunc(files, exists)])
		}
	}
	return still
}

// asideName is a name under which nothing lies yet.
func asideName(path, infix string, now time.Time) string {
	for {
		name := path + infix + now.UTC().Format(asideTime)
		if !slices.ContainsFunc(trio(name), exists) {
			return name
		}
		now = now.Add(time.Second)
	}
}

// setAside renames the files of a database. It reports whether there were any.
func setAside(path, name string) (bool, error) {
	moved := false
	for i, file := range trio(path) {
		err := os.Rename(file, trio(name)[i])
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return moved, fmt.Errorf("set aside: %w", err)
		}
		moved = true
	}
	return moved, syncFolder(filepath.Dir(path))
}

// takeLeftovers moves what lies beside the place of a database to the database that was
// moved from there last, and was cut off from it by a crash.
func takeLeftovers(path string) error {
	left := trio(path)[1:]
	if !slices.ContainsFunc(left, exists) {
		return nil
	}
	name := asideName(path, corruptInfix, time.Now())
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("set aside: %w", err)
	}
	latest := ""
	for _, e := range entries {
		for _, infix := range []string{corruptInfix, restoreInfix} {
			when, ok := strings.CutPrefix(e.Name(), filepath.Base(path)+infix)
			if ok && !strings.Contains(when, "-") && when > latest && !exists(filepath.Join(filepath.Dir(path), e.Name()+"-wal")) {
				latest, name = when, filepath.Join(filepath.Dir(path), e.Name())
			}
		}
	}
	_, err = setAside(path, name)
	return err
}

// pruneAsides removes all but the newest of the damaged databases that were set aside.
func pruneAsides(path string) error {
	found := asides(path)
	for _, name := range found[:max(0, len(found)-keepAside)] {
		if err := removeTrio(name); err != nil {
			return fmt.Errorf("remove an old damaged database: %w", err)
		}
	}
	return nil
}

func removeTrio(path string) error {
	for _, file := range trio(path) {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
