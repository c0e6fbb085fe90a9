package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Store is the one writer of a database.
type Store struct {
	path     string
	db       *sql.DB
	lock     *lock
	location int64

	stamped   bool // it was opened, so that closing it ends well
	unchecked bool // see Unchecked
	doubtful  bool // see Doubtful

	loaded atomic.Pointer[loaded] // what opening has read; nil once it is taken, or not true any more

	health

	marker marker
	span   time.Duration // of the log that becomes chunks together

	packFrom int             // how many rows are packed together at least; 0: packFrom
	proved   [2]atomic.Int64 // the packs that compaction looked at last, of ledger and grids

	filled atomic.Pointer[string]  // the revision whose thresholds of latency have been looked for in all results
	summed atomic.Pointer[string]  // what the sums of days were last made of
	lender atomic.Pointer[lending] // of the states, see Borrow; nil: nobody

	hook func() // of tests: before compaction changes anything
	step int    // of tests: rows that compaction deletes at a time; 0: as many as time allows
}

// querier is what reading needs: a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// create makes an empty file that others than the owner's group cannot read.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o640)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// openDB opens the database, whose schema is up to date then.
func (s *Store) openDB(ctx context.Context) error {
	db, err := openWriter(s.path)
	if err != nil {
		return describe(s.path, err)
	}
	s.db = db
	if err := verify(ctx, db); err != nil {
		return fmt.Errorf("open database: %w", describe(s.path, err))
	}
	return migrate(ctx, db, s.path)
}

// sizeOf is the size of a database's file. SQLite opens what is no file, and then fails
// in strange ways.
func sizeOf(path string) (int64, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return 0, fmt.Errorf("open database: %w", err)
	case !info.Mode().IsRegular():
		return 0, &ForeignError{path, "it is no file but something else, such as a folder"}
	}
	return info.Size(), nil
}

// describe says what an error of SQLite's means for the person who named the file.
func describe(path string, err error) error {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_NOTADB:
			if ours(path) {
				return &DamagedError{path, err}
			}
			return &ForeignError{path, "it is not an SQLite database"}
		case sqlite3.SQLITE_CORRUPT:
			return &DamagedError{path, err}
		case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
			return fmt.Errorf("database %s cannot be opened: %w; check that the file, its folder and the files beside it may be read and written", path, err)
		}
	}
	if _, known := errors.AsType[*DamagedError](err); known {
		return err
	}
	if errors.Is(err, errForgotten) || errors.Is(err, errPacked) {
		return &DamagedError{path, err}
	}
	return fmt.Errorf("database %s: %w", path, err)
}

// chooseLocation finds the id of this prober's place, which is chosen once and kept.
func (s *Store) chooseLocation(ctx context.Context, name, fallback string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		if name == "" {
			err := tx.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = 'location'").Scan(&name)
			if errors.Is(err, sql.ErrNoRows) {
				name = fallback
			} else if err != nil {
				return err
			}
		}
		if err := setMeta(ctx, tx, "location", name); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO locations(name) VALUES (?) ON CONFLICT DO NOTHING", name); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT id FROM locations WHERE name = ?", name).Scan(&s.location)
	})
}

// Started notes that a service of a version has begun to write.
func (s *Store) Started(ctx context.Context, version string, at time.Time) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		if err := setMeta(ctx, tx, "version", version); err != nil {
			return err
		}
		return setMeta(ctx, tx, "started_at", at.UTC().Format(time.RFC3339Nano))
	})
}

func setMeta(ctx context.Context, tx *sql.Tx, key, value string) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO meta(key, value) VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value", key, value)
	return err
}

// Path is where the database is.
func (s *Store) Path() string { return s.path }

// Location is the name of this prober's place.
func (s *Store) Location(ctx context.Context) (name string, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT name FROM locations WHERE id = ?", s.location).Scan(&name)
	return name, err
}

// Tidy writes the log back into the database, and forgets what nobody asks for any
// more: messages sent a month ago, counts of classes of the day before yesterday.
func (s *Store) Tidy(ctx context.Context, now time.Time) error {
	err := s.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM outbox WHERE state IN ('sent', 'superseded', 'expired', 'dropped') AND settled_at < ?", now.AddDate(0, -1, 0).UnixMilli()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM classes WHERE bucket < ?", now.Add(-48*time.Hour).UnixMilli())
		return err
	})
	if err != nil {
		return err
	}
	db, done := s.pool()
	defer done()
	_, err = db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

// Close ends writing and gives the lock back.
func (s *Store) Close() error {
	errs := []error{s.closeDB()}
	reached, err := s.marker.close()
	if errs = append(errs, err); s.stamped && errs[0] == nil {
		errs = append(errs, writeStamp(s.path, stamp{clean: true, mark: reached}))
	}
	s.stamped = false
	if s.lock != nil {
		errs = append(errs, s.lock.release())
	}
	return errors.Join(errs...)
}

func (s *Store) closeDB() error {
	if s.db == nil {
		return nil
	}
	return s.db.Close()
}
