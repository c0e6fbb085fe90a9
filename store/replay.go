package store

import (
	"context"
	"database/sql"
	"errors"
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
	known, _, err := probes(ctx, s.db, nil)
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

// newestCheckpoint reads the newest checkpoint, packed; nil if there is none.
func newestCheckpoint(ctx context.Context, q querier) (seq int64, packed []byte, err error) {
	err = q.QueryRowContext(ctx, "SELECT seq, packed FROM checkpoints ORDER BY seq DESC LIMIT 1").Scan(&seq, &packed)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil, nil
	}
	return seq, packed, err
}

// unpackMemoryAt reads the states as of a segment.
func unpackMemoryAt(seq int64, packed []byte, ordered *orderedStates) (*Memory, error) {
	m, err := unpackInto(ordered, packed)
	if err != nil {
		return nil, err
	}
	m.Seq = seq
	return m, nil
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
		if m, err := unpackMemoryAt(seq, packed, nil); err == nil {
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

// follower replays the log into a memory, for the probes of a configuration.
type follower struct {
	m      *Memory
	known  []Probe
	places *places
	shared *incident.Circles
	states []*incident.State    // of known, as far as they were needed
	lent   bool                 // somebody reads the states: none is changed, but replaced by a copy
	room   room[incident.State] // for those of probes that never ran
}

func (m *Memory) follower(known []Probe, places *places) *follower {
	return &follower{m: m, known: known, places: places, shared: Circles(known), states: make([]*incident.State, len(known))}
}

// step replays an entry. What follows from it was committed with it, and is not made again.
func (f *follower) step(e *Entry) {
	place, ok := f.places.of(e.Probe)
	switch {
	case e.Probe == 0: // of the prober as a whole
		f.m.Correlate(f.shared, e, &incident.Effects{})
		return
	case !ok:
		return
	}
	fx := f.m.step(f.known[place].Policy, f.stateAt(place), e)
	if f.shared.Concern(e.Probe, &e.Input, f.m.States) {
		f.correlate(e, fx)
	}
}

// stateAt is the state of the probe at a place, to be changed.
func (f *follower) stateAt(place int) *incident.State {
	if f.states[place] == nil {
		f.states[place] = f.own(f.known[place].ID)
	}
	return f.states[place]
}

// correlate is apart from step so that the effects of most entries are in no memory that
// garbage is collected from.
func (f *follower) correlate(e *Entry, fx incident.Effects) { f.m.Correlate(f.shared, e, &fx) }

// begin begins with states that nobody else has.
func (f *follower) begin(m *Memory, ordered *orderedStates) {
	f.m = m
	i := 0
	for place := range f.known {
		id := f.known[place].ID
		for i < len(ordered.ids) && ordered.ids[i] < id {
			i++
		}
		if i < len(ordered.ids) && ordered.ids[i] == id {
			f.states[place] = ordered.states[i]
		}
	}
}

// own returns the state of a probe to be changed.
func (f *follower) own(id probe.ID) *incident.State {
	s := f.m.States[id]
	if s == nil {
		s = &f.room.take(1, len(f.known))[0]
		f.m.States[id] = s
		return s
	}
	if f.lent {
		s = s.Clone()
		f.m.States[id] = s
	}
	return s
}

// follow replays the log behind the memory's position.
func (f *follower) follow(ctx context.Context, q querier) error {
	if err := f.followTo(ctx, q, math.MaxInt64); err != nil {
		return err
	}
	if f.m.uncounted {
		return f.m.countAsBefore(ctx, q)
	}
	return nil
}

// followTo replays the log up to and with a segment.
func (f *follower) followTo(ctx context.Context, q querier, last int64) error {
	p := newPair(f)
	defer p.flush()
	return eachSegment(ctx, q, f.m.Seq, last, p.segment)
}

const logTail = "SELECT seq, packed FROM log WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"

// eachSegment calls f for the segments behind one, up to and with another. It reads a
// bounded number per query, so that no read holds the write-ahead log for long. What f is
// given is its own only until it returns.
func eachSegment(ctx context.Context, q querier, after, last int64, f func(seq int64, packed []byte) error) error {
	const segments = 1000
	for {
		n, err := eachRow(ctx, q, logTail, []any{after, last, segments}, func(rows *sql.Rows) error {
			var packed sql.RawBytes
			if err := rows.Scan(&after, &packed); err != nil {
				return err
			}
			return f(after, packed)
		})
		if n == 0 || err != nil {
			return err
		}
	}
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
			if err := m.follower(before, placesOf(before)).followTo(ctx, q, c.seq); err != nil {
				return err
			}
			m.reconfigure(before, c.probes)
			before = c.probes
		}
	}
	return m.follower(known, placesOf(known)).follow(ctx, q)
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
	incident.Reconfigure(Circles(before), Circles(after), m.States, time.Time{})
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
