package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"sonde/probe"
)

// Sight is what a run that was not good saw on the way.
type Sight struct {
	At       time.Time
	Attempts []probe.Attempt
}

const (
	evidenceApart = 5 * time.Second // sights of one probe that are kept
	maxSight      = 16 << 10        // bytes of one
)

// volatile are headers that differ from answer to answer, and say nothing new by that.
var volatile = []string{"date", "age", "x-request-id", "traceparent", "cf-ray", "server-timing", "etag", "last-modified"}

// addEvidence keeps what runs saw that were not good, unless it is what the probe saw
// last, or came right after it.
func (s *Store) addEvidence(ctx context.Context, tx *repeating, entries []Entry) error {
	for i := range entries {
		e := &entries[i]
		if len(e.Attempts) == 0 {
			continue
		}
		if err := s.addSight(ctx, tx, e); err != nil {
			return fmt.Errorf("write evidence: %w", err)
		}
	}
	return nil
}

const lastSight = "SELECT at, digest FROM evidence WHERE probe = ? ORDER BY at DESC LIMIT 1"

func (s *Store) addSight(ctx context.Context, tx *repeating, e *Entry) error {
	digest, err := digestOf(e.Attempts)
	if err != nil {
		return err
	}
	at := e.Input.At.UnixMilli()
	var before int64
	var seen []byte
	err = tx.one(ctx, lastSight, []any{e.Probe}, &before, &seen)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return err
	case string(seen) == string(digest) || at-before < evidenceApart.Milliseconds():
		return nil
	}
	body, err := json.Marshal(e.Attempts)
	if err != nil {
		return err
	}
	if len(body) > maxSight {
		return nil
	}
	if err := tx.exec(ctx, "INSERT INTO sights(digest, body) VALUES (?, ?) ON CONFLICT DO NOTHING", digest, string(body)); err != nil {
		return err
	}
	return tx.exec(ctx, "INSERT INTO evidence(probe, location, at, digest) VALUES (?, ?, ?, ?)", e.Probe, s.location, at, digest)
}

// digestOf names what attempts saw, apart from when and how long.
func digestOf(attempts []probe.Attempt) ([]byte, error) {
	same := slices.Clone(attempts)
	for i := range same {
		a := &same[i]
		a.StartedAt, a.Timings, a.RetryAfter = time.Time{}, probe.Timings{}, probe.Announcement{}
		a.Evidence.Interim = slices.Clone(a.Evidence.Interim)
		for j := range a.Evidence.Interim {
			a.Evidence.Interim[j].At = 0
		}
		header := make(map[string][]string, len(a.Evidence.Header))
		for name, values := range a.Evidence.Header {
			if !slices.Contains(volatile, name) {
				header[name] = values
			}
		}
		a.Evidence.Header = header
	}
	text, err := json.Marshal(same)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	return sum[:16], nil
}

// Sights returns what runs of a probe saw that were not good, in [from, to), the newest
// first, so many at the most. The same sight in a row is kept once.
func (r *Reader) Sights(ctx context.Context, id probe.ID, from, to time.Time, limit int) ([]Sight, error) {
	var all []Sight
	query := "SELECT e.at, s.body FROM evidence e JOIN sights s ON s.digest = e.digest WHERE e.probe = ? AND e.at >= ? AND e.at < ? ORDER BY e.at DESC LIMIT ?"
	_, err := eachRow(ctx, r.db, query, []any{id, from.UnixMilli(), to.UnixMilli(), limit}, func(rows *sql.Rows) error {
		var at int64
		var body sql.RawBytes
		if err := rows.Scan(&at, &body); err != nil {
			return err
		}
		sight := Sight{At: instant(at)}
		err := json.Unmarshal(body, &sight.Attempts)
		all = append(all, sight)
		return err
	})
	if err != nil {
		return nil, describe(r.path, fmt.Errorf("read evidence: %w", err))
	}
	return all, nil
}
