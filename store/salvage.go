package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"sonde/incident"
	"sonde/probe"
)

// salvageWithin bounds how long a damaged database is read, so that the service begins
// before whoever started it gives up.
const salvageWithin = 30 * time.Second

// rebuild makes a fresh database that waits to take the place of a damaged one, with
// what can still be read of that. If nothing of that can be used, it is an empty one.
func rebuild(ctx context.Context, o *Options, damaged string, reached mark, lost *Loss) error {
	err := rebuildFrom(ctx, o, damaged, reached, lost)
	if err != nil && ctx.Err() == nil {
		lost.Incidents, lost.Probes = 0, 0
		err = rebuildFrom(ctx, o, "", reached, lost)
	}
	return err
}

func rebuildFrom(ctx context.Context, o *Options, damaged string, reached mark, lost *Loss) (err error) {
	fresh := &Store{path: freshPath(o.Path) + ".tmp"}
	if err := errors.Join(removeTrio(fresh.path), removeTrio(freshPath(o.Path))); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, fresh.closeDB(), removeTrio(fresh.path))
		}
	}()
	if err := create(fresh.path); err != nil {
		return err
	}
	if err := fresh.openDB(ctx); err != nil {
		return err
	}
	if damaged != "" {
		if err := fresh.salvage(ctx, damaged); err != nil {
			return err
		}
	}
	if err := fresh.chooseLocation(ctx, o.Location, o.Fallback); err != nil {
		return err
	}
	if err := fresh.settleStates(ctx, damaged, reached, lost); err != nil {
		return err
	}
	if err := fresh.seal(ctx); err != nil {
		return err
	}
	return os.Rename(fresh.path, freshPath(o.Path))
}

// salvage copies every row that can be read, table by table. The log and its checkpoints
// become one checkpoint later.
func (s *Store) salvage(ctx context.Context, damaged string) (err error) {
	defer func() { // a damaged file must not stop the service, whatever it does to the library
		if cause := recover(); cause != nil {
			err = fmt.Errorf("read the damaged database: %v", cause)
		}
	}()
	from, err := openReader(damaged)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	tables, err := tablesOf(ctx, s.db)
	if err != nil {
		return err
	}
	reading, cancel := context.WithTimeout(ctx, salvageWithin)
	defer cancel()
	return s.change(ctx, func(tx *sql.Tx) error {
		for _, table := range tables {
			if err := salvageTable(ctx, reading, from, tx, table); err != nil {
				return fmt.Errorf("table %s: %w", table, err)
			}
			if table == "probes" {
				if _, err := tx.ExecContext(ctx, "DELETE FROM probes WHERE id > 0 AND NOT json_valid(spec)"); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// tablesOf lists the tables that are copied, those first that others refer to, then what
// the time that there is must suffice for.
func tablesOf(ctx context.Context, db querier) ([]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT IN ('log', 'checkpoints', 'ledgerpacks', 'gridpacks') ORDER BY name")
	if err != nil {
		return nil, err
	}
	names, err := texts(rows)
	if err != nil {
		return nil, err
	}
	first := []string{"meta", "locations", "probes", "incidents", "threads", "outbox", "timeline", "grids", "ledger", "slow", "measures"}
	rank := func(name string) int {
		if i := slices.Index(first, name); i >= 0 {
			return i
		}
		return len(first)
	}
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	return names, nil
}

func texts(rows *sql.Rows) (all []string, err error) {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// salvageTable copies the rows of a table from its beginning, and if that breaks off,
// from its end as well. Only an error of the fresh database is one; when the time to read
// is over, the rest is left.
func salvageTable(ctx, reading context.Context, from *sql.DB, tx *sql.Tx, table string) error {
	columns, err := sharedColumns(ctx, reading, from, tx, table)
	if err != nil {
		return err
	}
	if len(columns) == 0 {
		return nil
	}
	list := strings.Join(columns, ", ")
	insert, err := tx.PrepareContext(ctx, "INSERT OR IGNORE INTO "+table+"("+list+") VALUES (?"+strings.Repeat(", ?", len(columns)-1)+")")
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }()
	query := "SELECT " + list + " FROM " + table
	if table == "outbox" {
		query += " WHERE state <> 'sent'"
	}
	insertRow := func(row []any) error {
		if _, err := insert.ExecContext(ctx, row...); err != nil && !isConstraint(err) {
			return err
		}
		return nil
	}
	whole, err := salvageRows(reading, from, query, len(columns), insertRow)
	if err != nil || whole {
		return err
	}
	_, err = salvageRows(reading, from, query+" ORDER BY rowid DESC", len(columns), insertRow)
	return err
}

// sharedColumns are the columns that a table has in both databases; none if the damaged
// one does not know.
func sharedColumns(ctx, reading context.Context, from *sql.DB, tx *sql.Tx, table string) ([]string, error) {
	const query = "SELECT name FROM pragma_table_info(?) ORDER BY cid"
	rows, err := tx.QueryContext(ctx, query, table)
	if err != nil {
		return nil, err
	}
	ours, err := texts(rows)
	if err != nil {
		return nil, err
	}
	if rows, err = from.QueryContext(reading, query, table); err != nil {
		return nil, nil
	}
	theirs, err := texts(rows)
	if err != nil {
		return nil, nil
	}
	return slices.DeleteFunc(ours, func(name string) bool { return !slices.Contains(theirs, name) }), nil
}

// salvageRows takes rows until there are no more, or none can be read any more.
func salvageRows(reading context.Context, from *sql.DB, query string, columns int, take func(row []any) error) (whole bool, err error) {
	rows, err := from.QueryContext(reading, query)
	if err != nil {
		return false, nil
	}
	defer func() { _ = rows.Close() }()
	row, into := make([]any, columns), make([]any, columns)
	for i := range row {
		into[i] = &row[i]
	}
	for rows.Next() {
		if rows.Scan(into...) != nil {
			return false, nil
		}
		if err := take(row); err != nil {
			return false, err
		}
	}
	return rows.Err() == nil, nil
}

// isConstraint reports whether a row was refused for what it holds.
func isConstraint(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code()&0xff == sqlite3.SQLITE_CONSTRAINT || e.Code()&0xff == sqlite3.SQLITE_MISMATCH || e.Code()&0xff == sqlite3.SQLITE_TOOBIG)
}

// settleStates writes the checkpoint that the fresh database goes on from, and what was
// lost.
func (s *Store) settleStates(ctx context.Context, damaged string, reached mark, lost *Loss) error {
	known, _, err := probes(ctx, s.db, nil)
	if err != nil {
		return err
	}
	m := salvageStates(ctx, damaged, known)
	if err := s.reconcile(ctx, m); err != nil {
		return err
	}
	m.reach(reached)
	lost.Probes = len(known)
	for _, state := range m.States {
		lost.Incidents += len(state.Problems)
	}
	return s.change(ctx, func(tx *sql.Tx) error {
		written, err := json.Marshal(lost)
		if err != nil {
			return err
		}
		if err := setMeta(ctx, tx, lostKey, string(written)); err != nil {
			return err
		}
		return s.addCheckpoint(ctx, tx, m.Checkpoint(), lost.At)
	})
}

// salvageStates reads the states as far as the damaged database still has them.
func salvageStates(ctx context.Context, damaged string, known []Probe) (m *Memory) {
	m = &Memory{States: map[probe.ID]*incident.State{}}
	if damaged == "" {
		return m
	}
	defer func() { _ = recover() }() // as far as they could be read until then
	from, err := openReader(damaged)
	if err != nil {
		return m
	}
	defer func() { _ = from.Close() }()
	read, err := lastCheckpoint(ctx, from)
	if err != nil {
		return m
	}
	m = read
	if err := m.replay(ctx, from, known); err != nil {
		_ = m.follower(known, placesOf(known)).follow(ctx, from) // as far as the log can be read
	}
	return m
}

// reconcile makes the states agree with the rows of incidents, which are newer where the
// log could not be read to its end: a resolve must find the incident that was told.
func (s *Store) reconcile(ctx context.Context, m *Memory) error {
	rows, err := s.db.QueryContext(ctx, "SELECT id, probe, kind, phase, severity, reason, status, codes, failures, openings, since, opened_at, recovered_at FROM incidents ORDER BY id")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		id, p, err := scanProblem(rows)
		if err != nil {
			continue // a row that says nothing we know
		}
		state := m.State(id)
		same := func(x incident.Problem) bool { return x.Kind == p.Kind || x.ID == p.ID }
		i := slices.IndexFunc(state.Problems, same)
		switch {
		case i >= 0 && state.Problems[i].ID == p.ID && p.Phase != incident.Closed:
		case p.Phase == incident.Closed:
			state.Problems = slices.DeleteFunc(state.Problems, func(x incident.Problem) bool { return x.ID == p.ID })
		default:
			state.Problems = append(slices.DeleteFunc(state.Problems, same), p)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	_ = rows.Close()
	var newest sql.NullInt64
	err = s.db.QueryRowContext(ctx, "SELECT max(id) FROM (SELECT max(id) AS id FROM incidents UNION ALL SELECT max(incident) FROM threads UNION ALL SELECT max(incident) FROM outbox)").Scan(&newest)
	if newest.Valid {
		m.IDs.Next = max(m.IDs.Next, incident.ID(newest.Int64+1))
	}
	return err
}

// scanProblem reads an incident as a state holds it.
func scanProblem(rows *sql.Rows) (id probe.ID, p incident.Problem, err error) {
	var kind, phase, severity, reason, codes string
	var status int
	var since, opened int64
	var recovered sql.NullInt64
	if err := rows.Scan(&p.ID, &id, &kind, &phase, &severity, &reason, &status, &codes, &p.Failures, &p.Openings, &since, &opened, &recovered); err != nil {
		return 0, p, err
	}
	var cause probe.Reason
	err = errors.Join(p.Kind.UnmarshalText([]byte(kind)), p.Phase.UnmarshalText([]byte(phase)), p.Severity.UnmarshalText([]byte(severity)), cause.UnmarshalText([]byte(reason)))
	if err != nil {
		return 0, p, err
	}
	p.Cause = probe.Miss(cause)
	if status > 0 {
		p.Cause.Status, p.Cause.Class = status, probe.ClassOf(status)
	}
	var counts map[int]int
	if err := json.Unmarshal([]byte(codes), &counts); err != nil {
		return 0, p, err
	}
	for code, n := range counts {
		p.Codes = append(p.Codes, incident.CodeCount{Code: int32(code), Count: int32(n)})
	}
	slices.SortFunc(p.Codes, func(a, b incident.CodeCount) int { return int(a.Code - b.Code) })
	p.Since, p.OpenedAt = instant(since), instant(opened)
	if recovered.Valid {
		p.RecoveredAt = instant(recovered.Int64)
		p.CloseAt = p.RecoveredAt.Add(time.Hour)
	}
	return id, p, nil
}
