package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"sonde/store"
)

// noProbes is what a status without probes is written as in the place of those. No text
// within a status is the same: a line break is escaped there, and what lies deeper is
// indented further.
const noProbes = "\n \"probes\": []"

// WriteStatusJSON writes [NewStatus] as indented JSON, with how storing goes if anybody knows.
// It makes a probe at a time, and never has them all in memory: ten thousand take 13 MB, and
// their JSON as much again.
func WriteStatusJSON(w io.Writer, s *store.Snapshot, now time.Time, storage *Storage) error {
	status := newStatus(s, now)
	if storage != nil {
		status.Service.Storage = storage
	}
	frame, err := json.MarshalIndent(status, "", " ")
	if err != nil {
		return fmt.Errorf("write the status: %w", err)
	}
	if len(s.Probes) == 0 {
		_, err = w.Write(append(frame, '\n'))
		return err
	}
	before, after, found := bytes.Cut(frame, []byte(noProbes))
	if !found {
		return errors.New("write the status: it has no place for probes")
	}
	if _, err := fmt.Fprintf(w, "%s\n \"probes\": [", before); err != nil {
		return err
	}
	if err := writeProbes(w, s, now); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\n ]%s\n", after)
	return err
}

// writeProbes writes the probes of a status, as they stand in the list of it.
func writeProbes(w io.Writer, s *store.Snapshot, now time.Time) error {
	list, spans := newListWriter(w, "  "), spansAt(now)
	for i := range s.Probes {
		if err := list.add(statusAt(s, i, now, spans)); err != nil {
			return fmt.Errorf("write the status of %s: %w", s.Probes[i].Name(), err)
		}
	}
	return nil
}

// WritePromisesJSON writes [Status.Promises] as indented JSON, a promise at a time.
func WritePromisesJSON(w io.Writer, s *store.Snapshot, now time.Time) error {
	if _, err := io.WriteString(w, "["); err != nil {
		return err
	}
	list := newListWriter(w, " ")
	if err := eachPromise(s, now, func(p *Promise) error { return list.add(p) }); err != nil {
		return fmt.Errorf("write promises: %w", err)
	}
	end := "\n]\n"
	if list.empty {
		end = "]\n"
	}
	_, err := io.WriteString(w, end)
	return err
}

// listWriter writes the elements of an indented list of JSON, each as soon as it is known.
type listWriter struct {
	w       io.Writer
	indent  string
	one     bytes.Buffer
	encoder *json.Encoder // into one
	empty   bool
}

func newListWriter(w io.Writer, indent string) *listWriter {
	l := &listWriter{w: w, indent: indent, empty: true}
	l.encoder = json.NewEncoder(&l.one)
	l.encoder.SetIndent(indent, " ")
	return l
}

func (l *listWriter) add(element any) error {
	l.one.Reset()
	if !l.empty {
		l.one.WriteByte(',')
	}
	l.empty = false
	l.one.WriteString("\n" + l.indent)
	if err := l.encoder.Encode(element); err != nil {
		return err
	}
	_, err := l.w.Write(bytes.TrimSuffix(l.one.Bytes(), []byte("\n")))
	return err
}
