package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// LockedError says that another process writes the database.
type LockedError struct {
	Path string
	PID  int // 0 if unknown
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("database %s is in use by another sonde; stop that one, or name another database", e.Path)
	}
	return fmt.Sprintf("database %s is in use by another sonde (pid %d); stop that one, or name another database", e.Path, e.PID)
}

// lock is held as long as this process is the writer. It is a file of its own, because
// closing any descriptor of the database itself would drop SQLite's locks.
type lock struct{ file *os.File }

func lockPath(database string) string { return database + ".lock" }

// acquire takes the lock of a database, or says who has it.
func acquire(database string) (*lock, error) {
	f, err := os.OpenFile(lockPath(database), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	whole := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &whole); err != nil {
		defer func() { _ = f.Close() }()
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
			return nil, &LockedError{Path: database, PID: holder(f)}
		}
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	if err := f.Truncate(0); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("write lock: %w", err)
	}
	if _, err := f.WriteAt(fmt.Appendf(nil, "%-*d\n%*s", noteAt-1, os.Getpid(), noteSize, "\n"), 0); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("write lock: %w", err)
	}
	return &lock{f}, nil
}

func (l *lock) release() error { return l.file.Close() }

func holder(f *os.File) int {
	buf := make([]byte, 20)
	n, _ := f.ReadAt(buf, 0)
	first, _, _ := strings.Cut(string(buf[:n]), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(first))
	return pid
}

// Storing is how storing goes, and whether the service is heard outside, in the words of the service
// that writes a database.
type Storing struct {
	State   string    `json:"state"`
	Since   time.Time `json:"since"`
	Waiting int64     `json:"waiting"` // inputs that are not stored yet
	Lost    int64     `json:"lost"`    // results since the start for which there was no room

	Heartbeat *Heartbeat `json:"heartbeat,omitempty"` // nil: none is configured
}

// Heartbeat is whether somebody outside hears that the service does its work.
type Heartbeat struct {
	State string    `json:"state"`
	Since time.Time `json:"since,omitzero"` // of silence
	Why   string    `json:"why,omitempty"`
}

// Behind the process's number the lock has room for a note. That is written in place: it
// can be when the disk is full, and nothing else can.
const (
	noteAt   = 32
	noteSize = 480 // with what stands before it, less than a page
)

// Say has whoever looks at the database know how storing goes, for as long as this
// process writes it.
func (s *Store) Say(now Storing) error {
	if s.lock == nil {
		return nil
	}
	note, err := json.Marshal(now)
	if err == nil && len(note) >= noteSize && now.Heartbeat != nil {
		short := *now.Heartbeat
		short.Why = ""
		now.Heartbeat = &short
		note, err = json.Marshal(now)
	}
	if err != nil {
		return err
	}
	if _, err := s.lock.file.WriteAt(fmt.Appendf(nil, "%-*s\n", noteSize-1, note), noteAt); err != nil {
		return fmt.Errorf("say how storing goes: %w", err)
	}
	return nil
}

// lastSaid is what the service that writes a database says; nil if it says nothing.
func lastSaid(database string) *Storing {
	content, err := os.ReadFile(lockPath(database))
	if err != nil || len(content) < noteAt {
		return nil
	}
	var now Storing
	if json.Unmarshal(content[noteAt:], &now) != nil || now.State == "" {
		return nil
	}
	return &now
}

// Running reports whether a service writes the database, without disturbing it.
func Running(database string) bool {
	f, err := os.Open(lockPath(database))
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	whole := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &whole); err != nil {
		return false
	}
	return whole.Type != unix.F_UNLCK
}
