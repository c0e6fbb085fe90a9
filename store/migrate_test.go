package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/migrations"
)

// stepsFromOne are all steps there are; a made-up one follows while there is only the first.
func stepsFromOne() ([]migrations.Step, error) {
	steps, err := migrations.Steps()
	if len(steps) == 1 {
		steps = append(steps, migrations.Step{Version: 2, Name: "0002_made_up.sql", SQL: `
			CREATE TABLE ledger_new (id INTEGER PRIMARY KEY, probe INTEGER NOT NULL REFERENCES probes(id), location INTEGER NOT NULL REFERENCES locations(id),
				first INTEGER NOT NULL, last INTEGER NOT NULL, step INTEGER NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL, note TEXT NOT NULL DEFAULT '') STRICT;
			INSERT INTO ledger_new(id, probe, location, first, last, step, outcome, reason) SELECT id, probe, location, first, last, step, outcome, reason FROM ledger;
			DROP TABLE ledger;
			ALTER TABLE ledger_new RENAME TO ledger;
			CREATE INDEX ledger_last ON ledger(last);`})
	}
	return steps, err
}

// migrateAll brings a database up to date, as opening it does.
func migrateAll(ctx context.Context, path string) error {
	steps, err := stepsFromOne()
	if err != nil {
		return err
	}
	db, err := openWriter(path)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return migrateBy(ctx, db, path, steps)
}

// largeLedger is how many rows make a migration take a while.
func largeLedger() int { return times(60_000, 6000) }

// largeSchemaOne is the database of schema 1, with so much in it that a migration takes a while.
func largeSchemaOne(t *testing.T) string {
	t.Helper()
	path := copyOf(t, filepath.Join("testdata", "schema-1.db"))
	db, err := openWriter(path)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO ledger(probe, location, first, last, step, outcome, reason) SELECT 1, 1, i * 60000, i * 60000, 60000, 'bad', 'server_error' FROM n`, largeLedger())
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	return path
}

func TestAMigrationThatIsKilledHasHappenedOrHasNot(t *testing.T) {
	t.Parallel()
	steps, err := stepsFromOne()
	require.NoError(t, err)
	large, err := os.ReadFile(largeSchemaOne(t))
	require.NoError(t, err)
	fresh := func() string {
		path := newPath(t)
		require.NoError(t, os.WriteFile(path, large, 0o640))
		return path
	}
	path := fresh()
	began := time.Now()
	said, _, end := process(t, "migrate", path, nil)
	end()
	require.Equal(t, "<nil>", said)
	takes := time.Since(began)

	rnd := rand.New(rand.NewPCG(40, 40))
	at := map[int]int{}
	kills, ended := times(40, 6), 0
	for n := 0; n < kills; {
		path := fresh()
		if killedAt(t, path, time.Duration(rnd.Int64N(int64(takes)))) {
			n++
		} else {
			ended++
			takes -= takes / 10 // the machine is faster by now
		}
		at[requireWhole(t, path, len(steps))]++
	}
	t.Logf("a migration takes %v; %d were killed, %d ended before; versions after: %v", takes, kills, ended, at)
}

// killedAt begins a migration and kills it after a while. It reports whether it was still
// going on.
func killedAt(t *testing.T, path string, after time.Duration) bool {
	t.Helper()
	cmd := command("migrate", path)
	require.NoError(t, cmd.Start())
	<-time.After(after)
	_ = cmd.Process.Kill() // it may have ended
	return cmd.Wait() != nil
}

// requireWhole checks that a database is entirely of the first or of the newest version.
// It returns which.
func requireWhole(t *testing.T, path string, newest int) int {
	t.Helper()
	db, err := openWriter(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	found, err := version(t.Context(), db, path, newest)
	require.NoError(t, err)
	require.Positive(t, found)
	require.NoError(t, check(t.Context(), db, path, "integrity_check"))
	var rows, extra int
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*), (SELECT count(*) FROM sqlite_schema WHERE name LIKE '%\\_new' ESCAPE '\\') FROM ledger").Scan(&rows, &extra))
	require.Greater(t, rows, largeLedger())
	require.Zero(t, extra, "no step is half done")
	before := fmt.Sprintf("%s.before-1", path)
	if exists(before) {
		made, err := prove(t.Context(), before)
		require.NoError(t, err, "a copy that has its name is whole")
		require.Equal(t, 1, made.Schema)
	}
	require.True(t, found == 1 || exists(before), "no step is made without a copy")
	return found
}

func TestADatabaseIsCopiedBeforeItsSchemaChanges(t *testing.T) {
	path := copyOf(t, filepath.Join("testdata", "schema-1.db"))
	require.NoError(t, migrateAll(t.Context(), path))
	made, err := prove(t.Context(), path+".before-1")
	require.NoError(t, err)
	require.Equal(t, 1, made.Schema)
	require.NoError(t, migrateAll(t.Context(), path), "once is enough")

	fresh := newPath(t)
	require.NoError(t, create(fresh))
	require.NoError(t, migrateAll(t.Context(), fresh))
	entries, err := os.ReadDir(filepath.Dir(fresh))
	require.NoError(t, err)
	for _, e := range entries {
		require.NotContains(t, e.Name(), "before", "a new database has nothing to copy")
	}
}

func TestAMigrationWithoutRoomForACopyIsRefused(t *testing.T) {
	const mebi = 1 << 20
	require.NoError(t, checkRoom("/d", 100*mebi, 216*mebi))
	require.EqualError(t, checkRoom("/d", 100*mebi, 215*mebi), "/d has 215 MiB left, and copy and migration need 216 MiB; free as much, or run the sonde from before")
}
