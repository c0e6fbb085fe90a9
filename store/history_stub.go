package store

import (
	"context"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// A stand-in until history is here. It answers from the log, or not at all.

type Compaction struct {
	Spans   int
	Results int64
	Days    int
	Damaged []int64
	Longest time.Duration
}

func (s *Store) Compact(ctx context.Context, now time.Time) (Compaction, error) {
	return Compaction{}, nil
}

type Retention struct{ Results, Rollups time.Duration }

func (s *Store) Forget(ctx context.Context, now time.Time, keep Retention) error { return nil }

type Latencies struct{}

type Summary struct {
	From, To time.Time
	Outcomes [probe.Excluded + 1]int64
	Codes    map[int]int64
	Reasons  map[probe.Reason]int64
	Latency  Latencies
}

func (s *Summary) Results() (n int64) {
	for _, some := range s.Outcomes {
		n += some
	}
	return n
}

func (r *Reader) Results(ctx context.Context, id probe.ID, from, to time.Time, f func(*incident.Input) error) error {
	rows, err := r.db.QueryContext(ctx, "SELECT packed FROM log ORDER BY seq")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var packed []byte
		if err := rows.Scan(&packed); err != nil {
			return err
		}
		entries, err := unpackEntries(packed)
		if err != nil {
			return err
		}
		for i := range entries {
			in := &entries[i].Input
			if entries[i].Probe != id || in.At.Before(from) || !in.At.Before(to) {
				continue
			}
			if err := f(in); err != nil {
				return err
			}
		}
	}
	return rows.Err()
}

func (r *Reader) Summaries(ctx context.Context, id probe.ID, from, to time.Time, step time.Duration) ([]Summary, error) {
	var all []Summary
	for at := from; at.Before(to); at = at.Add(step) {
		all = append(all, Summary{From: at, To: at.Add(step)})
	}
	err := r.Results(ctx, id, from, to, func(in *incident.Input) error {
		all[in.At.Sub(from)/step].Outcomes[in.Verdict.Outcome]++
		return nil
	})
	return all, err
}

type IncidentRecord struct {
	ID    incident.ID
	Probe probe.ID
}

func (r *Reader) Incidents(ctx context.Context, id probe.ID, from, to time.Time, limit int) ([]IncidentRecord, error) {
	return nil, nil
}
