package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"sonde/configs"
	"sonde/incident"
	"sonde/probe"
	"sonde/report"
	"sonde/store"
)

// History is where the server takes from what was.
type History interface {
	Find(ctx context.Context, name string) (*store.Probe, error)
	Results(ctx context.Context, id probe.ID, from, to time.Time, f func(*incident.Input) error) error
	Incidents(ctx context.Context, id probe.ID, from, to time.Time, limit int) ([]store.IncidentRecord, error)
}

// How much of the past is answered at once.
const (
	usualLimit   = 1000
	highestLimit = 10_000

	usualResults   = 24 * time.Hour
	usualIncidents = 30 * 24 * time.Hour
)

// question is what a reader wants to know of the past.
type question struct {
	since, until time.Time
	limit        int
}

// ask reads the parameters of a request. Those that are not known are refused: a
// misspelt one would be answered with something else.
func ask(r *http.Request, now time.Time, usual time.Duration, known ...string) (q question, err error) {
	now = now.UTC().Truncate(time.Millisecond)
	q = question{now.Add(-usual), now, usualLimit}
	for name, values := range r.URL.Query() {
		instant := func() (time.Time, error) { return configs.ParseInstant(values[0], now) }
		switch {
		case !slices.Contains(known, name):
			return q, fmt.Errorf("%s: no such parameter; %s", strconv.Quote(name), configs.Suggest(name, known))
		case len(values) > 1:
			return q, fmt.Errorf("%s: is given %d times; give it once", name, len(values))
		case name == "since":
			q.since, err = instant()
		case name == "until":
			q.until, err = instant()
		case name == "limit":
			if q.limit, err = strconv.Atoi(values[0]); err != nil || q.limit < 1 || q.limit > highestLimit {
				err = fmt.Errorf("%q is not a number from 1 to %d", values[0], highestLimit)
			}
		}
		if err != nil {
			return q, fmt.Errorf("%s: %w", name, err)
		}
	}
	if !q.since.Before(q.until) {
		return q, fmt.Errorf("since: %s is not before until, %s; choose an earlier one", q.since.Format(time.RFC3339), q.until.Format(time.RFC3339))
	}
	return q, nil
}

// refuse answers with an error as JSON.
func refuse(w http.ResponseWriter, status int, why string) {
	body, _ := json.Marshal(map[string]string{"error": why})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// broken answers that the database cannot be read. Why stands in the log only.
func (s *Server) broken(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the reader has gone away
	}
	s.o.Log.Error("history not read", "path", r.URL.Path, "err", err)
	refuse(w, http.StatusInternalServerError, "the history cannot be read; the service's log says why")
}

// errEnough ends reading when the limit is reached.
var errEnough = errors.New("enough")

// results answers with the single results of a probe, the oldest first, as they are
// read: none of them waits in memory.
func (s *Server) results(w http.ResponseWriter, r *http.Request) {
	q, err := ask(r, s.o.Now(), usualResults, "since", "until", "limit")
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	p, err := s.o.History.Find(r.Context(), r.PathValue("name"))
	if unknown, ok := errors.AsType[*store.UnknownProbeError](err); ok {
		refuse(w, http.StatusNotFound, fmt.Sprintf("no probe is called %q; /api/v1/status lists those that are configured", unknown.Name))
		return
	}
	if err != nil {
		s.broken(w, r, err)
		return
	}
	answer := &late{w: w}
	out := report.NewExport(answer, report.JSON)
	n := 0
	err = s.o.History.Results(r.Context(), p.ID, q.since, q.until, func(in *incident.Input) error {
		if n == q.limit {
			return errEnough
		}
		n++
		return out.Add(in)
	})
	if err == nil || errors.Is(err, errEnough) {
		err = out.Close()
	}
	switch {
	case err == nil || r.Context().Err() != nil:
	case answer.begun:
		s.o.Log.Error("history not read to its end", "path", r.URL.Path, "err", err)
		panic(http.ErrAbortHandler) // so that nobody takes a part for the whole
	default:
		s.broken(w, r, err)
	}
}

// late is an answer that begins with its first bytes. Until then it can become an error.
type late struct {
	w     http.ResponseWriter
	begun bool
}

// Write sends bytes of the answer.
func (l *late) Write(p []byte) (int, error) {
	if !l.begun {
		l.begun = true
		l.w.Header().Set("Content-Type", "application/json")
	}
	return l.w.Write(p)
}

func (s *Server) incidents(w http.ResponseWriter, r *http.Request) {
	now := s.o.Now()
	q, err := ask(r, now, usualIncidents, "since", "limit")
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	// The end is open: the clock may have been set back.
	records, err := s.o.History.Incidents(r.Context(), 0, q.since, now.AddDate(1, 0, 0), q.limit)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	s.write(w, r, report.NewIncidents(records, now))
}

func (s *Server) objectives(w http.ResponseWriter, r *http.Request) {
	now := s.o.Now()
	snapshot, err := s.o.Source.Snapshot(r.Context(), now)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	defer snapshot.Done()
	s.stream(w, func(out io.Writer) error { return report.WritePromisesJSON(out, snapshot, now) })
}

// write answers with a document as JSON.
func (s *Server) write(w http.ResponseWriter, r *http.Request, document any) {
	s.writeAs(w, r, http.StatusOK, document)
}

func (s *Server) writeAs(w http.ResponseWriter, r *http.Request, status int, document any) {
	var body bytes.Buffer
	out := json.NewEncoder(&body)
	out.SetIndent("", " ")
	if err := out.Encode(document); err != nil {
		s.broken(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}
