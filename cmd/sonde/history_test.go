package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/record"
	"sonde/report"
	"sonde/store"
)

// chronicle is a database in which checkout was asked every minute for two hours, and
// was down for ten minutes in between. It ends where it is given.
func chronicle(t *testing.T, end time.Time) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sonde.db")
	db, err := store.Open(t.Context(), path, "here", "")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	described := []store.Probe{}
	for _, name := range []string{"checkout", "login"} {
		described = append(described, store.Probe{
			Subject: notify.Subject{Name: name, URL: "https://example.com/" + name, Interval: time.Minute},
			Policy:  &incident.Policy{Interval: time.Minute, DownAfter: 90 * time.Second, AuthAfter: 90 * time.Second, ResolveAfter: time.Minute},
		})
	}
	begin := end.Truncate(time.Minute).Add(-2 * time.Hour)
	memory, probes, err := record.Begin(t.Context(), db, described, begin)
	require.NoError(t, err)
	memory.Seq++
	b := &store.Batch{Seq: memory.Seq, At: end}
	for i := range 120 {
		v := probe.Verdict{Status: 200, Class: probe.ClassSuccess, Reason: probe.OK, Outcome: probe.Good}
		if i >= 50 && i < 60 {
			v = probe.Miss(probe.ConnectRefused)
		}
		in := incident.Input{At: begin.Add(time.Duration(i) * time.Minute), Verdict: v, Attempts: 1, Timings: probe.Timings{Total: 20 * time.Millisecond}}
		fx := incident.Step(probes[0].Policy, memory.State(probes[0].ID), &in, &memory.IDs)
		entry := store.Entry{Probe: probes[0].ID, Input: in}
		if v.Outcome == probe.Bad {
			entry.Attempts = []probe.Attempt{{Verdict: v, Evidence: probe.Evidence{Error: "dial tcp 192.0.2.1:443: connect: connection refused"}}}
		}
		b.Entries = append(b.Entries, entry)
		b.Effects = append(b.Effects, store.Effect{Probe: probes[0].ID, Effects: fx})
	}
	require.NoError(t, db.Commit(t.Context(), b))
	return path
}

func TestHistoryShowsAProbeWithoutAService(t *testing.T) {
	db := chronicle(t, time.Now())
	code, stdout, stderr := sonde(t, "history", "checkout", "--since", "3h", "--db", db)
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "checkout  https://example.com/checkout\n")
	require.Contains(t, stdout, "results       120, 110 good, 10 bad\n")
	require.Contains(t, stdout, "codes         110 x 200, 10 x no answer\n")
	require.Contains(t, stdout, "10m  bad  connect_refused")
	require.Contains(t, stdout, "down  recovered")

	code, stdout, stderr = sonde(t, "history", "checkout", "--since", "3h", "--json", "--db", db)
	require.Equal(t, exitOK, code, stderr)
	var h report.History
	require.NoError(t, json.Unmarshal([]byte(stdout), &h))
	require.Equal(t, int64(120), h.Total.Results)
	require.Len(t, h.Incidents, 1)

	code, stdout, _ = sonde(t, "history", "login", "--db", db)
	require.Equal(t, exitOK, code)
	require.Contains(t, stdout, "availability  -\n", "what was never seen has no ratio")
}

func TestHistoryTakesItsRangeAsPeopleWriteIt(t *testing.T) {
	end := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	db := chronicle(t, end)
	for name, tc := range map[string]struct {
		flags []string
		want  int64
	}{
		"a day":             {[]string{"--since", "2026-11-20", "--until", "2026-11-21"}, 120},
		"times":             {[]string{"--since", "2026-11-20T10:30:00Z", "--until", "2026-11-20T11:00:00Z"}, 30},
		"another time zone": {[]string{"--since", "2026-11-20T19:30:00+09:00", "--until", "2026-11-20T20:00:00+09:00"}, 30},
		"an age":            {[]string{"--since", "3650d", "--until", "2026-11-21"}, 120},
		"an end ago":        {[]string{"--since", "2026-11-20T10:30:00Z", "--until", fmt.Sprintf("%ds", int(time.Since(end)/time.Second)+1830)}, 60},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := sonde(t, append([]string{"history", "checkout", "--json", "--db", db}, tc.flags...)...)
			require.Equal(t, exitOK, code, stderr)
			var h report.History
			require.NoError(t, json.Unmarshal([]byte(stdout), &h))
			require.Equal(t, tc.want, h.Total.Results)
		})
	}
}

func TestHistoryExportsEveryResultOfTheRange(t *testing.T) {
	db := chronicle(t, time.Now())
	exported := func(format string) string {
		code, stdout, stderr := sonde(t, "history", "checkout", "--since", "3h", "--format", format, "--db", db)
		require.Equal(t, exitOK, code, stderr)
		return stdout
	}
	rows, err := csv.NewReader(strings.NewReader(exported("csv"))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 121)
	require.Equal(t, report.Columns(), strings.Join(rows[0], ","))
	require.True(t, slices.IsSortedFunc(rows[1:], func(a, b []string) int { return strings.Compare(a[0], b[0]) }))

	var all []report.Result
	require.NoError(t, json.Unmarshal([]byte(exported("json")), &all))
	require.Len(t, all, 120)
	require.Equal(t, probe.ConnectRefused, all[50].Reason)
	require.Equal(t, 120, strings.Count(exported("ndjson"), "\n"))
}

func TestWhatHistoryCannotAnswerNamesTheWayOut(t *testing.T) {
	db := chronicle(t, time.Now())
	notes := filepath.Join(t.TempDir(), "notes.txt")
	require.NoError(t, os.WriteFile(notes, []byte(strings.Repeat("not a database\n", 100)), 0o600))
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"a misspelt name":         {[]string{"history", "chekout", "--db", db}, exitUsage, `no probe is called "chekout"; did you mean "checkout"?`},
		"an unknown name":         {[]string{"history", "database", "--db", db}, exitUsage, `no probe is called "database"; use one of checkout, login`},
		"no name":                 {[]string{"history", "--db", db}, exitUsage, "accepts 1 arg"},
		"a bad moment":            {[]string{"history", "checkout", "--since", "yesterday", "--db", db}, exitUsage, `--since: "yesterday" is no moment; write how long ago`},
		"an empty moment":         {[]string{"history", "checkout", "--until", "", "--db", db}, exitUsage, `--until: "" is no moment`},
		"a range that ends first": {[]string{"history", "checkout", "--since", "1h", "--until", "2h", "--db", db}, exitUsage, "is not before its end"},
		"a range in the future":   {[]string{"history", "checkout", "--since", "2999-01-01", "--db", db}, exitUsage, "is not before its end"},
		"a bad format":            {[]string{"history", "checkout", "--format", "xml", "--db", db}, exitUsage, `--format: "xml" is no format; use csv, json or ndjson`},
		"an empty format":         {[]string{"history", "checkout", "--format", "", "--db", db}, exitUsage, "is no format"},
		"two forms at once":       {[]string{"history", "checkout", "--format", "csv", "--json", "--db", db}, exitUsage, "none of the others can be"},
		"an unknown flag":         {[]string{"history", "checkout", "--step", "1h", "--db", db}, exitUsage, "unknown flag"},
		"no database":             {[]string{"history", "checkout", "--db", filepath.Join(t.TempDir(), "none.db")}, exitStorage, "none.db"},
		"no database of ours":     {[]string{"history", "checkout", "--db", notes}, exitStorage, "is not a database of sonde"},
		"incidents without one":   {[]string{"incidents", "--db", notes}, exitStorage, "is not a database of sonde"},
		"an id that is none":      {[]string{"incidents", "!", "--db", db}, exitUsage, "is no incident id"},
		"an unknown id":           {[]string{"incidents", "ZZZZ", "--db", db}, exitUsage, "there is no incident ZZZZ; sonde incidents lists"},
		"an id and a choice":      {[]string{"incidents", "1000", "--open", "--db", db}, exitUsage, "choose from the list"},
		"a bad since of a list":   {[]string{"incidents", "--since", "30", "--db", db}, exitUsage, `--since: "30" is no moment`},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := sonde(t, tc.args...)
			require.Equal(t, tc.code, code, stderr)
			require.Contains(t, stderr, tc.want)
			require.Empty(t, stdout)
		})
	}
}

func TestIncidentsAreListedAndShown(t *testing.T) {
	db := chronicle(t, time.Now())
	code, stdout, stderr := sonde(t, "incidents", "--json", "--db", db)
	require.Equal(t, exitOK, code, stderr)
	var all []report.PastIncident
	require.NoError(t, json.Unmarshal([]byte(stdout), &all))
	require.Len(t, all, 1)
	require.Equal(t, "checkout", all[0].Probe)
	require.Equal(t, incident.Recovered, all[0].Phase)

	code, stdout, _ = sonde(t, "incidents", strings.ToLower(all[0].ID), "--db", db)
	require.Equal(t, exitOK, code)
	require.Contains(t, stdout, all[0].ID+"  down on checkout, critical, recovered\n")
	require.Contains(t, stdout, "resolved  connect_refused")
	require.Contains(t, stdout, "dial tcp 192.0.2.1:443: connect: connection refused", "what its runs saw")

	code, stdout, _ = sonde(t, "incidents", all[0].ID, "--json", "--db", db)
	require.Equal(t, exitOK, code)
	var one report.Story
	require.NoError(t, json.Unmarshal([]byte(stdout), &one))
	require.Len(t, one.Timeline, 2)
	require.NotEmpty(t, one.Evidence)

	for _, flags := range [][]string{{"--open"}, {"--since", "1m"}} {
		code, stdout, _ = sonde(t, append([]string{"incidents", "--db", db}, flags...)...)
		require.Equal(t, exitOK, code)
		require.Equal(t, "no incidents\n", stdout, flags)
	}
}

func TestHistoryAnswersBesideARunningService(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.status.Store(http.StatusServiceUnavailable)
	s.serve(t)
	s.eventually(t, "the incident stands in the list", func() bool {
		code, stdout, _ := sonde(t, "incidents", "--open", "-c", s.config)
		return code == exitOK && strings.Contains(stdout, "server_error")
	})
	code, stdout, stderr := sonde(t, "history", "checkout", "--since", "90s", "-c", s.config)
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "x 503")

	for path, want := range map[string]string{
		"/api/v1/probes/checkout/results": `"reason":"server_error"`,
		"/api/v1/incidents":               `"probe": "checkout"`,
		"/api/v1/slo":                     `"promise": "99.5% over 30d"`,
	} {
		response, err := http.Get("http://" + s.listen + path)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode, path)
		require.Contains(t, string(body), want, path)
	}
}

func TestHistoryShowsAProbeThatIsNotConfiguredAnyMore(t *testing.T) {
	path := chronicle(t, time.Now())
	db, err := store.Open(t.Context(), path, "here", "")
	require.NoError(t, err)
	_, _, err = record.Begin(t.Context(), db, nil, time.Now())
	require.NoError(t, err)
	require.NoError(t, db.Close())
	code, stdout, stderr := sonde(t, "history", "checkout", "--since", "3h", "--db", path)
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "not configured any more since ")
	require.Contains(t, stdout, "results       120, 110 good, 10 bad\n")
}
