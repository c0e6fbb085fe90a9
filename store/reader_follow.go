package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"math"

	"sonde/incident"
)

// meanwhile is what else is read from the database while states are unpacked and stepped.
type meanwhile struct {
	first func() error // needs not even the probes; nil: nothing
	then  func() error // needs the probes; nil: nothing
}

// follow brings the states up to the end of the log, and reads something else meanwhile.
// After a change of the configuration the states are read anew: other policies hold from
// there on.
func (r *Reader) follow(ctx context.Context, tx *sql.Tx, also meanwhile) error {
	r.stepped = nil
	if r.memory == nil && r.loan == nil {
		return r.anew(ctx, tx, also)
	}
	if err := r.know(ctx, tx); err != nil {
		return err
	}
	if r.loan != nil {
		r.memory, r.lent = r.loan, true
	}
	if r.memory == nil {
		return r.anew(ctx, tx, also)
	}
	// What lies behind every checkpoint may be gone from the log.
	var oldest int64
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(min(seq), 0) FROM checkpoints").Scan(&oldest); err != nil {
		return err
	}
	if r.memory.Seq < oldest {
		return r.anew(ctx, tx, also)
	}
	_, err := r.catchUp(ctx, tx, newAside(), &logBehind{after: r.memory.Seq}, also, func(f *follower) { f.m = r.memory })
	return err
}

// know reads which probes there are, unless nothing has changed since it did.
func (r *Reader) know(ctx context.Context, q querier) error {
	wait, err := r.knowing(ctx, q, false)
	if err != nil {
		return err
	}
	return wait()
}

// knowing is know, and who shares what if that is wanted. What takes no database goes on beside its
// caller, who has to wait for it.
func (r *Reader) knowing(ctx context.Context, q querier, shares bool) (wait func() error, err error) {
	var revision string
	err = q.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = 'revision'").Scan(&revision)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	if r.known != nil && revision == r.revision {
		return func() error { return nil }, nil
	}
	kept, err := readProbes(ctx, q)
	if err != nil {
		return nil, err
	}
	var known []Probe
	var circles *incident.Circles
	theirs, unpacked := false, make(chan error, 1)
	go func() {
		var err error
		if known, theirs, err = kept.unpack(r.configured); err == nil && shares && !theirs {
			circles = Circles(known)
		}
		unpacked <- err
	}()
	return func() error {
		if err := <-unpacked; err != nil {
			if known, err = probeRows(ctx, q, allProbes); err != nil {
				return err
			}
		}
		r.known, r.places, r.revision, r.circles = known, placesOf(known), revision, circles
		r.theirs = theirs
		r.memory, r.lent = nil, false
		return nil
	}, nil
}

// whoShares is who shares what of what is known: the lender knows it, if what is configured is
// as it says.
func (r *Reader) whoShares() *incident.Circles {
	if r.theirs {
		return r.lender.Circles()
	}
	return Circles(r.known)
}

// anew reads the newest checkpoint and the log behind it. Which probes there are, and their states,
// are unpacked beside that.
func (r *Reader) anew(ctx context.Context, tx *sql.Tx, also meanwhile) error {
	r.memory, r.lent = nil, false // half of it would be another past
	known, err := r.knowing(ctx, tx, true)
	if err != nil {
		return err
	}
	var m *Memory
	var ordered orderedStates
	a := newAside()
	seq, packed, err := newestCheckpoint(ctx, tx)
	a.do(func() (err error) {
		if packed != nil {
			m, err = unpackMemoryAt(seq, packed, &ordered)
		}
		return err
	})
	changes, err2 := changesBehind(ctx, tx, seq)
	ahead, err3 := someSegments(ctx, tx, seq)
	err = errors.Join(err, err2, err3)
	if also.first != nil && err == nil {
		err, also.first = also.first(), nil
	}
	if err = errors.Join(err, known()); err != nil {
		return errors.Join(err, a.wait())
	}
	if packed != nil && len(changes) == 0 {
		m, err := r.catchUp(ctx, tx, a, &logBehind{seq, ahead}, also, func(f *follower) { f.begin(m, &ordered) })
		if !errors.Is(err, errPacked) {
			r.memory = m
			return err
		}
	} else {
		_ = a.wait() // of a checkpoint that is not the one to begin with
	}
	m, err = lastCheckpoint(ctx, tx)
	if err != nil {
		return err
	}
	if err := m.replay(ctx, tx, r.known); err != nil {
		return err
	}
	if r.circles == nil {
		r.circles = r.whoShares()
	}
	r.memory = m
	return also.read(newAside())
}

// read reads, and waits until all is done.
func (m meanwhile) read(a *aside) (err error) {
	if m.first != nil {
		err = m.first()
	}
	if m.then != nil && err == nil {
		err = m.then()
	}
	return errors.Join(a.wait(), err)
}

// logBehind is the log behind a segment, of which some is read already.
type logBehind struct {
	after int64
	ahead []segment
}

// segment is a segment of the log, by its number.
type segment struct {
	seq    int64
	packed []byte
}

// someSegments reads the first segments behind one.
func someSegments(ctx context.Context, q querier, after int64) (some []segment, err error) {
	_, err = eachRow(ctx, q, logTail, []any{after, int64(math.MaxInt64), asideWaiting / 2}, func(rows *sql.Rows) error {
		var s segment
		err := rows.Scan(&s.seq, &s.packed)
		some = append(some, s)
		return err
	})
	return some, err
}

// each calls f for every segment, whose bytes are its own.
func (t *logBehind) each(ctx context.Context, q querier, f func(segment)) error {
	after := t.after
	for _, s := range t.ahead {
		f(s)
		after = s.seq
	}
	return eachSegment(ctx, q, after, math.MaxInt64, func(seq int64, packed []byte) error {
		f(segment{seq, bytes.Clone(packed)})
		return nil
	})
}

// catchUp replays the log behind a segment into what start begins with, once that is made aside. What
// is read from the database while the states are stepped is the rest of the log, and what is
// wanted meanwhile. The memory is nil after an error.
func (r *Reader) catchUp(ctx context.Context, tx *sql.Tx, a *aside, t *logBehind, also meanwhile, start func(*follower)) (*Memory, error) {
	f := &follower{known: r.known, places: r.places, states: make([]*incident.State, len(r.known)), lent: r.lent}
	p := newPair(f)
	a.do(func() error {
		start(f)
		return nil
	})
	if r.circles == nil {
		r.circles = r.whoShares()
	}
	f.shared = r.circles
	err := t.each(ctx, tx, func(s segment) { a.do(func() error { return p.segment(s.seq, s.packed) }) })
	a.do(func() error {
		p.flush()
		return nil
	})
	if err != nil {
		also = meanwhile{}
	}
	if err = errors.Join(err, also.read(a)); err != nil {
		return nil, err
	}
	r.stepped = f.states
	if f.m.uncounted {
		err = f.m.countAsBefore(ctx, tx)
	}
	return f.m, err
}
