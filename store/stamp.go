package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"sonde/incident"
)

// A stamp is a small file beside a database. It says that a database of sonde's lies
// there, even when that cannot say so itself any more, whether it was closed by whoever
// wrote it last, and how far it was written.
type stamp struct {
	found bool
	clean bool
	boot  string // of the machine while it was written; empty: that is not known, or it was closed
	mark
}

// whole reports whether all that was written is there: the database was closed well, or its writer
// ended while the machine went on. A process that is killed takes nothing with it that it gave to the
// kernel; a machine does.
func (s *stamp) whole() bool { return s.clean || s.boot != "" && s.boot == bootID() }

// bootID names the time since the machine was started; empty where no one says.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

// mark says what a database held at least, when the mark was made.
type mark struct {
	seq  int64       // its last segment
	next incident.ID // that no incident had
	told bool        // of something that is not in it, because it could not be written
}

// raise moves a mark on, but for what was told.
func (m *mark) raise(to mark) { m.seq, m.next = max(m.seq, to.seq), max(m.next, to.next) }

const (
	stampTitle   = "A database of sonde's lies beside this file.\n"
	stampMark    = "segment %020d, next incident %020d, told of what is not stored %d\n"
	stampClosed  = "closed\n"
	stampWritten = "being written\n"
	stampBoot    = "since the start of the machine "
)

func stampPath(database string) string { return database + ".stamp" }

func readStamp(database string) (stamp, error) {
	content, err := os.ReadFile(stampPath(database))
	if errors.Is(err, fs.ErrNotExist) {
		return stamp{}, nil
	}
	if err != nil {
		return stamp{}, fmt.Errorf("read stamp: %w", err)
	}
	s := stamp{found: true, clean: strings.HasSuffix(string(content), stampClosed)}
	if _, boot, found := strings.Cut(string(content), stampWritten+stampBoot); found {
		s.boot = strings.TrimSuffix(boot, "\n")
	}
	if line, ok := strings.CutPrefix(string(content), stampTitle); ok {
		var told int
		if n, _ := fmt.Sscanf(line, stampMark, &s.seq, &s.next, &told); n < 3 || s.seq < 0 || s.next < 0 {
			s.mark = mark{} // of an older sonde, or not to be trusted
		}
		s.told = told == 1
	}
	return s, nil
}

// String is what stands in the file.
func (s *stamp) String() string {
	state := stampWritten
	switch {
	case s.clean:
		state = stampClosed
	case s.boot != "":
		state += stampBoot + s.boot + "\n"
	}
	return stampTitle + s.mark.String() + state
}

// writeStamp replaces the stamp, whole or not at all.
func writeStamp(database string, s stamp) error {
	tmp := stampPath(database) + ".tmp"
	if err := os.WriteFile(tmp, []byte(s.String()), 0o640); err != nil {
		return fmt.Errorf("write stamp: %w", err)
	}
	if err := errors.Join(syncFile(tmp), os.Rename(tmp, stampPath(database)), syncFolder(filepath.Dir(database))); err != nil {
		return fmt.Errorf("write stamp: %w", err)
	}
	return nil
}

func (m mark) String() string {
	told := 0
	if m.told {
		told = 1
	}
	return fmt.Sprintf(stampMark, m.seq, m.next, told)
}

// markEvery is how old the mark in a stamp may be while segments are written. Incidents are
// noted at once: what was told of must not be missing in silence.
const markEvery = time.Second

// marker notes in a stamp how far its database has come. That costs no waiting for the
// disk, and may be lost with the power: a mark is never ahead of its database.
type marker struct {
	mu   sync.Mutex
	file *os.File
	mark
	written time.Time
}

// open begins to note, in the stamp that is there.
func (k *marker) open(database string, m mark) error {
	f, err := os.OpenFile(stampPath(database), os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("write stamp: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.file, k.mark = f, m
	return nil
}

// note notes what has become durable. now has it written at once, and safe has it
// outlive a cut of the power.
func (k *marker) note(m mark, now, safe bool) {
	k.mu.Lock()
	k.raise(m)
	if now || safe || time.Since(k.written) >= markEvery {
		k.write()
	}
	file := k.file
	k.mu.Unlock()
	if safe && file != nil {
		_ = file.Sync() // what is not safe is noticed to be missing a little less often
	}
}

// tell notes whether people are told of what is not stored. That is written before they
// are, and in place: it can be when the disk is full.
func (k *marker) tell(told bool, next incident.ID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.told == told && k.next >= next {
		return
	}
	k.raise(mark{next: next})
	k.told = told
	k.write()
}

// write writes the mark down. The caller holds the lock. One that cannot be written is
// one that is behind: less is noticed then.
func (k *marker) write() {
	if k.file == nil {
		return
	}
	k.written = time.Now()
	_, _ = k.file.WriteAt([]byte(k.mark.String()), int64(len(stampTitle)))
}

// close ends noting, and returns how far the database has come.
func (k *marker) close() (mark, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.file == nil {
		return k.mark, nil
	}
	err := k.file.Close()
	k.file = nil
	return k.mark, err
}

// suspectPath is the marker of a database in which damage was met while it was in use.
func suspectPath(database string) string { return database + ".suspect" }

// Suspect has the database at a path checked in full when it is opened next.
func Suspect(database string) error {
	if err := os.WriteFile(suspectPath(database), nil, 0o640); err != nil {
		return fmt.Errorf("mark database as suspect: %w", err)
	}
	return syncFolder(filepath.Dir(database))
}

// ours reports whether a file that can be no database any more once was one of sonde's:
// its stamp says so, or what is left of its header.
func ours(path string) bool {
	if exists(stampPath(path)) {
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	const at = 68 // of the application id (sqlite.org/fileformat.html)
	id := make([]byte, 4)
	_, err = f.ReadAt(id, at)
	return err == nil && string(id) == "sond"
}
