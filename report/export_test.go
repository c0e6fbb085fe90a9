package report_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/report"
)

func export(t *testing.T, format report.Format, inputs ...incident.Input) string {
	t.Helper()
	var out strings.Builder
	e := report.NewExport(&out, format)
	for i := range inputs {
		require.NoError(t, e.Add(&inputs[i]))
	}
	require.NoError(t, e.Close())
	return out.String()
}

func TestAnExportHasTheSameInEveryFormat(t *testing.T) {
	silent := incident.Input{At: ago(30), Verdict: refused, Attempts: 1}
	rows, err := csv.NewReader(strings.NewReader(export(t, report.CSV, strange, silent))).ReadAll()
	require.NoError(t, err)
	require.Equal(t, [][]string{
		strings.Split(report.Columns(), ","),
		{"2026-11-23T04:58:30.007Z", "recheck", "bad", "server_error", "server_error", "503", "2", "1.5", "2", "3", "4", "5", "20", "2000"},
		{"2026-11-23T04:59:30Z", "scheduled", "bad", "connect_refused", "no_response", "", "1", "0", "0", "0", "0", "0", "0", "0"},
	}, rows)

	array := export(t, report.JSON, strange, silent)
	var all []map[string]any
	require.NoError(t, json.Unmarshal([]byte(array), &all))
	lines := strings.Split(strings.TrimSuffix(export(t, report.NDJSON, strange, silent), "\n"), "\n")
	require.Len(t, lines, 2)
	for i, object := range all {
		line, err := json.Marshal(object)
		require.NoError(t, err)
		require.JSONEq(t, lines[i], string(line))
		for j, column := range rows[0] {
			value := fmt.Sprint(object[column])
			if object[column] == nil {
				value = ""
			}
			require.Contains(t, object, column)
			require.Equal(t, rows[i+1][j], value, column)
		}
		require.Len(t, object, len(rows[0]))
	}
}

func TestAnExportOfNothingIsWellFormed(t *testing.T) {
	require.Equal(t, report.Columns()+"\n", export(t, report.CSV))
	require.Equal(t, "[]\n", export(t, report.JSON))
	require.Empty(t, export(t, report.NDJSON))
}

// full is a writer that has no room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no room") }

func TestAnExportThatCannotBeWrittenSaysSo(t *testing.T) {
	for _, format := range []report.Format{report.CSV, report.JSON, report.NDJSON} {
		e := report.NewExport(full{}, format)
		_ = e.Add(&strange)
		require.ErrorContains(t, e.Close(), "no room", format)
	}
}

// counting counts bytes and keeps none.
type counting struct{ writes, bytes int }

func (c *counting) Write(p []byte) (int, error) {
	c.writes++
	c.bytes += len(p)
	return len(p), nil
}

func TestAnExportKeepsNoResults(t *testing.T) {
	for _, format := range []report.Format{report.CSV, report.JSON, report.NDJSON} {
		var out counting
		e := report.NewExport(&out, format)
		for range 10_000 {
			require.NoError(t, e.Add(&strange))
		}
		before := out.bytes
		require.NoError(t, e.Close())
		require.LessOrEqual(t, out.bytes-before, 32<<10, "what waits at the end is bounded")
		require.Greater(t, out.writes, 10)
	}
}

func TestAFormatThatThereIsNotNamesThoseThereAre(t *testing.T) {
	_, err := report.ParseFormat("xml")
	require.EqualError(t, err, `"xml" is no format; use csv, json or ndjson`)
	for _, name := range []string{"csv", "json", "ndjson"} {
		f, err := report.ParseFormat(name)
		require.NoError(t, err)
		require.Equal(t, name, string(f))
	}
}

func ExampleExport() {
	e := report.NewExport(os.Stdout, report.CSV)
	if err := e.Add(&incident.Input{At: now, Verdict: probe.Miss(probe.ConnectRefused), Attempts: 2}); err != nil {
		fmt.Println(err)
	}
	if err := e.Close(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// at,run,outcome,reason,class,status,attempts,dns_ms,connect_ms,tls_ms,first_byte_ms,transfer_ms,total_ms,elapsed_ms
	// 2026-11-23T05:00:00Z,scheduled,bad,connect_refused,no_response,,2,0,0,0,0,0,0,0
}
