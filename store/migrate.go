package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"sonde/migrations"
)

// applicationID marks a database as sonde's: "sond".
const applicationID = 0x736f6e64

// NewerError says that a newer sonde has written the database.
type NewerError struct {
	Path        string
	Found, Know int // versions of the schema
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("database %s has schema %d and this sonde knows %d; run the newer sonde, or restore a backup", e.Path, e.Found, e.Know)
}

// ForeignError says that a file is not a database of sonde's.
type ForeignError struct {
	Path string
	Why  string
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("%s is not a database of sonde's: %s; name another file, it has been left as it is", e.Path, e.Why)
}

// version returns the schema's version; 0 for an empty database. It refuses a
// foreign database, and one that is newer than the versions that are known.
func version(ctx context.Context, db querier, path string, known int) (int, error) {
	var id, version, tables int
	err := db.QueryRowContext(ctx, "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)").
		Scan(&id, &version, &tables)
	switch {
	case err != nil:
		return 0, describe(path, err)
	case id == applicationID && version == 0 && tables > 0:
		return 0, &DamagedError{path, errors.New("it has tables, and no version of its schema")}
	case id == applicationID && version > known:
		return 0, &NewerError{path, version, known}
	case id == applicationID:
		return version, nil
	case id == 0 && version == 0 && tables == 0:
		return 0, nil
	}
	return 0, &ForeignError{path, fmt.Sprintf("its application id is %#x", id)}
}

// migrate brings the schema up to date, a transaction per step. A database that has
// something in it is copied first.
func migrate(ctx context.Context, db *sql.DB, path string) error {
	steps, err := migrations.Steps()
	if err != nil {
		return err
	}
	return migrateBy(ctx, db, path, steps)
}

func migrateBy(ctx context.Context, db *sql.DB, path string, steps []migrations.Step) error {
	found, err := version(ctx, db, path, len(steps))
	if err != nil {
		return err
	}
	if found > 0 && found < len(steps) {
		if err := keepBefore(ctx, path, found); err != nil {
			return fmt.Errorf("migrate %s from schema %d: copy it before: %w", path, found, err)
		}
	}
	for _, step := range steps[found:] {
		if err := apply(ctx, db, step); err != nil {
			return fmt.Errorf("migrate %s to %s: %w", path, step.Name, err)
		}
	}
	return nil
}

// spareRoom is what a migration needs beside the copy: its write-ahead log.
const spareRoom = 16 << 20

// keepBefore copies a database before its schema changes, one copy per version: the
// newest, should a migration be repeated. Without room for the copy there is none for
// the migration either, so that it is refused.
func keepBefore(ctx context.Context, path string, found int) error {
	var size int64
	for _, file := range trio(path)[:2] {
		if info, err := os.Stat(file); err == nil {
			size += info.Size()
		}
	}
	left, err := free(filepath.Dir(path))
	if err != nil {
		return err
	}
	if err := checkRoom(filepath.Dir(path), size, left); err != nil {
		return err
	}
	_, err = copyInto(ctx, path, fmt.Sprintf("%s.before-%d", path, found), 0)
	return err
}

// checkRoom refuses a migration of a database for which a folder has too little left.
func checkRoom(folder string, size, left int64) error {
	if need := 2*size + spareRoom; left < need {
		return fmt.Errorf("%s has %d MiB left, and copy and migration need %d MiB; free as much, or run the sonde from before", folder, left>>20, need>>20)
	}
	return nil
}

func apply(ctx context.Context, db *sql.DB, step migrations.Step) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	script := step.SQL + fmt.Sprintf("\nPRAGMA application_id = %d;\nPRAGMA user_version = %d;", applicationID, step.Version)
	if _, err := tx.ExecContext(ctx, script); err != nil {
		return err
	}
	rows, err := tx.QueryContext(ctx, "PRAGMA foreign_key_check")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	if rows.Next() {
		return fmt.Errorf("foreign keys would be broken")
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return tx.Commit()
}
