package report

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// Format is a form in which single results are exported.
type Format string

// The formats.
const (
	CSV    Format = "csv"    // with a line of column names
	JSON   Format = "json"   // an array
	NDJSON Format = "ndjson" // an object per line
)

// ParseFormat reads the name of a format.
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case CSV, JSON, NDJSON:
		return f, nil
	}
	return "", fmt.Errorf("%q is no format; use csv, json or ndjson", s)
}

// Result is a single result as scripts read it.
type Result struct {
	At          time.Time     `json:"at"`
	Run         probe.RunKind `json:"run"`
	Outcome     probe.Outcome `json:"outcome"`
	Reason      probe.Reason  `json:"reason"`
	Class       probe.Class   `json:"class"`
	Status      *int          `json:"status"` // null when no status came
	Attempts    int           `json:"attempts"`
	DNSMS       float64       `json:"dns_ms"`
	ConnectMS   float64       `json:"connect_ms"`
	TLSMS       float64       `json:"tls_ms"`
	FirstByteMS float64       `json:"first_byte_ms"`
	TransferMS  float64       `json:"transfer_ms"`
	TotalMS     float64       `json:"total_ms"`
	ElapsedMS   float64       `json:"elapsed_ms"` // of all attempts, with the waits between them
}

// NewResult writes a result as scripts read it.
func NewResult(in *incident.Input) Result {
	v, t := in.Verdict, in.Timings
	return Result{
		At: in.At.UTC(), Run: in.Run, Outcome: v.Outcome, Reason: v.Reason, Class: v.Class, Status: statusOf(v.Status), Attempts: in.Attempts,
		DNSMS: milliseconds(t.DNS), ConnectMS: milliseconds(t.Connect), TLSMS: milliseconds(t.TLS), FirstByteMS: milliseconds(t.FirstByte),
		TransferMS: milliseconds(t.Transfer), TotalMS: milliseconds(t.Total), ElapsedMS: milliseconds(in.Elapsed),
	}
}

// resultColumns are the columns of the CSV, named like the keys of the JSON.
var resultColumns = []string{
	"at", "run", "outcome", "reason", "class", "status", "attempts",
	"dns_ms", "connect_ms", "tls_ms", "first_byte_ms", "transfer_ms", "total_ms", "elapsed_ms",
}

func (r *Result) cells(row []string) []string {
	status := ""
	if r.Status != nil {
		status = strconv.Itoa(*r.Status)
	}
	row = append(row, r.At.Format(time.RFC3339Nano), r.Run.String(), r.Outcome.String(), r.Reason.String(), r.Class.String(), status, strconv.Itoa(r.Attempts))
	for _, ms := range [...]float64{r.DNSMS, r.ConnectMS, r.TLSMS, r.FirstByteMS, r.TransferMS, r.TotalMS, r.ElapsedMS} {
		row = append(row, strconv.FormatFloat(ms, 'f', -1, 64))
	}
	return row
}

// Export writes results one after another; it keeps none of them.
type Export struct {
	format Format
	out    *bufio.Writer
	table  *csv.Writer
	row    []string
	n      int
}

// NewExport begins to write results to w.
func NewExport(w io.Writer, format Format) *Export {
	out := bufio.NewWriterSize(w, 32<<10)
	return &Export{format: format, out: out, table: csv.NewWriter(out)}
}

// Add writes a result.
func (e *Export) Add(in *incident.Input) error {
	r := NewResult(in)
	if err := e.begin(); err != nil {
		return err
	}
	e.n++
	if e.format == CSV {
		e.row = r.cells(e.row[:0])
		return e.table.Write(e.row)
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if e.format == JSON && e.n > 1 {
		line = append([]byte(",\n "), line...)
	}
	if e.format == NDJSON {
		line = append(line, '\n')
	}
	_, err = e.out.Write(line)
	return err
}

// begin writes what stands before the first result.
func (e *Export) begin() (err error) {
	switch {
	case e.n > 0:
	case e.format == CSV:
		err = e.table.Write(resultColumns)
	case e.format == JSON:
		_, err = e.out.WriteString("[")
	}
	return err
}

// Close writes what stands behind the last result. It does not close the writer.
func (e *Export) Close() error {
	if e.n == 0 {
		if err := e.begin(); err != nil {
			return err
		}
	}
	if e.format == JSON {
		if _, err := e.out.WriteString("]\n"); err != nil {
			return err
		}
	}
	e.table.Flush()
	if err := e.table.Error(); err != nil {
		return err
	}
	return e.out.Flush()
}

// Columns are the columns of an exported table, in their order.
func Columns() string { return strings.Join(resultColumns, ",") }
