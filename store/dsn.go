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

const (
	// pageSize is that of new databases; one that exists keeps its own. A commit rewrites
	// some pages for the sake of a few bytes in each, so that small ones cost less: 149, 111
	// and 94 bytes were written per result with pages of 4, 2 and 1 KiB when that was chosen
	// (97 now, behind a month). The price is that quick_check takes twice the time.
	pageSize = 1 << 10

	walBack  = 4 << 20  // bytes in the write-ahead log after which they are written back, whatever the size of pages
	walLimit = 64 << 20 // the size to which SQLite cuts the log back

	// Pages that a connection keeps in memory of its own, in KiB. They lie in the page cache of
	// the system, too, and one of 1 KiB takes 2 here. The writer's hold what a transaction
	// changes, which of compaction is 256 KB at a time; a reader goes through most pages once.
	// SQLite's own 2000 came to 3 MB per connection.
	writerCache = 768
	readerCache = 256
)

// dsn builds the address of a database. Only keys that the driver checks are used: it
// ignores a misspelt _pragma in silence, which is why settings are read back as well.
func dsn(path string, query url.Values) string {
	u := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: query.Encode()}
	return u.String()
}

// keep is the setting that keeps so many KiB of pages.
func keep(kib int) string { return fmt.Sprintf("cache_size(-%d)", kib) }

func openWriter(path string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(dsn(path, url.Values{
		"_busy_timeout": {"5000"},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"_foreign_keys": {"on"},
		"_txlock":       {"immediate"},
		"_dqs":          {"0"},
		"_defensive":    {"1"},
		// The driver sets these before it sets the journal's mode, which makes the first page.
		"_pragma": {fmt.Sprintf("page_size(%d)", pageSize), fmt.Sprintf("journal_size_limit(%d)", walLimit), "trusted_schema(0)", keep(writerCache)},
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
		"_pragma":       {keep(readerCache)},
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
// database. They write it back by its bytes. database/sql may replace a connection, and
// each has to be told.
type walKeeper struct{ driver.Connector }

// Connect opens a connection, see [driver.Connector].
func (k walKeeper) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	control, ok := conn.(interface {
		sqlite.FileControl
		driver.QueryerContext
		driver.ExecerContext
	})
	if !ok {
		return nil, errors.Join(errors.New("the sqlite driver cannot keep the write-ahead log"), conn.Close())
	}
	if _, err := control.FileControlPersistWAL("main", 1); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	size, err := onlyNumber(ctx, control, "PRAGMA page_size")
	if err == nil {
		_, err = control.ExecContext(ctx, fmt.Sprintf("PRAGMA wal_autocheckpoint = %d", walBack/size), nil)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// onlyNumber is what a query gives that gives one number above zero.
func onlyNumber(ctx context.Context, conn driver.QueryerContext, query string) (int64, error) {
	rows, err := conn.QueryContext(ctx, query, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	row := make([]driver.Value, 1)
	if err := rows.Next(row); err != nil {
		return 0, err
	}
	n, ok := row[0].(int64)
	if !ok || n <= 0 {
		return 0, fmt.Errorf("%s gives %v, which is no number above 0", query, row[0])
	}
	return n, nil
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
