//go:build faults

package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify/slack/fakeslack"
	"sonde/probe"
	"sonde/report"
	"sonde/slo"
	"sonde/store"
)

const (
	steadyProbes = 885 // of a full load: always well, asked every 3 s
	shakyProbes  = 5   // of any: asked every 2 s; ops hears of them
)

// load is a scene with many probes, whose target keeps its own record.
type load struct {
	*scene
	probes   int
	up       atomic.Bool // what the shaky targets are
	mu       sync.Mutex
	answered map[string]map[int]int // how often each probe was answered with what
	before   time.Time              // before anything was asked
	seen     []sighting
}

// sighting is how the time of a probe stood when others could see it.
type sighting struct {
	probe string
	until time.Time
	tally slo.Tally
}

func newLoad(t *testing.T, steady int) *load {
	l := &load{scene: &scene{folder: t.TempDir()}, probes: steady + shakyProbes, answered: map[string]map[int]int{}, before: time.Now().Add(-time.Hour)}
	l.up.Store(true)
	target := httptest.NewServer(http.HandlerFunc(l.answer))
	t.Cleanup(target.Close)
	var err error
	l.slack, err = fakeslack.Start()
	require.NoError(t, err)
	t.Cleanup(l.slack.Close)
	l.listen = freeAddress(t)
	l.config = filepath.Join(l.folder, "sonde.yaml")
	var config strings.Builder
	_, _ = fmt.Fprintf(&config, `
listen: %s
destinations:
  ops: {slack: {token: "${env:SLACK_TOKEN}", channel: C0OPS, api_url: %q}}
defaults:
  interval: 3s
  timeout: 2900ms
  notify: []
  alert: {down_after: 2s, auth_after: 2s, recheck_every: 1s, resolve_after: 1s}
probes:
`, l.listen, l.slack.URL())
	for n := range steady {
		_, _ = fmt.Fprintf(&config, "  - {name: steady-%d, url: %q}\n", n, fmt.Sprintf("%s/steady-%d", target.URL, n))
	}
	for n := range shakyProbes {
		_, _ = fmt.Fprintf(&config, "  - {name: shaky-%d, url: %q, interval: 2s, timeout: 1900ms, notify: [ops]}\n", n, fmt.Sprintf("%s/shaky-%d", target.URL, n))
	}
	l.write(t, config.String())
	return l
}

func (l *load) answer(w http.ResponseWriter, r *http.Request) {
	name, status := strings.TrimPrefix(r.URL.Path, "/"), http.StatusOK
	if strings.HasPrefix(name, "shaky") && !l.up.Load() {
		status = http.StatusServiceUnavailable
	}
	l.mu.Lock()
	if l.answered[name] == nil {
		l.answered[name] = map[int]int{}
	}
	l.answered[name][status]++
	l.mu.Unlock()
	w.WriteHeader(status)
}

func (l *load) database() string { return filepath.Join(l.folder, "sonde.db") }

// look reads the database as anybody may.
func (l *load) look(t *testing.T) *store.Snapshot {
	t.Helper()
	r, err := store.OpenReader(t.Context(), l.database())
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	s, err := r.Snapshot(t.Context(), time.Now())
	require.NoError(t, err)
	return s
}

// see notes how everything stands: from now on it must not change.
func (l *load) see(t *testing.T) {
	t.Helper()
	for _, p := range l.look(t).Probes {
		if until := p.State.Account.Grid.Last; !until.IsZero() {
			l.seen = append(l.seen, sighting{p.Name(), until, p.Ledger.Tally(l.before, until)})
		}
	}
}

// judge holds the end against all that was seen and against the target's record.
func (l *load) judge(t *testing.T) {
	t.Helper()
	end := map[string]store.Watched{}
	var all slo.Tally
	answers := 0
	for _, p := range l.look(t).Probes {
		end[p.Name()] = p
		grid := p.State.Account.Grid
		tally := p.Ledger.Tally(l.before, grid.Last)
		all = all.Plus(tally)
		good, bad := int(tally.Good/max(1, grid.Step)), int(tally.Bad/max(1, grid.Step))
		require.Equal(t, grid.Weight(), tally.Good+tally.Bad+tally.Unknown+tally.Excluded, "every slot of %s is accounted for", p.Name())
		require.LessOrEqual(t, good, l.answered[p.Name()][http.StatusOK], "%s was good more often than it was", p.Name())
		require.LessOrEqual(t, bad, l.answered[p.Name()][http.StatusServiceUnavailable], "%s was bad more often than it was", p.Name())
		answers += l.answered[p.Name()][http.StatusOK] + l.answered[p.Name()][http.StatusServiceUnavailable]
	}
	require.Len(t, end, l.probes)
	for _, s := range l.seen {
		p := end[s.probe]
		require.Equal(t, s.tally, p.Ledger.Tally(l.before, s.until), "what was seen of %s until %s has changed", s.probe, s.until)
	}
	t.Logf("%d answers, %d sightings; good %s, bad %s, unknown %s of probe time", answers, len(l.seen), all.Good, all.Bad, all.Unknown)
}

// judgeHistory holds the history of every probe against its time and the target's record:
// no slot's result is lacking, none is there twice, and most of it left the log. There were
// at least so many passes that made history.
func (l *load) judgeHistory(t *testing.T, passes int) {
	t.Helper()
	r, err := store.OpenReader(t.Context(), l.database())
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	results := 0
	for _, p := range l.look(t).Probes {
		grid, seen, good, bad := p.State.Account.Grid, map[time.Time]bool{}, 0, 0
		require.NoError(t, r.Results(t.Context(), p.ID, l.before, time.Now().Add(time.Hour), func(in *incident.Input) error {
			results++
			if in.Run == probe.Scheduled { // a run at the start may come with the very same millisecond
				require.False(t, seen[in.At], "%s at %s is there twice", p.Name(), in.At)
				seen[in.At] = true
			}
			switch in.Verdict.Outcome {
			case probe.Good:
				good++
			case probe.Bad:
				bad++
			}
			return nil
		}))
		tally := p.Ledger.Tally(l.before, grid.Last)
		require.LessOrEqual(t, int(tally.Good/max(1, grid.Step)), good, "results of %s are lacking", p.Name())
		require.LessOrEqual(t, int(tally.Bad/max(1, grid.Step)), bad, "results of %s are lacking", p.Name())
		require.LessOrEqual(t, good, l.answered[p.Name()][http.StatusOK], "%s was good more often than it was", p.Name())
		require.LessOrEqual(t, bad, l.answered[p.Name()][http.StatusServiceUnavailable], "%s was bad more often than it was", p.Name())
	}
	db, err := sql.Open("sqlite", "file:"+l.database()+"?mode=ro")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	var spans, packed int
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*), sum(results) FROM spans").Scan(&spans, &packed))
	require.GreaterOrEqual(t, spans, passes)
	require.Greater(t, packed, results/2)
	t.Logf("%d results in the history, %d of them as chunks, in %d spans", results, packed, spans)
}

// judgeAlerts holds what Slack was told against the database: all was told once, or is part of what
// was, and each incident opened and resolved in turn.
func (l *load) judgeAlerts(t *testing.T) {
	t.Helper()
	recoveries := l.toldToTheEnd(t)
	require.Positive(t, recoveries)
	told := map[string]bool{}
	for _, m := range l.slack.Messages() {
		told[keyOf(t, m)] = true
	}
	db, err := sql.Open("sqlite", "file:"+l.database()+"?mode=ro")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	rows, err := db.QueryContext(t.Context(), "SELECT key, state FROM outbox")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		var key, state string
		require.NoError(t, rows.Scan(&key, &state))
		require.Contains(t, []string{"sent", "superseded"}, state, key)
		require.Equal(t, state == "sent", told[key], "%s is %s", key, state)
	}
	require.NoError(t, rows.Err())
	t.Logf("%d recoveries told, %d messages in all", recoveries, len(told))
}

// requireStorage checks that all who can be asked say that storing is in a state: the
// command line, the API and the metrics. ask runs the program beside the service.
func (s *scene) requireStorage(t *testing.T, ask func(args ...string) (stdout string), state report.StorageState) {
	t.Helper()
	s.eventually(t, "storage is "+string(state), func() bool {
		var status report.Status
		return json.Unmarshal([]byte(ask("status", "--json")), &status) == nil && status.Service.Storage != nil && status.Service.Storage.State == state
	})
	_, body := s.read("/api/v1/status")
	require.Contains(t, body, `"state": "`+string(state)+`"`)
	_, metrics := s.read("/metrics")
	require.Regexp(t, `(?m)^sonde_storage_failures_total [1-9]`, metrics)
	if state == report.StorageFull || state == report.StorageFailing {
		require.Regexp(t, `(?m)^sonde_ring_results [1-9]`, metrics)
		require.Contains(t, ask("status"), " in memory, 0 lost")
	}
}

// sound fails the test if SQLite finds damage in the database.
func (l *load) sound(t *testing.T) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+l.database()+"?mode=ro")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	var verdict string
	require.NoError(t, db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict))
	require.Equal(t, "ok", verdict)
}

// ready waits until the service answers that it is; false if it ended before.
func (l *load) ready(p *process, within time.Duration) bool {
	for began := time.Now(); time.Since(began) < within; {
		select {
		case <-p.ended:
			return false
		case <-time.After(3 * time.Millisecond):
		}
		response, err := http.Get("http://" + l.listen + "/readyz")
		if err != nil {
			continue
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return true
		}
	}
	return false
}

// recover ends a test's troubles: everything is well, and all that is to be told is told.
func (l *load) recover(t *testing.T) {
	t.Helper()
	l.up.Store(true)
	require.Eventually(t, func() bool { // what may have got through is looked for first, after half a minute
		status, _ := l.report(t)
		return status.Summary.Up == l.probes && status.Service.Outbox.Pending == 0
	}, 2*time.Minute, 100*time.Millisecond, "all is well")
	status, _ := l.report(t)
	require.Zero(t, status.Service.Outbox.Dead)
}
