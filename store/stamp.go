package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A stamp is a small file beside a database. It says that a database of sonde's lies
// there, even when that cannot say so itself any more, and whether it was closed by
// whoever wrote it last.
type stamp struct {
	found bool
	clean bool
}

const (
	stampTitle   = "A database of sonde's lies beside this file.\n"
	stampClosed  = "closed\n"
	stampWritten = "being written\n"
)

func stampPath(database string) string { return database + ".stamp" }

func readStamp(database string) (stamp, error) {
	content, err := os.ReadFile(stampPath(database))
	if errors.Is(err, fs.ErrNotExist) {
		return stamp{}, nil
	}
	if err != nil {
		return stamp{}, fmt.Errorf("read stamp: %w", err)
	}
	return stamp{found: true, clean: strings.HasSuffix(string(content), stampClosed)}, nil
}

// writeStamp replaces the stamp, whole or not at all.
func writeStamp(database string, clean bool) error {
	state := stampWritten
	if clean {
		state = stampClosed
	}
	tmp := stampPath(database) + ".tmp"
	if err := os.WriteFile(tmp, []byte(stampTitle+state), 0o640); err != nil {
		return fmt.Errorf("write stamp: %w", err)
	}
	if err := errors.Join(syncFile(tmp), os.Rename(tmp, stampPath(database)), syncFolder(filepath.Dir(database))); err != nil {
		return fmt.Errorf("write stamp: %w", err)
	}
	return nil
}

// suspectPath is the marker of a database in which damage was met while it was in use.
func suspectPath(database string) string { return database + ".suspect" }

// Suspect has the database at a path checked in full when it is opened next.
func Suspect(database string) error {
	if err := os.WriteFile(suspectPath(database), nil, 0o640); err != nil {
		return fmt.Errorf("mark database as suspect: %w", err)
	}
	return syncFolder(filepath.Dir(database))
}

// ours reports whether a file that can be no database any more once was one of sonde's:
// its stamp says so, or what is left of its header.
func ours(path string) bool {
	if exists(stampPath(path)) {
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	const at = 68 // of the application id (sqlite.org/fileformat.html)
	id := make([]byte, 4)
	_, err = f.ReadAt(id, at)
	return err == nil && string(id) == "sond"
}
