package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
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

func openWriter(path string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(dsn(path, url.Values{
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
	db := sql.OpenDB(walKeeper{connector})
	db.SetMaxOpenConns(1)
	db.SetConnMaxLifetime(0)
	db.SetConnMaxIdleTime(0)
	return db, nil
}

func openReader(path string) (*sql.DB, error) {
	query := url.Values{
		"mode":          {"ro"},
		"_query_only":   {"1"},
		"_busy_timeout": {"5000"},
		"_dqs":          {"0"},
	}
	// A copy that lies alone, where nobody may write, has no log beside it and can get
	// none. Nobody writes it either, and then SQLite may be told so.
	if _, err := os.Stat(path + "-wal"); errors.Is(err, os.ErrNotExist) && !Running(path) {
		query.Set("immutable", "1")
	}
	db, err := sql.Open("sqlite", dsn(path, query))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	db.SetConnMaxIdleTime(time.Minute)
	return db, nil
}

// walKeeper makes connections that leave the write-ahead log in place when the
// service stops: without it a user who may not write the folder could not read the
// database. database/sql may replace a connection, and each has to be told.
type walKeeper struct{ driver.Connector }

// Connect opens a connection, see [driver.Connector].
func (k walKeeper) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	control, ok := conn.(sqlite.FileControl)
	if !ok {
		return nil, errors.Join(errors.New("the sqlite driver cannot keep the write-ahead log"), conn.Close())
	}
	if _, err := control.FileControlPersistWAL("main", 1); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
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
