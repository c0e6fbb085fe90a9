package report

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// RecordedResult is a line of a table of results.
type RecordedResult struct {
	Probe string // empty if the table has no column "probe"
	Input incident.Input
}

// ReadResults reads a table of results: CSV with a line of column names, as `sonde history
// --format csv` writes it. It needs the columns "at" and one of "reason" and "status"; it
// knows "probe", "run", "outcome", "attempts", "total_ms" and "elapsed_ms"; others it leaves
// alone. Results come back in the order of time. An error names line and column.
func ReadResults(r io.Reader) ([]RecordedResult, error) {
	table := csv.NewReader(r)
	table.ReuseRecord = true
	names, err := table.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the table is empty; its first line has to name the columns, such as at,reason,status")
	}
	if err != nil {
		return nil, err
	}
	t, err := newResultTable(names)
	if err != nil {
		return nil, err
	}
	var all []RecordedResult
	for {
		cells, err := table.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		result, err := t.read(cells)
		if err != nil {
			line, _ := table.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		all = append(all, result)
	}
	slices.SortStableFunc(all, func(a, b RecordedResult) int { return a.Input.At.Compare(b.Input.At) })
	return all, nil
}

// resultTable knows which column is what.
type resultTable struct{ columns map[string]int }

func newResultTable(names []string) (*resultTable, error) {
	t := &resultTable{map[string]int{}}
	for i, name := range names {
		name = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
		if _, twice := t.columns[name]; twice {
			return nil, fmt.Errorf("line 1: the column %q stands twice; remove one", name)
		}
		t.columns[name] = i
	}
	if _, ok := t.columns["at"]; !ok {
		return nil, errors.New("line 1: there is no column \"at\"; it says when a result was, in RFC 3339")
	}
	_, reason := t.columns["reason"]
	_, status := t.columns["status"]
	if !reason && !status {
		return nil, errors.New("line 1: there is neither a column \"reason\" nor \"status\"; one has to say how a result was")
	}
	return t, nil
}

// cell is what a line has in a column; empty if there is no such column.
func (t *resultTable) cell(cells []string, column string) string {
	i, ok := t.columns[column]
	if !ok || i >= len(cells) {
		return ""
	}
	return strings.TrimSpace(cells[i])
}

func (t *resultTable) read(cells []string) (out RecordedResult, err error) {
	in := &out.Input
	in.Kind = incident.Ran
	out.Probe = strings.Clone(t.cell(cells, "probe"))
	if in.At, err = time.Parse(time.RFC3339Nano, t.cell(cells, "at")); err != nil {
		return out, fmt.Errorf("at: %q is no time of RFC 3339; write it like 2026-11-23T05:00:00Z", t.cell(cells, "at"))
	}
	in.At = in.At.UTC().Truncate(time.Millisecond)
	if in.Verdict, err = t.verdict(cells); err != nil {
		return out, err
	}
	if run := t.cell(cells, "run"); run != "" {
		if err := in.Run.UnmarshalText([]byte(run)); err != nil {
			return out, fmt.Errorf("run: %w", err)
		}
	}
	in.Attempts = 1
	if n := t.cell(cells, "attempts"); n != "" {
		if in.Attempts, err = strconv.Atoi(n); err != nil || in.Attempts < 0 || in.Attempts > 1000 {
			return out, fmt.Errorf("attempts: %q is not a number from 0 to 1000", n)
		}
	}
	if in.Timings.Total, err = t.length(cells, "total_ms"); err != nil {
		return out, err
	}
	in.Elapsed, err = t.length(cells, "elapsed_ms")
	in.Elapsed = max(in.Elapsed, in.Timings.Total)
	return out, err
}

// verdict is what a line says of a result: its reason and status, and the outcome where it
// says one that the reason leaves open.
func (t *resultTable) verdict(cells []string) (v probe.Verdict, err error) {
	status := 0
	if s := t.cell(cells, "status"); s != "" {
		if status, err = strconv.Atoi(s); err != nil || status < 0 || status > 999 {
			return v, fmt.Errorf("status: %q is no status code; leave it empty if none came", s)
		}
	}
	written := t.cell(cells, "reason")
	if written == "" {
		if status == 0 {
			return v, errors.New("there is neither a reason nor a status; write one, such as connect_timeout or 503")
		}
		return probe.VerdictOfStatus(status), nil
	}
	var reason probe.Reason
	if err := reason.UnmarshalText([]byte(written)); err != nil {
		return v, fmt.Errorf("reason: %w", err)
	}
	v = probe.VerdictOf(reason, status)
	if s := t.cell(cells, "outcome"); s != "" {
		var outcome probe.Outcome
		if err := outcome.UnmarshalText([]byte(s)); err != nil {
			return v, fmt.Errorf("outcome: %w", err)
		}
		v.Outcome = outcome
	}
	return v, nil
}

// longestRun bounds how long a result may have taken.
const longestRun = 24 * time.Hour

func (t *resultTable) length(cells []string, column string) (time.Duration, error) {
	s := t.cell(cells, column)
	if s == "" {
		return 0, nil
	}
	ms, err := strconv.ParseFloat(s, 64)
	if err != nil || !(ms >= 0 && ms <= float64(longestRun.Milliseconds())) {
		return 0, fmt.Errorf("%s: %q is not a number of milliseconds from 0 to a day", column, s)
	}
	return time.Duration(ms * float64(time.Millisecond)).Truncate(time.Microsecond), nil
}
