package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"sonde/incident"
	"sonde/migrations"
	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
)

// Reader looks at a database without writing: beside a running service, after it
// stopped, or as another user. It follows the log, so that a second look costs only
// what is new. It is safe for use by several goroutines.
type Reader struct {
	path string
	db   *sql.DB

	mu       sync.Mutex
	revision string
	known    []Probe // of which nobody changes anything
	places   *places // of known
	circles  *incident.Circles
	memory   *Memory
	states   []*incident.State // of known, while a look is taken
	stepped  []*incident.State // of known, as far as following came by them
	lent     bool              // somebody reads the states: they are not changed any more

	tail tailIndex // has a lock of its own

	lender     Lender  // nil: nobody lends the states
	loan       *Memory // for the look that is taken now
	configured []Probe // by the lender, if it is the same
	theirs     bool    // it is the same
}

// OpenReader opens a database to look at it. The error is a [*NewerError] or a
// [*ForeignError] if it is not one that this sonde can read.
func OpenReader(ctx context.Context, path string) (*Reader, error) {
	path, err := locate(path)
	if err != nil {
		return nil, err
	}
	size, err := sizeOf(path)
	if err != nil {
		return nil, err
	}
	if size == 0 && ours(path) {
		return nil, &DamagedError{path, errGone}
	}
	if size == 0 {
		return nil, &ForeignError{path, "it is empty"}
	}
	db, err := openReader(path)
	if err != nil {
		return nil, describe(path, err)
	}
	r := &Reader{path: path, db: db}
	if err := r.check(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return r, nil
}

func (r *Reader) check(ctx context.Context) error {
	steps, err := migrations.Steps()
	if err != nil {
		return err
	}
	found, err := version(ctx, r.db, r.path, len(steps))
	switch {
	case err != nil:
		return err
	case found < len(steps):
		return fmt.Errorf("database %s has schema %d and this sonde reads %d; start the service once to bring it up to date", r.path, found, len(steps))
	}
	return nil
}

// Close ends looking.
func (r *Reader) Close() error { return r.db.Close() }

// Service is how the service that writes the database is doing.
type Service struct {
	Running   bool
	Version   string
	StartedAt time.Time // zero: never
	LastWrite time.Time // zero: never
	Pending   int       // messages that wait to be delivered
	Dead      int       // messages that could not be
	InDoubt   int       // messages of which nobody knows whether they got through
	Oldest    time.Time // since when the message waits that has waited longest, and was not passed on; zero: none waits
	Dropped   int       // messages that people dropped, within a month

	Storing    *Storing  // what the running service says; nil if it says nothing
	Damaged    []string  // databases that were set aside and still lie there, the oldest first
	LastBackup time.Time // when the service last made a copy by itself; zero: never
}

// Snapshot is how everything stood at one position of the log.
type Snapshot struct {
	Location string
	Service  Service
	Probes   []Watched // those that are configured, in the order of their ids
	Shared   []Shared  // what several of them share, while anything is wrong with it, in the order of their names
	Groups   []Group   // those of which anything is promised
	Classes  map[probe.Class]int64

	Acks map[incident.ID]incident.Command // who looks after which open incident
	Held map[incident.ID]notify.Held      // of which people have not heard

	done func()
}

// Done says that the snapshot is not read any more, so that states that were lent for it
// can be changed where they are. It may be left out, at a cost.
func (s *Snapshot) Done() {
	if s.done != nil {
		s.done()
	}
}

// Shared is something that several probes share, with its state.
type Shared struct {
	Circle *incident.Circle
	State  *incident.State // a copy
}

// Watched is a probe with its state and its ledger. All of it is to be read only: others
// may have been given the same.
type Watched struct {
	*Probe
	State  *incident.State
	Ledger Ledger

	Latencies []*Latency // by objective, for its window and those of burn rates; nil for one that is not of that kind

	Maintenance *incident.Command // that the probe is in; nil if it is in none
	Rest        slo.Spell         // from when until when
}

// Snapshot returns how everything stands. Ledgers reach back for 30 days, or as far as
// the longest objective; classes are counted over the last 24 hours.
func (r *Reader) Snapshot(ctx context.Context, now time.Time) (*Snapshot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	done := r.borrow(ctx)
	defer r.giveBack()
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		done()
		return nil, describe(r.path, err)
	}
	defer func() { _ = tx.Rollback() }()
	snapshot, err := r.look(ctx, tx, now)
	if err != nil {
		done()
		return nil, describe(r.path, err)
	}
	snapshot.done = done
	if snapshot.Service.Running = Running(r.path); snapshot.Service.Running {
		snapshot.Service.Storing = lastSaid(r.path)
	}
	snapshot.Service.Damaged = stillAside(r.path)
	return snapshot, nil
}

func (r *Reader) look(ctx context.Context, tx *sql.Tx, now time.Time) (*Snapshot, error) {
	s := &Snapshot{}
	var all *ledgers
	err := r.follow(ctx, tx, meanwhile{
		first: func() error {
			return errors.Join(readMeta(ctx, tx, s), readService(ctx, tx, &s.Service), s.readHeld(ctx, tx))
		},
		then: func() (err error) {
			all, err = r.readLedgers(ctx, tx, now)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	r.states = r.memory.statesOf(r.known, r.stepped)
	defer func() { r.states, r.stepped = nil, nil }()
	if err := r.fillLedgers(ctx, tx, all); err != nil {
		return nil, err
	}
	paces, err := r.readPaces(ctx, tx, all, now)
	if err != nil {
		return nil, err
	}
	worst, err := r.readWorst(ctx, tx, all, paces, now)
	if err != nil {
		return nil, err
	}
	s.Classes = r.memory.Classes.since(now.Add(-24 * time.Hour))
	s.Probes = make([]Watched, 0, len(r.known))
	for i := range r.known {
		p := &r.known[i]
		if !p.RetiredAt.IsZero() {
			continue
		}
		state := r.stateAt(i)
		w := Watched{Probe: p, State: state, Ledger: all.of(i, &state.Account)}
		w.Maintenance, w.Rest = all.calendar.Now(p.ID, now)
		s.Probes = append(s.Probes, w)
	}
	paces.fill(s.Probes)
	s.Shared = r.memory.shared(r.circles)
	r.lent = true
	s.Groups = r.groups(s.Probes, paces, worst)
	return s, nil
}

// stateAt is the state of the probe at a place.
func (r *Reader) stateAt(place int) *incident.State {
	if r.states != nil {
		return r.states[place]
	}
	return r.memory.State(r.known[place].ID)
}

func readMeta(ctx context.Context, tx *sql.Tx, s *Snapshot) error {
	rows, err := tx.QueryContext(ctx, "SELECT key, value FROM meta")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var key, value string
		if err := rows.Scan(&key, &value); err != nil {
			return err
		}
		switch key {
		case "location":
			s.Location = value
		case "version":
			s.Service.Version = value
		case backupKey:
			if s.Service.LastBackup, err = time.Parse(time.RFC3339Nano, value); err != nil {
				return err
			}
		case "started_at":
			if s.Service.StartedAt, err = time.Parse(time.RFC3339Nano, value); err != nil {
				return err
			}
		}
	}
	return rows.Err()
}

// Queries of a look at everything. None of them reads all of a table that grows.
const (
	lastWrite = "SELECT max(at) FROM (SELECT at FROM log ORDER BY seq DESC LIMIT 1)"
	unsent    = `SELECT count(*) FILTER (WHERE state IN ('pending', 'sending')), count(*) FILTER (WHERE state = 'dead'), count(*) FILTER (WHERE state = 'dropped'),
		count(*) FILTER (WHERE state IN ('pending', 'sending') AND doubt_at IS NOT NULL), min(` + waitingSince + `) FILTER (WHERE state IN ('pending', 'sending') AND forwarded = 0)
		FROM outbox WHERE state <> 'sent'`
)

func readService(ctx context.Context, tx *sql.Tx, s *Service) error {
	var at sql.NullInt64
	if err := tx.QueryRowContext(ctx, lastWrite).Scan(&at); err != nil {
		return err
	}
	if at.Valid {
		s.LastWrite = instant(at.Int64)
	}
	var oldest sql.NullInt64
	err := tx.QueryRowContext(ctx, unsent).Scan(&s.Pending, &s.Dead, &s.Dropped, &s.InDoubt, &oldest)
	if oldest.Valid {
		s.Oldest = instant(oldest.Int64)
	}
	return err
}
