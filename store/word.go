package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"sonde/incident"
	"sonde/notify"
)

// Word is how far word of an incident has got at a destination.
type Word struct {
	Destination string
	Opening     *Post        // the latest message by which the destination hears of it as it is now; nil: there is none
	For         string       // the destination in whose place Opening is told here; empty: for itself
	Elsewhere   bool         // Opening was passed on to another destination
	Superseded  bool         // it became a part of a later message
	Failing     string       // why the latest delivery there did not succeed, while Opening waits
	Kept        *notify.Kept // what it hears of it in otherwise; nil: nothing
	Gust        *Post        // the message about the storm that it is a part of; nil: it is in none, or there is no such message
}

const (
	wordColumns = `SELECT id, key, destination, incident, change, state, attempts, repeat, created_at, next_at, settled_at, error,
		forwarded, coalesce(json_extract(body, '$.Late'), 0), coalesce(json_extract(body, '$.Instead.Of'), '') FROM outbox`
	// Keys begin with the incident, or say in whose place it is told.
	wordsOf        = wordColumns + " WHERE key >= ?1 || ':' AND key < ?1 || ';' ORDER BY id"
	wordsElsewhere = wordColumns + " WHERE key >= 'fallback:' AND key < 'fallback;' AND instr(key, ':' || ?1 || ':') > 0 ORDER BY id"
	gustOf         = wordColumns + " WHERE key = ?"
	failingAt      = "SELECT error FROM outbox WHERE destination = ? AND state <> 'sent' AND state = 'pending' AND error <> '' ORDER BY id DESC LIMIT 1"
)

// Words returns how far word of an incident has got, by destination. What was told is known
// for a month.
func (r *Reader) Words(ctx context.Context, id incident.ID) (map[string]*Word, error) {
	all := map[string]*Word{}
	of := func(destination string) *Word {
		if all[destination] == nil {
			all[destination] = &Word{Destination: destination}
		}
		return all[destination]
	}
	err := r.posted(ctx, id, of)
	if err == nil {
		err = r.keptOf(ctx, id, of)
	}
	for _, w := range all {
		if err == nil {
			err = r.reasons(ctx, w)
		}
	}
	if err != nil {
		return nil, describe(r.path, fmt.Errorf("read who has heard of incident %s: %w", id, err))
	}
	return all, nil
}

// posted reads the messages about an incident.
func (r *Reader) posted(ctx context.Context, id incident.ID, of func(string) *Word) error {
	for _, query := range []string{wordsOf, wordsElsewhere} {
		_, err := eachRow(ctx, r.db, query, []any{id.String()}, func(rows *sql.Rows) error {
			n, err := scanWord(rows)
			if err == nil {
				of(n.Destination).hear(n)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// news is a message, and what else is to be known of it.
type news struct {
	Post
	elsewhere, late bool
	in              string
}

func scanWord(rows *sql.Rows) (n news, err error) {
	n.Post, err = scanPost(rows, &n.elsewhere, &n.late, &n.in)
	return n, err
}

// hear takes the messages about an incident, one after another.
func (w *Word) hear(n news) {
	switch {
	case n.State == notify.StateSuperseded:
		w.Superseded = true
	case n.late, n.Change == incident.Opened.String(), n.Change == incident.Reopened.String(), n.Change == incident.Risen.String():
		w.Opening, w.Elsewhere, w.For = &n.Post, n.elsewhere, n.in
	}
}

// keptOf reads which destinations hear of an incident in something else, or later.
func (r *Reader) keptOf(ctx context.Context, id incident.ID, of func(string) *Word) error {
	_, err := eachRow(ctx, r.db, "SELECT destination, body FROM kept WHERE incident = ?", []any{id}, func(rows *sql.Rows) error {
		var name, body string
		if err := rows.Scan(&name, &body); err != nil {
			return err
		}
		k := &notify.Kept{Destination: name, Incident: id}
		of(name).Kept = k
		return json.Unmarshal([]byte(body), k)
	})
	return err
}

// reasons reads why a message waits, and what became of the storm.
func (r *Reader) reasons(ctx context.Context, w *Word) error {
	if p := w.Opening; p != nil && (p.State == notify.StatePending || p.State == notify.StateSending) {
		err := r.db.QueryRowContext(ctx, failingAt, w.Destination).Scan(&w.Failing)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	if w.Kept == nil || w.Kept.Storm == 0 {
		return nil
	}
	_, err := eachRow(ctx, r.db, gustOf, []any{w.Kept.Storm.Key(w.Destination)}, func(rows *sql.Rows) error {
		n, err := scanWord(rows)
		w.Gust = &n.Post
		return err
	})
	return err
}
