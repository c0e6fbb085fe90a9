package store

import (
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/migrations"
)

func TestTheWriterIsDurable(t *testing.T) {
	s := open(t, newPath(t))
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000",
		"journal_size_limit": "67108864", "trusted_schema": "0", "application_id": "1936682596",
	} {
		var got string
		require.NoError(t, s.db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
		require.Equal(t, want, got, pragma)
	}
	require.NoError(t, verify(t.Context(), s.db))
}

func TestADatabaseThatIsNotDurableIsRefused(t *testing.T) {
	durable := url.Values{"_busy_timeout": {"5000"}, "_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_foreign_keys": {"on"}}
	for name, tc := range map[string]struct{ key, value, complaint string }{
		"a rollback journal instead of WAL":   {"_journal_mode", "DELETE", "pragma journal_mode is delete and must be wal"},
		"a commit that a power cut may undo":  {"_synchronous", "NORMAL", "pragma synchronous is 1 and must be 2"},
		"references to nothing":               {"_foreign_keys", "off", "pragma foreign_keys is 0 and must be 1"},
		"a lock that is not waited for":       {"_busy_timeout", "0", "pragma busy_timeout is 0 and must be 5000"},
		"settings as they are without asking": {"", "", "must be"},
	} {
		t.Run(name, func(t *testing.T) {
			query := url.Values{}
			if tc.key != "" {
				for k, v := range durable {
					query[k] = v
				}
				query.Set(tc.key, tc.value)
			}
			db, err := sql.Open("sqlite", dsn(newPath(t), query))
			require.NoError(t, err)
			defer func() { require.NoError(t, db.Close()) }()
			require.ErrorContains(t, verify(t.Context(), db), tc.complaint)
		})
	}
}

func TestAPathIsTakenAsItIs(t *testing.T) {
	for _, name := range []string{"what?mode=memory", "50%25", "a#b", "with space", "per%cent", "한국.db", "a&b=c", `quo'te"`} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, name)
			s, err := Open(t.Context(), path, "", "here")
			require.NoError(t, err)
			require.NoError(t, s.Revise(t.Context(), &Revision{At: t0, Probes: []Probe{watched("a", 60e9)}, Memory: &Memory{}}))
			require.Equal(t, path, s.Path())
			require.NoError(t, s.Close())

			entries, err := os.ReadDir(folder)
			require.NoError(t, err)
			for _, e := range entries {
				require.Contains(t, []string{name, name + "-wal", name + "-shm", name + ".lock", name + ".stamp"}, e.Name())
			}
			snapshot, err := look(t, path).Snapshot(t.Context(), t0)
			require.NoError(t, err)
			require.Len(t, snapshot.Probes, 1)
		})
	}
}

func TestAFileThatIsNotOursIsLeftAsItIs(t *testing.T) {
	foreign := func(script string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			db, err := sql.Open("sqlite", dsn(path, url.Values{}))
			require.NoError(t, err)
			_, err = db.ExecContext(t.Context(), script)
			require.NoError(t, err)
			require.NoError(t, db.Close())
		}
	}
	for name, tc := range map[string]struct {
		make func(t *testing.T, path string)
		want any
	}{
		"a text file": {func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, []byte("dear diary, today I was not a database but a text of more than a hundred bytes, as files of SQLite have a header of that size\n"), 0o600))
		}, new(*ForeignError)},
		"a short text file": {func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, []byte("hi"), 0o600))
		}, new(*ForeignError)},
		"somebody's SQLite database":                        {foreign("CREATE TABLE pets(name TEXT)"), new(*ForeignError)},
		"an SQLite database that names another application": {foreign("PRAGMA application_id = 7; CREATE TABLE pets(name TEXT)"), new(*ForeignError)},
		"an SQLite database that counts its own versions":   {foreign("PRAGMA user_version = 3"), new(*ForeignError)},
		"a database of a newer sonde":                       {foreign("PRAGMA application_id = 1936682596; PRAGMA user_version = 999; CREATE TABLE future(x)"), new(*NewerError)},
	} {
		t.Run(name, func(t *testing.T) {
			path := newPath(t)
			tc.make(t, path)
			before, err := os.ReadFile(path)
			require.NoError(t, err)

			_, err = Open(t.Context(), path, "", "here")
			require.ErrorAs(t, err, tc.want)
			_, err = OpenReader(t.Context(), path)
			require.ErrorAs(t, err, tc.want)

			after, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, before, after)
			entries, err := os.ReadDir(filepath.Dir(path))
			require.NoError(t, err)
			require.Len(t, entries, 1, "nothing is left beside it")
		})
	}
}

func TestErrorsNameTheFileAndTheWayOut(t *testing.T) {
	require.EqualError(t, &NewerError{"/d/x.db", 9, 1}, "database /d/x.db has schema 9 and this sonde knows 1; run the newer sonde, or restore a backup")
	require.EqualError(t, &ForeignError{"/d/x.db", "it is empty"}, "/d/x.db is not a database of sonde's: it is empty; name another file, it has been left as it is")
	require.EqualError(t, &LockedError{"/d/x.db", 12}, "database /d/x.db is in use by another sonde (pid 12); stop that one, or name another database")
	require.EqualError(t, &LockedError{"/d/x.db", 0}, "database /d/x.db is in use by another sonde; stop that one, or name another database")

	_, err := Open(t.Context(), t.TempDir(), "", "here")
	require.ErrorAs(t, err, new(*ForeignError), "a folder is no database")
	_, err = Open(t.Context(), filepath.Join(t.TempDir(), "no", "such", "folder.db"), "", "here")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestAnEmptyFileIsANewDatabase(t *testing.T) {
	path := newPath(t)
	require.NoError(t, os.WriteFile(path, nil, 0o640))
	_, err := OpenReader(t.Context(), path)
	require.ErrorAs(t, err, new(*ForeignError), "there is nothing to read in it yet")
	s := open(t, path)
	known, memory, err := s.Load(t.Context())
	require.NoError(t, err)
	require.Empty(t, known)
	require.Empty(t, memory.States)
}

func TestAReaderMakesNoFile(t *testing.T) {
	path := newPath(t)
	_, err := OpenReader(t.Context(), path)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoFileExists(t, path)
}

func TestMigrationsHaveNoGapsAndBreakNothing(t *testing.T) {
	steps, err := migrations.Steps()
	require.NoError(t, err)
	require.NotEmpty(t, steps)
	for i, step := range steps {
		require.Equal(t, i+1, step.Version)
	}
	s := open(t, newPath(t))
	require.Equal(t, len(steps), count(t, s, "SELECT user_version FROM pragma_user_version"))
	require.Zero(t, count(t, s, "SELECT count(*) FROM pragma_foreign_key_check"))
	require.Zero(t, count(t, s, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' AND NOT strict"),
		"every table is strict")
}

func TestAStepThatBreaksReferencesIsUndone(t *testing.T) {
	s := open(t, newPath(t))
	before := count(t, s, "SELECT user_version FROM pragma_user_version")
	_, err := s.db.ExecContext(t.Context(), "PRAGMA foreign_keys = off")
	require.NoError(t, err)
	err = apply(t.Context(), s.db, migrations.Step{Version: before + 1, Name: "bad.sql", SQL: "CREATE TABLE extra(x); INSERT INTO timeline VALUES (1, 77, 0, 'opened', 'ok', 0);"})
	require.ErrorContains(t, err, "foreign keys")
	require.Equal(t, before, count(t, s, "SELECT user_version FROM pragma_user_version"))
	require.Zero(t, count(t, s, "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'"))
}

func TestALocationIsChosenOnceAndKept(t *testing.T) {
	path := newPath(t)
	for _, tc := range []struct{ configured, fallback, want string }{
		{"", "host-a", "host-a"},
		{"", "host-b", "host-a"}, // the host was renamed
		{"seoul-1", "host-b", "seoul-1"},
		{"", "host-b", "seoul-1"},
	} {
		s, err := Open(t.Context(), path, tc.configured, tc.fallback)
		require.NoError(t, err)
		name, err := s.Location(t.Context())
		require.NoError(t, err)
		require.Equal(t, tc.want, name)
		require.NoError(t, s.Close())
	}
}
