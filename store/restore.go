package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Restored is what a restore did.
type Restored struct {
	From    Copy   // what was put in place
	Path    string // of the database
	Aside   string // where the database from before lies now; empty if there was none
	Repeats int64  // messages that were not sent as of the copy, and may repeat what was sent since
}

// Restore puts a copy of a backup in the place of the database at a path, and sets aside
// what lies there. The backup is proved first, and stays as it is. The error is a
// [*LockedError] while a service writes the database.
func Restore(ctx context.Context, database, backup string, now time.Time) (done *Restored, err error) {
	path, err := locate(database)
	if err != nil {
		return nil, err
	}
	if backup, err = locate(backup); err != nil {
		return nil, err
	}
	if path == backup {
		return nil, fmt.Errorf("restore %s: it is the database itself; name a backup of it", backup)
	}
	if err := checkFilesystem(path); err != nil {
		return nil, err
	}
	if err := checkAccess(path); err != nil {
		return nil, err
	}
	held, err := acquire(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, held.release()) }()
	from, err := prove(ctx, backup)
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	done = &Restored{From: *from, Path: path}
	if done.Repeats, err = prepare(ctx, path, backup); err != nil {
		return nil, fmt.Errorf("restore %s: %w", backup, err)
	}
	owner, err := ownerOf(path)
	if err != nil {
		return nil, fmt.Errorf("restore %s: %w", backup, err)
	}
	if err := errors.Join(owner.adopt(freshPath(path)), owner.adopt(lockPath(path))); err != nil {
		return nil, fmt.Errorf("restore %s: %w", backup, err)
	}
	aside := asideName(path, restoreInfix, now)
	moved, err := setAside(path, aside)
	if err != nil {
		return nil, fmt.Errorf("restore %s: %w", backup, err)
	}
	if moved {
		done.Aside = aside
	}
	if err := place(path); err != nil {
		return nil, fmt.Errorf("restore %s: %w", backup, err)
	}
	if err := os.Remove(suspectPath(path)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("restore %s: %w", backup, err)
	}
	return done, errors.Join(writeStamp(path, stamp{}), owner.adopt(stampPath(path)))
}

// owner is the user and the group that files belong to.
type owner struct{ uid, gid uint32 }

// ownerOf is whose a database is, or would be: who owns its folder.
func ownerOf(path string) (owner, error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		info, err = os.Stat(filepath.Dir(path))
	}
	if err != nil {
		return owner{}, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return owner{}, fmt.Errorf("see who owns %s: the system does not say", path)
	}
	return owner{stat.Uid, stat.Gid}, nil
}

// adopt gives a file to the owner: what root puts in place belongs to the service's user,
// who could not write it otherwise. Nobody but root can, or needs to.
func (o owner) adopt(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Lchown(path, int(o.uid), int(o.gid))
}

// prepare makes of a backup the database that waits to take the place of another. What
// was not sent as of the backup may have been sent since.
func prepare(ctx context.Context, path, backup string) (repeats int64, err error) {
	waiting := freshPath(path)
	copied := &Store{path: waiting + ".tmp"}
	defer func() {
		if err != nil {
			err = errors.Join(err, copied.closeDB(), removeCopy(copied.path))
		}
	}()
	if err := errors.Join(removeCopy(copied.path), removeCopy(waiting)); err != nil {
		return 0, err
	}
	if err := create(copied.path); err != nil {
		return 0, err
	}
	if err := vacuumInto(ctx, backup, copied.path); err != nil {
		return 0, err
	}
	if copied.db, err = openWriter(copied.path); err != nil {
		return 0, describe(copied.path, err)
	}
	result, err := copied.db.ExecContext(ctx, "UPDATE outbox SET repeat = 1, doubt_at = created_at, looked = 0 WHERE state IN ('pending', 'sending')")
	if err != nil {
		return 0, describe(copied.path, err)
	}
	if repeats, err = result.RowsAffected(); err != nil {
		return 0, err
	}
	if err := copied.seal(ctx); err != nil {
		return 0, err
	}
	return repeats, errors.Join(os.Rename(copied.path, waiting), syncFolder(filepath.Dir(path)))
}
