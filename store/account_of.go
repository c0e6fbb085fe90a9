package store

import (
	"context"
	"database/sql"
	"errors"
	"math"

	"sonde/incident"
	"sonde/probe"
)

// loneState returns the account of a probe as of the end of the log, and reads something
// else. Who has not followed the log so far reads what is about this probe and nothing
// else, for that takes milliseconds, however many there are.
func (r *Reader) loneState(ctx context.Context, tx *sql.Tx, id probe.ID, also meanwhile) (*incident.State, error) {
	if err := r.know(ctx, tx); err != nil {
		return nil, err
	}
	if place, ok := r.places.of(id); ok && r.memory == nil {
		state, err := stateOf(ctx, tx, &r.known[place])
		if err != nil && !errors.Is(err, errPacked) {
			return nil, err
		}
		if state != nil {
			return state, also.read(newAside())
		}
	}
	if err := r.follow(ctx, tx, also); err != nil {
		return nil, err
	}
	return r.memory.State(id).Clone(), nil
}

// stateOf replays what the log has of one probe behind the newest checkpoint. It returns
// nil where that would not do: where the configuration has changed since, for one. Numbers
// of incidents are not those that they have, for others open incidents, too.
func stateOf(ctx context.Context, q querier, p *Probe) (*incident.State, error) {
	seq, packed, err := newestCheckpoint(ctx, q)
	if err != nil || packed == nil {
		return nil, err
	}
	changes, err := changesBehind(ctx, q, seq)
	if err != nil || len(changes) > 0 {
		return nil, err
	}
	s, err := unpackStateOf(packed, p.ID)
	if err != nil {
		return nil, err
	}
	var ids incident.Sequence
	err = eachSegment(ctx, q, seq, math.MaxInt64, func(_ int64, packed []byte) error {
		return eachEntryOf(packed, p.ID, nil, func(e *Entry) { incident.Step(p.Policy, s, &e.Input, &ids) })
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// unpackStateOf reads the state of one probe; a new one if there is none.
func unpackStateOf(packed []byte, id probe.ID) (*incident.State, error) {
	body, ok := unsummed(packed)
	if !ok || body[0] != packing {
		return nil, errPacked
	}
	u := stateUnpacker{unpacker: unpacker{buf: body[1:]}}
	var at probe.ID
	var other incident.State
	for n := u.begin(&Memory{}); n > 0 && u.err == nil; n-- {
		at += probe.ID(u.int())
		rest := u.open()
		if at == id {
			s := &incident.State{}
			u.state(s)
			return s, u.err
		}
		u.head(&other) // it may have a verdict that is named by its number from here on
		u.close(rest)
	}
	return &incident.State{}, u.err
}
