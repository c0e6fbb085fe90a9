package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"sonde/incident"
)

// reach moves a memory on to where others have seen it: no number is given twice.
func (m *Memory) reach(to mark) {
	m.Seq, m.IDs.Next = max(m.Seq, to.seq), max(m.IDs.Next, to.next)
}

// Doubtful reports whether whoever wrote the database before has told people of what it
// could not store: the same may be told again now.
func (s *Store) Doubtful() bool { return s.doubtful }

// Unstored notes, where it outlives this process, whether people are told of something
// that is not stored, up to an incident before next.
func (s *Store) Unstored(told bool, next incident.ID) { s.marker.tell(told, next) }

// seeMissing compares a database with how far its stamp says that it was written. A
// write-ahead log that is damaged, cut short, another's or gone is an empty one to SQLite,
// and what was committed to it is missing without an error. It returns what is missing,
// nil if nothing is. Nothing has been written yet: the log is copied first, because
// writing would destroy it.
func (s *Store) seeMissing(ctx context.Context, o *Options, size int64, marked stamp) (*Loss, error) {
	if size == 0 || marked.seq == 0 {
		return nil, nil
	}
	reached, err := lastSegment(ctx, s.path)
	if err != nil || reached >= marked.seq {
		return nil, err
	}
	why := fmt.Errorf("segments %d to %d of the log are missing, which had been written: the write-ahead log beside the database is damaged, cut short or gone, or the database is an older one", reached+1, marked.seq)
	if o.OnCorrupt == Stop {
		return nil, &DamagedError{s.path, why}
	}
	now := time.Now().UTC().Truncate(time.Second)
	missing := &Loss{At: now, Why: why.Error()}
	if log := s.path + "-wal"; filled(log) {
		missing.Aside = asideName(s.path, corruptInfix, now) + "-wal"
		if err := errors.Join(copyFile(log, missing.Aside), syncFolder(filepath.Dir(log))); err != nil {
			return nil, fmt.Errorf("set aside %s: %w", log, err)
		}
	}
	return missing, nil
}

// lastSegment is the highest number of a segment of which a database has something.
func lastSegment(ctx context.Context, path string) (int64, error) {
	db, err := openReader(path)
	if err != nil {
		return 0, describe(path, err)
	}
	defer func() { _ = db.Close() }()
	var seq int64
	err = db.QueryRowContext(ctx, "SELECT max((SELECT coalesce(max(seq), 0) FROM log), (SELECT coalesce(max(seq), 0) FROM checkpoints))").Scan(&seq)
	if err != nil {
		return 0, contentDamage(ctx, path, describe(path, err))
	}
	return seq, nil
}

// admitMissing has a database that lacks something go on behind it, and notes the loss for
// people to be told.
func (s *Store) admitMissing(ctx context.Context, missing *Loss, m *Memory, marked stamp) error {
	if missing == nil {
		return nil
	}
	m.reach(marked.mark)
	missing.Probes = len(m.States)
	for _, state := range m.States {
		missing.Incidents += len(state.Problems)
	}
	written, err := json.Marshal(missing)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx *sql.Tx) error {
		if err := setMeta(ctx, tx, lostKey, string(written)); err != nil {
			return err
		}
		return s.addCheckpoint(ctx, tx, m.Checkpoint(), missing.At)
	})
}

// copyFile copies a file to a new one, durably.
func copyFile(from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, source)
	return errors.Join(err, f.Sync(), f.Close())
}
