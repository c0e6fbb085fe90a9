package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// Sight is what a run that was not good saw on the way.
type Sight struct {
	At       time.Time
	Attempts []probe.Attempt
}

const (
	evidenceApart = 5 * time.Second  // sights of one probe that are kept
	alikeApart    = 10 * time.Minute // sights of one probe that differ in their texts alone
	maxSight      = 16 << 10         // bytes of one
)

// volatile are headers that differ from answer to answer, and say nothing new by that.
var volatile = []string{
	"date", "age", "x-request-id", "traceparent", "cf-ray", "server-timing", "etag", "last-modified",
	"x-correlation-id", "x-trace-id", "x-b3-traceid", "tracestate", "x-amzn-requestid", "x-amzn-trace-id", "x-amz-cf-id", "x-amz-cf-pop",
	"x-amz-apigw-id", "x-azure-ref", "x-kong-request-id", "x-served-by", "x-varnish", "x-runtime", "expires", "x-cache-hits", "retry-after",
	"x-envoy-upstream-service-time", "x-kong-upstream-latency", "x-kong-response-latency", "content-length",
	"ratelimit", "ratelimit-remaining", "ratelimit-reset", "x-ratelimit-remaining", "x-ratelimit-reset",
}

// addEvidence keeps what runs saw that were not good, unless it is what the probe saw
// last, or came right after it. What opened an incident is kept in any case.
func (s *Store) addEvidence(ctx context.Context, tx *repeating, b *Batch) error {
	for i := range b.Entries {
		e := &b.Entries[i]
		if len(e.Attempts) == 0 {
			continue
		}
		if err := s.addSight(ctx, tx, e, b.opens(e.Probe)); err != nil {
			return fmt.Errorf("write evidence: %w", err)
		}
	}
	return nil
}

// opens reports whether an incident of a probe opens in a batch.
func (b *Batch) opens(id probe.ID) bool {
	for i := range b.Effects {
		if b.Effects[i].Probe != id {
			continue
		}
		for _, t := range b.Effects[i].Transitions {
			if t.Change == incident.Opened || t.Change == incident.Reopened {
				return true
			}
		}
	}
	return false
}

const lastSight = "SELECT at, shape FROM evidence WHERE probe = ? ORDER BY at DESC LIMIT 1"

func (s *Store) addSight(ctx context.Context, tx *repeating, e *Entry, always bool) error {
	now, err := shapeOfSight(e.Attempts)
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
	case !always && !isNews(seen, now, time.Duration(at-before)*time.Millisecond):
		return nil
	}
	body, err := sightBody(e.Attempts)
	if err != nil {
		return err
	}
	return tx.exec(ctx, "INSERT INTO evidence(probe, location, at, shape, body) VALUES (?, ?, ?, ?, ?)", e.Probe, s.location, at, now, string(body))
}

// isNews reports whether a sight is to be kept, so long after the one before.
func isNews(before, now []byte, apart time.Duration) bool {
	switch {
	case bytes.Equal(before, now), apart < evidenceApart:
		return false
	case len(before) == len(now) && bytes.Equal(before[:factsSize], now[:factsSize]):
		return apart >= alikeApart
	}
	return true
}

// factsSize is how many bytes of a shape stand for facts; the rest stands for texts.
const factsSize = 8

// shapeOfSight names what attempts saw, apart from when, how long and what else differs
// from answer to answer: first the facts, then the texts of the target.
func shapeOfSight(attempts []probe.Attempt) ([]byte, error) {
	facts := slices.Clone(attempts)
	var texts []string
	for i := range facts {
		a := &facts[i]
		e := &a.Evidence
		texts = append(texts, steady(e.Excerpt), steady(e.Error), steady(e.Gateway), e.RemoteAddr)
		if c := e.Certificate; c != nil { // servers behind one name may have different ones
			texts, e.Certificate = append(texts, fmt.Sprint(*c)), nil
		}
		a.StartedAt, a.Timings, a.RetryAfter = time.Time{}, probe.Timings{}, probe.Announcement{}
		e.Excerpt, e.Error, e.Gateway, e.TraceID, e.RemoteAddr, e.BodyBytes = "", "", "", "", "", 0
		e.Interim = slices.Clone(e.Interim)
		for j := range e.Interim {
			e.Interim[j].At = 0
		}
		e.Notes = slices.Clone(e.Notes)
		for j := range e.Notes {
			e.Notes[j] = steady(e.Notes[j])
		}
		header := make(map[string][]string, len(e.Header))
		for name, values := range e.Header {
			if !slices.Contains(volatile, name) {
				header[name] = values
			}
		}
		e.Header = header
	}
	text, err := json.Marshal(facts)
	if err != nil {
		return nil, err
	}
	solid, loose := sha256.Sum256(text), sha256.Sum256([]byte(strings.Join(texts, "\n")))
	return append(solid[:factsSize:factsSize], loose[:factsSize]...), nil
}

// numbered are the words of a text that are numbers or ids.
var numbered = regexp.MustCompile(`[\pL\pN_-]*\pN[\pL\pN_-]*`)

// steady is a text without what differs in it from answer to answer.
func steady(s string) string { return numbered.ReplaceAllString(s, "#") }

// sightBody is what is kept of a sight: where it is too long, first without excerpts and
// then without the attempts in between.
func sightBody(attempts []probe.Attempt) ([]byte, error) {
	kept := slices.Clone(attempts)
	for shorter := 0; ; shorter++ {
		body, err := json.Marshal(kept)
		if err != nil || len(body) <= maxSight {
			return body, err
		}
		switch {
		case shorter < len(kept):
			kept[shorter].Evidence.Excerpt = ""
		case shorter < 2*len(attempts):
			kept[shorter-len(attempts)].Evidence.Header = nil
		default: // what is left of it is bounded
			kept = kept[len(kept)-1:]
			kept[0].Evidence.Notes, kept[0].Evidence.Redirects = nil, nil
			return json.Marshal(kept)
		}
	}
}

// Sights returns what runs of a probe saw that were not good, in [from, to), the newest
// first, so many at the most. The same sight in a row is kept once.
func (r *Reader) Sights(ctx context.Context, id probe.ID, from, to time.Time, limit int) ([]Sight, error) {
	var all []Sight
	query := "SELECT at, body FROM evidence WHERE probe = ? AND at >= ? AND at < ? ORDER BY at DESC LIMIT ?"
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
