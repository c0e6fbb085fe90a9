package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// ballastSize is what lies beside a database to make room when the disk is full.
const ballastSize = 16 << 20

// ballastRoom must be free beside the ballast, or a tenth of the disk.
const ballastRoom = 512 << 20

// Room is how much room there is where the database is.
type Room struct {
	Free, Total int64 // bytes; free for us, not for root alone
}

// ballast is a file that is given up when the disk is full.
type ballast struct {
	size  int64 // 0: there is to be none
	room  int64
	prune func(ctx context.Context, now time.Time) error
	spent bool // was given up, and nothing has been pruned since
}

// Room asks how much room there is.
func (s *Store) Room() (Room, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(s.path), &st); err != nil {
		return Room{}, fmt.Errorf("ask for room beside %s: %w", s.path, err)
	}
	block := int64(st.Bsize)
	return Room{Free: int64(st.Bavail) * block, Total: int64(st.Blocks) * block}, nil
}

// KeepBallast has [Store.Upkeep] keep a ballast of a size, 0 standing for 16 MiB, where
// room bytes stay free beside it, 0 standing for 512 MiB, or a tenth of the disk. prune is
// what makes room when the ballast had to be given up; nil stands for [Store.Tidy].
func (s *Store) KeepBallast(size, room int64, prune func(ctx context.Context, now time.Time) error) {
	if size == 0 {
		size = ballastSize
	}
	if room == 0 {
		room = ballastRoom
	}
	if prune == nil {
		prune = s.Tidy
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ballast.size, s.ballast.room, s.ballast.prune = size, room, prune
}

// Upkeep prunes after the ballast was given up, and puts it back when there is room.
func (s *Store) Upkeep(ctx context.Context, now time.Time) error {
	s.mu.Lock()
	b := s.ballast
	s.mu.Unlock()
	if b.size == 0 {
		return nil
	}
	if b.spent {
		if err := b.prune(ctx, now); err != nil {
			return fmt.Errorf("make room: %w", err)
		}
	}
	room, err := s.Room()
	if err != nil {
		return err
	}
	left := room.Free - b.size
	if _, err := os.Stat(s.ballastPath()); err == nil || left < b.room && left < room.Total/10 {
		return nil
	}
	if err := writeBallast(s.ballastPath(), b.size); err != nil {
		return fmt.Errorf("put ballast back: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ballast.spent = false
	return nil
}

func (s *Store) ballastPath() string { return s.path + ".ballast" }

// writeBallast takes real blocks: a file with holes would give no room back.
func writeBallast(path string, size int64) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	block := make([]byte, 1<<20)
	for i := range block {
		block[i] = byte(i) // a file system that packs must not pack it away
	}
	for left := size; left > 0; left -= int64(len(block)) {
		if _, err := f.Write(block[:min(left, int64(len(block)))]); err != nil {
			return err
		}
	}
	return f.Sync()
}

// dropBallast gives the ballast up, and reports whether there was one.
func (s *Store) dropBallast() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.Remove(s.ballastPath()); err != nil {
		return false
	}
	s.ballast.spent = true
	return true
}
