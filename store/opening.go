package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"modernc.org/sqlite"

	"sonde/migrations"
)

// OnCorrupt is what becomes of a database that is damaged when it is opened.
type OnCorrupt uint8

// What may become of it. Nothing is ever deleted.
const (
	Replace OnCorrupt = iota // set it aside, and go on with a fresh one and what can still be read
	Stop                     // leave it as it is: Open gives a [*DamagedError]
)

// Options say how a database is opened to write.
type Options struct {
	Path      string
	Location  string // where this prober stands; empty: as chosen before
	Fallback  string // of the location, the first time
	OnCorrupt OnCorrupt

	// CheckAtOnce is up to which size a database is checked before Open returns, although it was
	// closed well, or its writer was killed and the machine went on; 0: 32 MiB. For a larger one, see
	// [Store.Unchecked].
	CheckAtOnce int64

	// Span is how much time of the log becomes history together; 0: a quarter of an hour.
	// Tests that cannot wait for so long choose less.
	Span time.Duration
}

// Open opens the database at path as its one writer, creates it if there is none, and
// brings its schema up to date. location is where this prober stands; if it is empty,
// the one chosen before is used, or fallback the first time.
//
// The error is a [*LockedError] if another sonde writes the database, a [*NewerError],
// a [*ForeignError] or a [*FilesystemError] if this one must not.
func Open(ctx context.Context, path, location, fallback string) (*Store, error) {
	return OpenWith(ctx, Options{Path: path, Location: location, Fallback: fallback})
}

// OpenWith is Open, with every choice. A database that is damaged or gone is replaced by
// a fresh one that has what could still be read; [Store.Lost] says so.
func OpenWith(ctx context.Context, o Options) (*Store, error) {
	path, err := locate(o.Path)
	if err != nil {
		return nil, err
	}
	o.Path = path
	if err := checkFilesystem(path); err != nil {
		return nil, err
	}
	if err := checkAccess(path); err != nil {
		return nil, err
	}
	if err := inspect(ctx, path); err != nil {
		return nil, err
	}
	held, err := acquire(path)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, lock: held, span: o.Span, health: newHealth()}
	if err := s.begin(ctx, &o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// inspect refuses a foreign or newer file before anything is written to it or beside it.
// One of ours that is damaged is for later, under the lock.
func inspect(ctx context.Context, path string) error {
	// Closing any descriptor of the file would drop POSIX locks; these survive it.
	if _, err := sqlite.OFDLocking(true); err != nil && !errors.Is(err, sqlite.ErrOFDLockingTooLate) {
		return fmt.Errorf("open database: %w", err)
	}
	size, err := sizeOf(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && size == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	err = view(ctx, path, "")
	if _, damaged := errors.AsType[*DamagedError](err); damaged && ours(path) {
		return nil
	}
	return err
}

// view opens a database to read, sees whose it is and of which version, and has it
// checked as how says; empty: not.
func view(ctx context.Context, path, how string) error {
	db, err := openReader(path)
	if err != nil {
		return describe(path, err)
	}
	defer func() { _ = db.Close() }()
	steps, err := migrations.Steps()
	if err != nil {
		return err
	}
	if _, err := version(ctx, db, path, len(steps)); err != nil || how == "" {
		return err
	}
	return check(ctx, db, path, how)
}

// begin opens what lies at the path, or what takes its place. It holds the lock.
func (s *Store) begin(ctx context.Context, o *Options) error {
	if err := place(s.path); err != nil {
		return err
	}
	marked, err := readStamp(s.path)
	if err != nil {
		return err
	}
	err = s.tryOpen(ctx, o, marked)
	damage, damaged := errors.AsType[*DamagedError](err)
	if !damaged {
		return err
	}
	if o.OnCorrupt == Stop {
		return err
	}
	if err := errors.Join(s.closeDB(), s.replace(ctx, o, damage.Why, marked.mark)); err != nil {
		return fmt.Errorf("%w; %w", damage, err)
	}
	s.unchecked = false
	return s.tryOpen(ctx, o, stamp{})
}

// errGone says that there was a database, and is none.
var errGone = errors.New("the file is gone or empty, and there was a database before")

// tryOpen checks the database and opens it. The error is a [*DamagedError] if it cannot
// be trusted.
func (s *Store) tryOpen(ctx context.Context, o *Options, marked stamp) error {
	size, err := sizeOf(s.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		size = 0
	case err != nil:
		return err
	}
	if size == 0 && (marked.found || filled(s.path+"-wal")) {
		return &DamagedError{s.path, errGone}
	}
	if err := s.examine(ctx, o, size, marked); err != nil {
		return err
	}
	missing, err := s.seeMissing(ctx, o, size, marked)
	if err != nil {
		return err
	}
	if size == 0 {
		if err := s.bear(ctx); err != nil {
			return err
		}
	}
	if err := s.openDB(ctx); err != nil {
		return err
	}
	if err := s.chooseLocation(ctx, o.Location, o.Fallback); err != nil {
		return contentDamage(ctx, s.path, err)
	}
	known, memory, err := s.Load(ctx)
	if err != nil {
		return contentDamage(ctx, s.path, err)
	}
	if err := s.admitMissing(ctx, missing, memory, marked); err != nil {
		return err
	}
	if err := os.Remove(suspectPath(s.path)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("open database: %w", err)
	}
	// What was told from memory may be of incidents that are not stored.
	memory.reach(mark{next: marked.next})
	reached := mark{memory.Seq, memory.IDs.Next, marked.told}
	s.doubtful = marked.told
	if err := errors.Join(writeStamp(s.path, stamp{boot: bootID(), mark: reached}), s.marker.open(s.path, reached)); err != nil {
		return err
	}
	s.stamped = true
	s.loaded.Store(&loaded{known, memory})
	return nil
}

// loaded is what [Store.Load] returns. Opening reads it to see that it can be read, and
// keeps it for the first who asks.
type loaded struct {
	known  []Probe
	memory *Memory
}

// examine checks a database before anything is written to it: in full if damage was met
// in it, and not at all now if it is large and all that was written is there.
func (s *Store) examine(ctx context.Context, o *Options, size int64, marked stamp) error {
	if size == 0 {
		return nil
	}
	switch {
	case exists(suspectPath(s.path)):
		return view(ctx, s.path, "integrity_check")
	case size > cmp.Or(o.CheckAtOnce, checkAtOnce) && marked.whole():
		s.unchecked = true
		return nil
	}
	return view(ctx, s.path, "quick_check")
}

// Unchecked reports whether the database was too large to be checked when it was opened;
// then [Store.Check] is to be called while it is in use.
func (s *Store) Unchecked() bool { return s.unchecked }

// Check looks for damage while the database is in use. If there is any, the error is a
// [*DamagedError], the database is marked as suspect, and the service should stop.
func (s *Store) Check(ctx context.Context) error {
	err := view(ctx, s.path, "quick_check")
	if _, damaged := errors.AsType[*DamagedError](err); damaged {
		return errors.Join(err, Suspect(s.path))
	}
	return err
}

// freshPath is where a database waits that is to take the place of another. It is
// complete: what is being made has another name.
func freshPath(path string) string { return path + ".fresh" }

// place puts a database that waits into its place, if the one before is out of it: the
// second half of what a crash may have cut in two.
func place(path string) error {
	if !exists(freshPath(path)) || exists(path) {
		return nil
	}
	// A log that was left there belongs to the database before, and would be replayed
	// into this one.
	if err := takeLeftovers(path); err != nil {
		return err
	}
	if err := errors.Join(os.Rename(freshPath(path), path), syncFolder(filepath.Dir(path))); err != nil {
		return fmt.Errorf("put the new database in its place: %w", err)
	}
	return nil
}

// replace makes a fresh database of what can still be read, sets the damaged one aside,
// and puts the fresh one in its place.
func (s *Store) replace(ctx context.Context, o *Options, why error, reached mark) error {
	now := time.Now().UTC().Truncate(time.Second)
	aside := asideName(s.path, corruptInfix, now)
	lost := &Loss{At: now, Why: why.Error()}
	damaged := s.path
	if slices.ContainsFunc(trio(s.path)[:2], filled) {
		lost.Aside = aside
	}
	if !filled(s.path) {
		damaged = "" // there is nothing to read, and SQLite would remove the log beside it
	}
	if err := rebuild(ctx, o, damaged, reached, lost); err != nil {
		return fmt.Errorf("make a fresh database: %w", err)
	}
	if _, err := setAside(s.path, aside); err != nil {
		return err
	}
	if err := place(s.path); err != nil {
		return err
	}
	if err := os.Remove(suspectPath(s.path)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return pruneAsides(s.path)
}

// seal closes a database of which a copy in one file is wanted, and removes what lies
// beside it. All of its content is in the one file then, and durable.
func (s *Store) seal(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return describe(s.path, err)
	}
	if err := s.closeDB(); err != nil {
		return err
	}
	for _, file := range trio(s.path)[1:] {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return syncFile(s.path)
}
