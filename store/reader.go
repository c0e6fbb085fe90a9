package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"sonde/incident"
	"sonde/migrations"
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
	known    []Probe
	memory   *Memory
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

	Storing    *Storing  // what the running service says; nil if it says nothing
	Damaged    []string  // databases that were set aside and still lie there, the oldest first
	LastBackup time.Time // when the service last made a copy by itself; zero: never
}

// Snapshot is how everything stood at one position of the log.
type Snapshot struct {
	Location string
	Service  Service
	Probes   []Watched // those that are configured, in the order of their ids
	Classes  map[probe.Class]int64
}

// Watched is a probe with its state and its ledger.
type Watched struct {
	Probe
	State  *incident.State // a copy
	Ledger Ledger

	Maintenance *incident.Command // that the probe is in; nil if it is in none
	Rest        slo.Spell         // from when until when
}

// Snapshot returns how everything stands. Ledgers reach back for 30 days, or as far as
// the longest objective; classes are counted over the last 24 hours.
func (r *Reader) Snapshot(ctx context.Context, now time.Time) (*Snapshot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, describe(r.path, err)
	}
	defer func() { _ = tx.Rollback() }()
	snapshot, err := r.look(ctx, tx, now)
	if err != nil {
		return nil, describe(r.path, err)
	}
	if snapshot.Service.Running = Running(r.path); snapshot.Service.Running {
		snapshot.Service.Storing = lastSaid(r.path)
	}
	snapshot.Service.Damaged = stillAside(r.path)
	return snapshot, nil
}

func (r *Reader) look(ctx context.Context, tx *sql.Tx, now time.Time) (*Snapshot, error) {
	if err := r.follow(ctx, tx); err != nil {
		return nil, err
	}
	s := &Snapshot{}
	if err := readMeta(ctx, tx, s); err != nil {
		return nil, err
	}
	var err error
	if err = readService(ctx, tx, &s.Service); err != nil {
		return nil, err
	}
	s.Classes = r.memory.Classes.since(now.Add(-24 * time.Hour))
	given, err := commands(ctx, tx, slices.MinFunc(lookbacks(r.known, now), time.Time.Compare))
	if err != nil {
		return nil, err
	}
	calendar := incident.NewCalendar(given)
	all, err := r.ledgers(ctx, tx, now, calendar)
	if err != nil {
		return nil, err
	}
	s.Probes = make([]Watched, 0, len(r.known))
	for i := range r.known {
		p := &r.known[i]
		if !p.RetiredAt.IsZero() {
			continue
		}
		state := r.memory.State(p.ID).Clone()
		w := Watched{Probe: *p, State: state, Ledger: all.of(p.ID, &state.Account)}
		w.Maintenance, w.Rest = calendar.Now(p.ID, now)
		s.Probes = append(s.Probes, w)
	}
	return s, nil
}

// ledgers reads what it takes to know the time of every probe over each of the windows
// that are asked about: sums of whole days, and the ledger where there are none and
// where windows begin.
func (r *Reader) ledgers(ctx context.Context, tx *sql.Tx, now time.Time, calendar *incident.Calendar) (*ledgers, error) {
	l := newLedgers()
	var err error
	if l.since, err = keptSince(ctx, tx); err != nil {
		return nil, err
	}
	starts := lookbacks(r.known, now)
	start := slices.MinFunc(starts, time.Time.Compare)
	today := dayOf(now.UnixMilli())
	if err := errors.Join(l.loadGrids(ctx, tx, start), l.loadDays(ctx, tx, dayOf(start.UnixMilli())+1, today, r.known)); err != nil {
		return nil, err
	}
	needed := []window{{now.Add(-day), forever}} // shorter windows lie in it
	for _, after := range starts {
		_, until := dayWindow(dayOf(after.UnixMilli()))
		needed = append(needed, window{after, until})
	}
	needed = append(needed, l.rest(calendar, start, now)...)
	for i, lacks := range r.lacking(l) {
		if lacks {
			after, until := dayWindow(l.firstDay + int64(i))
			needed = append(needed, window{after, until})
		}
	}
	for _, w := range merged(needed) {
		if err := l.load(ctx, tx, w, 0); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// lacking says of which days any configured probe may have slots and has no sum.
func (r *Reader) lacking(l *ledgers) []bool {
	lacking := make([]bool, max(0, l.lastDay-l.firstDay))
	for i := range r.known {
		p := &r.known[i]
		if !p.RetiredAt.IsZero() {
			continue
		}
		days := l.days[p.ID]
		from, to := l.daysWithSlots(p.ID, &r.memory.State(p.ID).Account)
		for d := max(from-l.firstDay, 0); d < min(to-l.firstDay+1, int64(len(lacking))); d++ {
			lacking[d] = lacking[d] || days == nil || days[d] == noTally
		}
	}
	return lacking
}

// lookbacks are where the windows begin that people ask about, each once: a day, three,
// a week, 30 days, and those of all objectives. Windows of less than a day need not be named.
func lookbacks(known []Probe, now time.Time) []time.Time {
	windows := []slo.Window{slo.Rolling(day), slo.Rolling(3 * day), slo.Rolling(7 * day), slo.Rolling(30 * day)}
	for i := range known {
		for _, o := range known[i].Objectives {
			if !slices.Contains(windows, o.Window) {
				windows = append(windows, o.Window)
			}
		}
	}
	starts := make([]time.Time, len(windows))
	for i, w := range windows {
		starts[i] = w.Span(now).After
	}
	return starts
}

// follow brings the states up to the end of the log. After a change of the
// configuration they are read anew: other policies hold from there on.
func (r *Reader) follow(ctx context.Context, tx *sql.Tx) error {
	var revision string
	err := tx.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = 'revision'").Scan(&revision)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if r.memory != nil {
		// What lies behind every checkpoint may be gone from the log.
		var oldest int64
		if err := tx.QueryRowContext(ctx, "SELECT coalesce(min(seq), 0) FROM checkpoints").Scan(&oldest); err != nil {
			return err
		}
		if r.memory.Seq < oldest {
			r.memory = nil
		}
	}
	if r.memory == nil || revision != r.revision {
		if r.known, err = probes(ctx, tx); err != nil {
			return err
		}
		if r.memory, err = lastCheckpoint(ctx, tx); err != nil {
			return err
		}
		r.revision = revision
		if err := r.memory.replay(ctx, tx, r.known); err != nil {
			r.memory = nil // half of it would be another past
			return err
		}
		return nil
	}
	return r.memory.follow(ctx, tx, policies(r.known))
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
	unsent    = "SELECT count(*) FILTER (WHERE state IN ('pending', 'sending')), count(*) FILTER (WHERE state = 'dead') FROM outbox WHERE state <> 'sent'"
)

func readService(ctx context.Context, tx *sql.Tx, s *Service) error {
	var at sql.NullInt64
	if err := tx.QueryRowContext(ctx, lastWrite).Scan(&at); err != nil {
		return err
	}
	if at.Valid {
		s.LastWrite = instant(at.Int64)
	}
	return tx.QueryRowContext(ctx, unsent).Scan(&s.Pending, &s.Dead)
}
