package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	reopenApart     = 10 * time.Second // what fails again at once is not mended by opening it again
	reopenWithin    = 10 * time.Minute
	reopenMost      = 3 // so many within that time: a restart has to help
	constraintTries = 3
)

// FatalError is an error of the database that its process cannot mend.
type FatalError struct {
	Path string
	Err  error
}

func (e *FatalError) Error() string {
	return fmt.Sprintf("database %s cannot be used any more: %v; check the disk, then start again", e.Path, e.Err)
}

func (e *FatalError) Unwrap() error { return e.Err }

// health is how writing goes.
type health struct {
	healing sync.RWMutex // held for writing while the database is opened again
	mu      sync.Mutex
	opened  []time.Time // again, lately
	dead    *FatalError
	broken  chan error
	ballast ballast

	refused     int // commits of refusedSeq that broke a constraint, in a row
	refusedSeq  int64
	refusedText string
}

func newHealth() health { return health{broken: make(chan error, 1)} }

// Broken tells once when the database cannot be used any more by this process: a
// [*FatalError].
func (s *Store) Broken() <-chan error { return s.broken }

// pool is the database to use until done is called.
func (s *Store) pool() (db *sql.DB, done func()) {
	s.healing.RLock()
	return s.db, s.healing.RUnlock
}

// change runs f in one transaction, all or nothing. f may be run twice: when the disk is
// full, the ballast makes room.
func (s *Store) change(ctx context.Context, f func(tx *sql.Tx) error) error {
	if err := s.fatal(); err != nil {
		return err
	}
	used, err := s.attempt(ctx, f)
	if err != nil && full(err) && s.dropBallast() {
		used, err = s.attempt(ctx, f)
	}
	if err == nil {
		return nil
	}
	switch primary(err) {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return s.suspect(err)
	case sqlite3.SQLITE_IOERR:
		return s.reopen(ctx, used, err)
	}
	return describe(s.path, err)
}

func (s *Store) attempt(ctx context.Context, f func(tx *sql.Tx) error) (used *sql.DB, err error) {
	s.loaded.Store(nil)
	db, done := s.pool()
	defer done()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return db, err
	}
	defer func() { _ = tx.Rollback() }()
	if err := f(tx); err != nil {
		return db, err
	}
	return db, tx.Commit()
}

// primary is the primary result code of an error of SQLite's; 0 if it is none.
func primary(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// Full reports whether a change failed because there is no room.
func Full(err error) bool { return full(err) }

func full(err error) bool { return primary(err) == sqlite3.SQLITE_FULL }

func (s *Store) fatal() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead == nil {
		return nil
	}
	return s.dead
}

// condemn gives the database up for this process.
func (s *Store) condemn(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead == nil {
		s.dead = &FatalError{s.path, err}
		s.broken <- s.dead
	}
	return s.dead
}

// suspect condemns a database that is damaged, and leaves a note for the next start.
func (s *Store) suspect(err error) error {
	return s.condemn(errors.Join(err, Suspect(s.path)))
}

// reopen opens the database again after an I/O error: the pages that SQLite or the
// kernel remember may not be those of the disk. It returns why, so that the change is
// made again, under the same key.
func (s *Store) reopen(ctx context.Context, used *sql.DB, why error) error {
	s.healing.Lock()
	defer s.healing.Unlock()
	if s.db != used {
		return describe(s.path, why) // somebody else has done it
	}
	now := time.Now()
	var lately []time.Time
	for _, at := range s.opened {
		if now.Sub(at) < reopenWithin {
			lately = append(lately, at)
		}
	}
	if n := len(lately); n > 0 && now.Sub(lately[n-1]) < reopenApart {
		return describe(s.path, why)
	}
	if s.opened = append(lately, now); len(s.opened) >= reopenMost {
		return s.condemn(fmt.Errorf("it had to be opened again %d times within %s: %w", reopenMost, reopenWithin, why))
	}
	fresh, err := openWriter(s.path)
	if err != nil {
		return errors.Join(describe(s.path, why), err)
	}
	err = s.db.Close()
	s.db = fresh
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	err = errors.Join(err, verify(ctx, fresh), check(ctx, fresh, s.path, "quick_check"))
	code := primary(err)
	if _, damaged := errors.AsType[*DamagedError](err); damaged || code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB {
		return s.suspect(err)
	}
	return errors.Join(describe(s.path, why), err)
}

// bound condemns the database when the same batch breaks the same constraint again and
// again: no later try would be another, and no part of a batch may be left out.
func (s *Store) bound(b *Batch, err error) error {
	if err == nil || primary(err) != sqlite3.SQLITE_CONSTRAINT {
		s.refused = 0
		return err
	}
	if s.refusedSeq != b.Seq || s.refusedText != err.Error() {
		s.refused, s.refusedSeq, s.refusedText = 0, b.Seq, err.Error()
	}
	if s.refused++; s.refused < constraintTries {
		return err
	}
	return s.condemn(fmt.Errorf("batch %s breaks a constraint: %w", b.keys(), err))
}

// keys say which batch it is, for people who look for the bug.
func (b *Batch) keys() string {
	var all strings.Builder
	fmt.Fprintf(&all, "%d of %s with %d inputs", b.Seq, b.At.UTC().Format(time.RFC3339Nano), len(b.Entries))
	for i := range b.Effects {
		e := &b.Effects[i]
		for j := range e.Transitions {
			t := &e.Transitions[j]
			fmt.Fprintf(&all, ", probe %d incident %s %s", e.Probe, t.Problem.ID, t.Change)
		}
		for _, l := range e.Ledger {
			fmt.Fprintf(&all, ", probe %d ledger from %s", e.Probe, l.Slots.First.UTC().Format(time.RFC3339Nano))
		}
	}
	for i := range b.Messages {
		all.WriteString(", message " + b.Messages[i].Key)
	}
	return all.String()
}
