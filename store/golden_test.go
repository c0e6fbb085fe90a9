package store

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/migrations"
	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
)

// A database of every schema that was released lies in testdata, with what there is in
// it. Before a step is added, the database of the schema so far is written by the code
// that makes it:
//
//	go test ./store/ -run TestADatabaseOfEveryReleaseIsOpened -golden
var golden = flag.Bool("golden", false, "write a database of the present schema into testdata")

// past is what a database must not lose, whatever becomes of its schema.
type past struct {
	Memory   *Memory
	Probes   []Probe
	Location string
	Until    time.Time
	Tallies  map[string]slo.Tally // by probe and window
	Service  Service
	Classes  map[probe.Class]int64
	Rows     map[string][][]any // by query
}

// kept are queries whose answers stay the same.
var kept = []string{
	"SELECT id, probe, location, kind, phase, severity, reason, status, codes, failures, openings, since, opened_at, recovered_at, closed_at FROM incidents ORDER BY id",
	"SELECT incident, at, change, reason, status FROM timeline ORDER BY id",
	"SELECT id, key, destination, incident, change, body, state, attempts, repeat, created_at, settled_at, error FROM outbox ORDER BY id",
	"SELECT incident, destination, channel, root FROM threads ORDER BY incident, destination",
	"SELECT probe, outcome, count(*), min(first), max(last) FROM ledger GROUP BY probe, outcome ORDER BY probe, outcome",
	"SELECT probe, first, last, step FROM grids ORDER BY id",
	"SELECT id, name FROM locations ORDER BY id",
	"SELECT id, key, at, kind, body, begins, ends FROM commands ORDER BY id",
	"SELECT id, acked_at, acked_by, note, held FROM incidents ORDER BY id",
}

// remember reads what a database has, by opening it as the service does.
func remember(t *testing.T, path string, until time.Time) past {
	t.Helper()
	s, err := Open(t.Context(), path, "", "elsewhere")
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	p := past{Until: until, Tallies: map[string]slo.Tally{}, Rows: map[string][][]any{}}
	p.Probes, p.Memory, err = s.Load(t.Context())
	require.NoError(t, err)
	snapshot, err := look(t, path).Snapshot(t.Context(), until)
	require.NoError(t, err)
	p.Location, p.Service, p.Classes = snapshot.Location, snapshot.Service, snapshot.Classes
	p.Service.Running = false // which it is, by this test
	for i := range snapshot.Probes {
		w := &snapshot.Probes[i]
		for _, window := range []time.Duration{time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour} {
			p.Tallies[fmt.Sprintf("%d/%s", w.ID, window)] = w.Ledger.Tally(until.Add(-window), until)
		}
	}
	for _, query := range kept {
		p.Rows[query] = rowsOf(t, s, query)
	}
	return p
}

func rowsOf(t *testing.T, s *Store, query string) [][]any {
	t.Helper()
	rows, err := s.db.QueryContext(t.Context(), query)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	columns, err := rows.Columns()
	require.NoError(t, err)
	all := [][]any{}
	for rows.Next() {
		row := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		require.NoError(t, rows.Scan(into...))
		all = append(all, row)
	}
	require.NoError(t, rows.Err())
	return all
}

func TestADatabaseOfEveryReleaseIsOpened(t *testing.T) {
	steps, err := migrations.Steps()
	require.NoError(t, err)
	if *golden {
		writeGolden(t, filepath.Join("testdata", fmt.Sprintf("schema-%d", len(steps))))
	}
	paths, err := filepath.Glob(filepath.Join("testdata", "schema-*.db"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(paths), max(1, len(steps)-1), "every schema before the present one has its database")
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			written, err := os.ReadFile(strings.TrimSuffix(path, "db") + "json")
			require.NoError(t, err)
			var want past
			require.NoError(t, json.Unmarshal(written, &want))
			copied := copyOf(t, path)
			got, err := json.Marshal(remember(t, copied, want.Until))
			require.NoError(t, err)
			requireWithin(t, "", plain(t, written), plain(t, got))
			again, err := json.Marshal(remember(t, copied, want.Until))
			require.NoError(t, err)
			require.JSONEq(t, string(got), string(again), "and is the same when it is opened once more")
		})
	}
}

// copyOf copies a database that nobody writes to where a test may write.
func copyOf(t testing.TB, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	to := newPath(t)
	require.NoError(t, os.WriteFile(to, content, 0o640))
	return to
}

func plain(t *testing.T, text []byte) (v any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(text, &v))
	return v
}

// nothing reports whether a value says nothing.
func nothing(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, inside := range v {
			if !nothing(inside) {
				return false
			}
		}
		return true
	case string:
		return v == "" || v == "0001-01-01T00:00:00Z" || v == probe.NoIncident.String()
	case float64:
		return v == 0
	}
	return v == nil
}

// requireWithin checks that all of want is in got. What was added since is not missed.
func requireWithin(t *testing.T, place string, want, got any) {
	t.Helper()
	if got == nil && nothing(want) {
		return // what is not there is not kept any more
	}
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		require.True(t, ok, "%s is %T", place, got)
		for key, value := range w {
			require.Contains(t, g, key, place)
			requireWithin(t, place+"/"+key, value, g[key])
		}
	case []any:
		g, ok := got.([]any)
		require.True(t, ok, "%s is %T", place, got)
		require.Len(t, g, len(w), place)
		for i := range w {
			requireWithin(t, fmt.Sprintf("%s[%d]", place, i), w[i], g[i])
		}
	default:
		require.Equal(t, want, got, place)
	}
}

// writeGolden makes a database with something of everything.
func writeGolden(t *testing.T, name string) {
	w := newWorld(t, 20261125, 5)
	w.happen(400)
	w.probes[1].Was, w.probes[1].Subject.Name = w.probes[1].Name(), "renamed"
	w.changeInterval()
	w.happen(400)
	w.retire(2)
	w.changeInterval()
	w.happen(500)
	w.commit(true)
	w.happen(300)
	w.commit(false)
	w.deliver()
	w.order()
	require.NoError(t, w.s.Started(t.Context(), "0.1.0", t0))
	requireSomethingOfEverything(t, w)
	until := slices.MaxFunc(slices.Collect(maps.Values(w.next)), time.Time.Compare)

	require.NoError(t, w.s.Tidy(t.Context(), t0)) // all is in the one file
	content, err := os.ReadFile(w.s.Path())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name+".db", content, 0o644))
	p := remember(t, copyOf(t, name+".db"), until)
	require.Equal(t, w.memory, p.Memory, "what was stepped, not only what is read")
	written, err := json.MarshalIndent(p, "", " ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name+".json", append(written, '\n'), 0o644))
}

// retire takes a probe out of the configuration.
func (w *world) retire(i int) {
	w.commit(false)
	fx := incident.Withdraw(w.memory.State(w.probes[i].ID), w.next[w.probes[i].ID])
	e := Effect{w.probes[i].ID, fx}
	delete(w.next, e.Probe)
	w.past = slices.DeleteFunc(w.past, func(x Entry) bool { return x.Probe == e.Probe })
	w.probes = slices.Delete(w.probes, i, i+1)
	require.NoError(w.t, w.s.Revise(w.t.Context(), &Revision{At: t0, Probes: w.probes, Memory: w.memory, Effects: []Effect{e}}))
}

// order has commands of every kind stored.
func (w *world) order() {
	open := incident.ID(count(w.t, w.s, "SELECT max(id) FROM incidents WHERE phase = 'open'"))
	commands := []incident.Command{
		{Key: "silence", Kind: incident.Silence, At: t0, By: "kim", Note: "known", Scope: incident.Scope{All: true}, From: t0, Until: t0.Add(time.Hour)},
		{Key: "ack", Kind: incident.Acknowledge, At: t0, By: "kim", Incident: open, Until: t0},
	}
	require.NoError(w.t, w.s.Commit(w.t.Context(), &Batch{Seq: w.memory.Seq, At: t0, Commands: commands}))
	end := []incident.Command{{Key: "end", Kind: incident.End, At: t0, Of: commands[0].ID, Until: t0}}
	require.NoError(w.t, w.s.Commit(w.t.Context(), &Batch{Seq: w.memory.Seq, At: t0, Commands: end}))
}

// deliver brings messages into every state there is.
func (w *world) deliver() {
	ends := []notify.Settlement{
		{State: notify.StateSent, Thread: notify.Thread{Channel: "C0OPS", Root: "1700000000.000100"}},
		{State: notify.StateDead, Err: "invalid_payload"},
		{State: notify.StatePending, Next: t0.Add(time.Hour), Counted: true, Repeat: true, Err: "503"},
	}
	for i := range 40 {
		c, _, err := w.s.Claim(w.t.Context(), "ops", t0.Add(time.Duration(i)*time.Second))
		require.NoError(w.t, err)
		if c == nil {
			return
		}
		if i%7 == 6 {
			continue // killed meanwhile
		}
		end := ends[i%3]
		end.At = t0.Add(time.Duration(i) * time.Second)
		end.Thread.Root += fmt.Sprint(i)
		if end.State != notify.StateSent {
			end.Thread = notify.Thread{}
		}
		require.NoError(w.t, w.s.Settle(w.t.Context(), c.Message.ID, end))
	}
}

func requireSomethingOfEverything(t *testing.T, w *world) {
	t.Helper()
	for _, query := range []string{
		"SELECT count(*) FROM incidents WHERE phase = 'open'", "SELECT count(*) FROM incidents WHERE phase = 'closed'",
		"SELECT count(*) FROM outbox WHERE state = 'pending' AND attempts = 0", "SELECT count(*) FROM outbox WHERE state = 'pending' AND attempts > 0",
		"SELECT count(*) FROM outbox WHERE state = 'sending'", "SELECT count(*) FROM outbox WHERE state = 'sent'", "SELECT count(*) FROM outbox WHERE state = 'dead'",
		"SELECT count(*) FROM threads", "SELECT count(*) FROM ledger", "SELECT count(*) FROM grids",
		"SELECT count(*) FROM probes WHERE retired_at IS NOT NULL", "SELECT count(*) FROM probes WHERE name = 'renamed'",
		"SELECT count(*) FROM checkpoints", "SELECT count(*) FROM log WHERE seq > (SELECT max(seq) FROM checkpoints)",
	} {
		require.Positive(t, count(t, w.s, query), query)
	}
}
