package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// Load returns what is kept about all probes, the retired ones too, and their states as
// of the end of the log.
func (s *Store) Load(ctx context.Context) ([]Probe, *Memory, error) {
	if l := s.loaded.Swap(nil); l != nil {
		return l.known, l.memory, nil
	}
	known, err := probes(ctx, s.db)
	if err != nil {
		return nil, nil, describe(s.path, err)
	}
	m, err := lastCheckpoint(ctx, s.db)
	if err != nil {
		return nil, nil, describe(s.path, err)
	}
	if err := m.replay(ctx, s.db, known); err != nil {
		return nil, nil, describe(s.path, err)
	}
	// A replay under policies that came later may have opened fewer incidents than there
	// are: the first release did not keep those from before. No id is given twice.
	var newest sql.NullInt64
	if err := s.db.QueryRowContext(ctx, "SELECT max(id) FROM incidents").Scan(&newest); err != nil {
		return nil, nil, describe(s.path, err)
	}
	if newest.Valid {
		m.IDs.Next = max(m.IDs.Next, incident.ID(newest.Int64+1))
	}
	if m.Seq, err = lastNumber(ctx, s.db, m.Seq); err != nil {
		return nil, nil, describe(s.path, err)
	}
	return known, m, nil
}

// lastNumber is the highest number that any segment had of which something is left. Of a
// database that replaced a damaged one, history may be all that is: its spans are named
// by segments, and no number is given twice.
func lastNumber(ctx context.Context, q querier, seq int64) (int64, error) {
	var highest int64
	err := q.QueryRowContext(ctx, `SELECT max((SELECT coalesce(max(seq), 0) FROM log), (SELECT coalesce(max(id), 0) FROM spans),
		(SELECT coalesce(max(span), 0) FROM chunks), (SELECT coalesce(max(span), 0) FROM rollups))`).Scan(&highest)
	return max(seq, highest), err
}

func policies(known []Probe) map[probe.ID]incident.Policy {
	m := make(map[probe.ID]incident.Policy, len(known))
	for i := range known {
		m[known[i].ID] = known[i].Policy
	}
	return m
}

// lastCheckpoint reads the newest checkpoint that can be read: a damaged one costs
// only a longer replay. Without any, all states are new, unless the log that would give
// them is gone.
func lastCheckpoint(ctx context.Context, q querier) (*Memory, error) {
	rows, err := q.QueryContext(ctx, "SELECT seq, packed FROM checkpoints ORDER BY seq DESC")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	damaged := false
	for rows.Next() {
		var seq int64
		var packed []byte
		if err := rows.Scan(&seq, &packed); err != nil {
			return nil, err
		}
		if m, err := unpackMemory(packed); err == nil {
			m.Seq = seq
			return m, rows.Err()
		}
		damaged = true
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	_ = rows.Close()
	if damaged {
		if err := reachesBack(ctx, q); err != nil {
			return nil, err
		}
	}
	return NewMemory(), nil
}

// follow replays the log behind the memory's position. It reads a bounded number of
// segments per query, so that no read holds the write-ahead log for long.
func (m *Memory) follow(ctx context.Context, q querier, policies map[probe.ID]incident.Policy) error {
	if err := m.followTo(ctx, q, policies, math.MaxInt64); err != nil {
		return err
	}
	if m.uncounted {
		return m.countAsBefore(ctx, q)
	}
	return nil
}

// followTo replays the log up to and with a segment.
func (m *Memory) followTo(ctx context.Context, q querier, policies map[probe.ID]incident.Policy, last int64) error {
	for {
		if n, err := m.followSome(ctx, q, policies, last); n == 0 || err != nil {
			return err
		}
	}
}

const logTail = "SELECT seq, packed FROM log WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"

func (m *Memory) followSome(ctx context.Context, q querier, policies map[probe.ID]incident.Policy, last int64) (int, error) {
	const segments = 1000
	rows, err := q.QueryContext(ctx, logTail, m.Seq, last, segments)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	n := 0
	for rows.Next() {
		var seq int64
		var packed sql.RawBytes
		if err := rows.Scan(&seq, &packed); err != nil {
			return n, err
		}
		// What follows from the entries was committed with them, and is not made again.
		err := eachEntry(packed, func(e *Entry) {
			if policy, ok := policies[e.Probe]; ok {
				m.Step(policy, e)
			}
		})
		if err != nil {
			return n, fmt.Errorf("segment %d of the log: %w", seq, err)
		}
		m.Seq = seq
		n++
	}
	return n, rows.Err()
}

// replay follows the log behind a checkpoint. Where the configuration changed behind it
// (the checkpoint that was written then is damaged), the log is replayed as it was
// stepped: under the policies of its time, and with what the change did to the states.
func (m *Memory) replay(ctx context.Context, q querier, known []Probe) error {
	changes, err := changesBehind(ctx, q, m.Seq)
	if err != nil {
		return err
	}
	if len(changes) > 0 {
		before, err := configuredAt(ctx, q, m.Seq)
		if err != nil {
			return err
		}
		if before == nil {
			before = changes[0].probes // the first release did not keep any
		}
		for _, c := range changes {
			if err := m.followTo(ctx, q, policies(before), c.seq); err != nil {
				return err
			}
			m.reconfigure(before, c.probes)
			before = c.probes
		}
	}
	return m.follow(ctx, q, policies(known))
}

// reconfigure changes the states as a change of the configuration does.
func (m *Memory) reconfigure(before, after []Probe) {
	now := make(map[probe.ID]*Probe, len(after))
	for i := range after {
		now[after[i].ID] = &after[i]
	}
	for i := range before {
		Supersede(m.State(before[i].ID), &before[i], now[before[i].ID], time.Time{})
	}
}

// Supersede has a state go on under another configuration of its probe, or without any
// if after is nil, and returns what follows from that at an instant. A probe whose
// request has changed has yet to show that it works.
func Supersede(s *incident.State, before, after *Probe, at time.Time) incident.Effects {
	if after == nil {
		return incident.Withdraw(s, at)
	}
	if after.RequestHash != before.RequestHash {
		s.Rewrite()
	}
	return incident.Effects{}
}
