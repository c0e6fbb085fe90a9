package store

import (
	"crypto/sha256"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// truth is what a database must hold after each chapter: index 0 is before the first.
type truth struct {
	chapters []chapter
	content  []map[string]string   // of each table
	between  [][]map[string]string // by chapter: before each of its steps
}

// tell lives a story on a database that is never cut short.
func tell(t *testing.T, length int) *truth {
	s := open(t, newPath(t))
	s.step = stepRows
	told := &truth{chapters: story(t, length), between: make([][]map[string]string, length)}
	told.content = append(told.content, content(t, s))
	incidents, steps := 0, 0
	for i, c := range told.chapters {
		if c.steps {
			r := look(t, s.path)
			want := resultsSince(t, r, c.since)
			s.hook = func() {
				told.between[i] = append(told.between[i], content(t, s))
				require.Equal(t, want, resultsSince(t, r, c.since), "%s, step %d", c.name, len(told.between[i]))
			}
		}
		require.NoError(t, c.do(t.Context(), s), c.name)
		if s.hook != nil {
			s.hook()
			s.hook = nil
		}
		told.content = append(told.content, content(t, s))
		incidents = max(incidents, count(t, s, "SELECT count(*) FROM incidents"))
		steps += len(told.between[i])
	}
	require.Greater(t, incidents, 10, "the story is not a quiet one")
	require.Positive(t, count(t, s, "SELECT count(*) FROM outbox WHERE state = 'sent'"))
	require.Positive(t, count(t, s, "SELECT count(*) FROM chunks"))
	require.Greater(t, steps, length/4, "history is made in many steps")
	return told
}

// resultsSince sums up all results that a reader finds from an instant on.
func resultsSince(t *testing.T, r *Reader, since time.Time) string {
	sum, n := sha256.New(), 0
	for id := range probe.ID(9) {
		require.NoError(t, r.Results(t.Context(), id, since, forever, func(in *incident.Input) error {
			n++
			_, err := fmt.Fprintln(sum, id, in.At, in.Verdict, in.Attempts, in.Timings)
			return err
		}))
	}
	return fmt.Sprintf("%d results, %x", n, sum.Sum(nil)[:8])
}

// memory is what must be remembered after n chapters.
func (tr *truth) memory(n int) *Memory {
	if n == 0 {
		return &Memory{States: map[probe.ID]*incident.State{}}
	}
	return tr.chapters[n-1].want
}

// content sums up the rows of each table. Of checkpoints, whose bytes are in no order,
// only which there are: what is in them is read by [Store.Load].
func content(t testing.TB, s *Store) map[string]string {
	sums := map[string]string{}
	for table := range strings.Lines(all(t, s, "SELECT name FROM sqlite_schema WHERE type = 'table'")) {
		table = strings.TrimSuffix(table, "\x1f\n")
		query := "SELECT * FROM " + table
		if table == "checkpoints" {
			query = "SELECT seq, location, at FROM checkpoints"
		}
		rows := all(t, s, query)
		sum := sha256.Sum256([]byte(rows))
		sums[table] = fmt.Sprintf("%d rows, %x", strings.Count(rows, "\x1f\n"), sum[:8])
	}
	return sums
}

// all is everything that a query finds.
func all(t testing.TB, s *Store, query string) string {
	t.Helper()
	rows, err := s.db.QueryContext(t.Context(), query)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	require.NoError(t, err)
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	var text []byte
	for rows.Next() {
		require.NoError(t, rows.Scan(into...))
		for _, v := range values {
			switch v := v.(type) {
			case int64:
				text = strconv.AppendInt(text, v, 10)
			case string:
				text = append(text, v...)
			case []byte:
				text = append(text, v...)
			default:
				text = fmt.Append(text, v)
			}
			text = append(text, '\x1f')
		}
		text = append(text, '\n')
	}
	require.NoError(t, rows.Err())
	return string(text)
}

// judgeCut opens a database as a cut left it, and says what is wrong with it: it must hold
// the chapters that were told as done, and the next one wholly or not at all, or as far as
// one of its steps. done is -1 when not even the opening had been told.
func (tr *truth) judgeCut(t *testing.T, path string, done int) (complaint string) {
	s, err := Open(t.Context(), path, "", "here")
	if err != nil {
		return "it does not open: " + err.Error()
	}
	defer func() { require.NoError(t, s.Close()) }()
	if sound := all(t, s, "PRAGMA integrity_check"); sound != "ok\x1f\n" {
		return "it is damaged: " + sound
	}
	_, memory, err := s.Load(t.Context())
	if err != nil {
		return "it is not read: " + err.Error()
	}
	if lost, err := s.Lost(t.Context()); err != nil || lost != nil {
		return fmt.Sprintf("%d were done, and something is lost: %v, %v", done, lost, err)
	}
	found := content(t, s)
	var complaints []string
	for n := max(0, done); n <= min(done+1, len(tr.chapters)); n++ {
		wrong := differences(tr.content[n], found)
		if len(wrong) == 0 && reflect.DeepEqual(tr.memory(n), memory) {
			return ""
		}
		complaints = append(complaints, fmt.Sprintf("not as after %d: %v", n, wrong))
	}
	if now := max(0, done); now < len(tr.chapters) && reflect.DeepEqual(tr.memory(now), memory) &&
		slices.ContainsFunc(tr.between[now], func(step map[string]string) bool { return len(differences(step, found)) == 0 }) {
		return ""
	}
	return fmt.Sprintf("%d were done: %s", done, strings.Join(complaints, "; "))
}

func differences(want, found map[string]string) []string {
	var wrong []string
	for table, rows := range want {
		if found[table] != rows {
			wrong = append(wrong, fmt.Sprintf("%s has %s and not %s", table, found[table], rows))
		}
	}
	slices.Sort(wrong)
	return wrong
}
