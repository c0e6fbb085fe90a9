package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"time"

	"modernc.org/sqlite"
)

// walLimit is the size to which SQLite cuts the write-ahead log back.
const walLimit = 64 << 20

// dsn builds the address of a database. Only keys that the driver checks are used: it
// ignores a misspelt _pragma in silence, which is why settings are read back as well.
func dsn(path string, query url.Values) string {
	u := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: query.Encode()}
	return u.String()
}

func openWriter(ctx context.Context, path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn(path, url.Values{
		"_busy_timeout": {"5000"},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"_foreign_keys": {"on"},
		"_txlock":       {"immediate"},
		"_dqs":          {"0"},
		"_defensive":    {"1"},
		"_pragma":       {fmt.Sprintf("journal_size_limit(%d)", walLimit), "trusted_schema(0)"},
	}))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	db.SetConnMaxLifetime(0)
	db.SetConnMaxIdleTime(0)
	if err := keepWAL(ctx, db); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

func openReader(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn(path, url.Values{
		"mode":          {"ro"},
		"_query_only":   {"1"},
		"_busy_timeout": {"5000"},
		"_dqs":          {"0"},
	}))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	db.SetConnMaxIdleTime(time.Minute)
	return db, nil
}

// keepWAL leaves the write-ahead log in place when the service stops: without it a
// user who may not write the folder could not read the database.
func keepWAL(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return conn.Raw(func(c any) error {
		control, ok := c.(sqlite.FileControl)
		if !ok {
			return fmt.Errorf("the sqlite driver cannot keep the write-ahead log")
		}
		_, err := control.FileControlPersistWAL("main", 1)
		return err
	})
}

// verify reads the settings back: a database that is not durable must not be used as
// if it were.
func verify(ctx context.Context, db *sql.DB) error {
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"} {
		var got string
		if err := db.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil {
			return fmt.Errorf("read pragma %s: %w", pragma, err)
		}
		if !strings.EqualFold(got, want) {
			return fmt.Errorf("pragma %s is %s and must be %s: the file system may not support it", pragma, got, want)
		}
	}
	return nil
}
