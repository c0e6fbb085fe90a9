package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// birthPath is where a new database is made.
func birthPath(path string) string { return path + ".new" }

// bear makes a new database at a path where there is none, whole or not at all: SQLite
// makes its first page under a rollback journal, and a power cut there would leave a file
// that nobody could open to read.
func (s *Store) bear(ctx context.Context) (err error) {
	born := &Store{path: birthPath(s.path)}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("make database: %w", err), born.closeDB(), removeBirth(born.path))
		}
	}()
	if err := errors.Join(removeBirth(born.path), create(born.path)); err != nil {
		return err
	}
	if err := born.openDB(ctx); err != nil {
		return err
	}
	if err := born.seal(ctx); err != nil {
		return err
	}
	// What lies beside an empty file, or beside none, belongs to no database: SQLite would
	// remove it too.
	if err := removeBirth(s.path); err != nil {
		return err
	}
	if err := os.Rename(born.path, s.path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(s.path))
}

// removeBirth removes what a birth that was cut short left.
func removeBirth(path string) error {
	if err := os.Remove(path + "-journal"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return removeTrio(path)
}
