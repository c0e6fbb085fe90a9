// Package migrations holds the SQL that builds the database.
//
// A file is named NNNN_what.sql and takes the schema from version NNNN-1 to NNNN.
// Files are only ever added: one that was released is never changed again.
package migrations

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
)

//go:embed *.sql
var files embed.FS

// Step takes the schema to a version.
type Step struct {
	Version int // 1, 2, 3, ... without gaps
	Name    string
	SQL     string
}

// Steps returns every step, in order.
func Steps() ([]Step, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	slices.Sort(names)
	steps := make([]Step, 0, len(names))
	for i, name := range names {
		var version int
		if _, err := fmt.Sscanf(name, "%04d_", &version); err != nil || version != i+1 {
			return nil, fmt.Errorf("migration %s should be number %04d", name, i+1)
		}
		sql, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read migration %s: %w", name, err)
		}
		steps = append(steps, Step{version, name, string(sql)})
	}
	return steps, nil
}
