package probe

import (
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sonde/text"
)

const (
	lookEvery = 2 * time.Second // how often files are looked at, at the most
	settled   = time.Second     // how long a file that is written in place must have been at rest
	maxReread = 1 << 20         // bytes of one file
)

// reread is a value made of files, and made anew when one of them changes. What
// cannot be read, or is no good, leaves the value as it was.
type reread[T any] struct {
	files []string
	form  func(contents [][]byte) (T, error)
	value atomic.Pointer[T]

	edition atomic.Uint64 // how often the value was made anew

	mu      sync.Mutex
	looked  time.Time
	tried   []fs.FileInfo // the files as they were when they were last read, well or not
	refused bool          // that reading was no good
}

// newReread begins with a value; the files are read at the first look.
func newReread[T any](first T, files []string, form func(contents [][]byte) (T, error)) *reread[T] {
	r := &reread[T]{files: files, form: form}
	r.value.Store(&first)
	return r
}

// load reads the files for the first time.
func (r *reread[T]) load() error {
	var seen []fs.FileInfo
	for _, name := range r.files {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		seen = append(seen, info)
	}
	contents, name, err := r.read(seen)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	value, err := r.form(contents)
	if err != nil {
		return err
	}
	r.tried = seen
	r.value.Store(&value)
	return nil
}

// now is the value as the files have it, looked at every few seconds.
func (r *reread[T]) now(log *slog.Logger) T {
	if r.mu.TryLock() { // who looks already does it for all
		if time.Since(r.looked) >= lookEvery {
			r.look(log, false)
		}
		r.mu.Unlock()
	}
	return *r.value.Load()
}

// atOnce is the value as the files have it at this moment.
func (r *reread[T]) atOnce(log *slog.Logger) T {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.look(log, true)
	return *r.value.Load()
}

// look reads the files if one of them has changed. A file that is being written in
// place is left alone until it rests, unless it is wanted at once.
func (r *reread[T]) look(log *slog.Logger, atOnce bool) {
	r.looked = time.Now()
	seen := make([]fs.FileInfo, len(r.files))
	for i, name := range r.files {
		info, err := os.Stat(name)
		if err != nil {
			r.refuse(log, name, err)
			return
		}
		seen[i] = info
	}
	if slices.EqualFunc(seen, r.tried, sameVersion) || !atOnce && r.tried != nil && r.restless(seen) {
		return
	}
	first := r.tried == nil
	r.tried = seen
	contents, name, err := r.read(seen)
	if err != nil {
		r.refuse(log, name, err)
		return
	}
	value, err := r.form(contents)
	if err != nil {
		r.refuse(log, r.files[0], err)
		return
	}
	r.value.Store(&value)
	if !first {
		r.edition.Add(1)
	}
	if !first || r.refused {
		log.Info("credential read anew", "file", text.Printable(r.files[0], maxText))
	}
	r.refused = false
}

// refuse keeps the old value, and says so once.
func (r *reread[T]) refuse(log *slog.Logger, name string, err error) {
	if !r.refused {
		log.Warn("credential kept as it was: its file is no good", "file", text.Printable(name, maxText), "err", text.Printable(err.Error(), maxText))
	}
	r.refused = true
}

// restless reports whether a file is the same one as before and was written just now.
func (r *reread[T]) restless(seen []fs.FileInfo) bool {
	for i, info := range seen {
		age := time.Since(info.ModTime())
		if !sameVersion(info, r.tried[i]) && os.SameFile(info, r.tried[i]) && age >= 0 && age < settled {
			return true
		}
	}
	return false
}

// read returns what the files hold, or the name of the one that cannot be read.
func (r *reread[T]) read(seen []fs.FileInfo) (contents [][]byte, name string, err error) {
	for i, name := range r.files {
		if !seen[i].Mode().IsRegular() {
			return nil, name, fs.ErrInvalid
		}
		content, err := readBounded(name)
		if err != nil {
			return nil, name, err
		}
		contents = append(contents, content)
	}
	return contents, "", nil
}

func readBounded(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, maxReread+1))
	if err == nil && len(content) > maxReread {
		err = fs.ErrInvalid
	}
	return content, err
}

// sameVersion reports whether a file has not changed between two looks at it.
func sameVersion(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// Source is a text that must not be shown, and that may change while it is in use,
// as a file does. The zero Source is empty. It may be used by many at once.
type Source struct {
	fixed text.Secret
	files *reread[text.Secret]
}

// Fixed is a source that stays as it is.
func Fixed(s text.Secret) Source { return Source{fixed: s} }

// FromFiles is a source that is read anew when one of its files changes, within a few
// seconds, or at once when the credential is refused. form makes the text of what the
// files hold, in their order; while it refuses that or a file cannot be read, the text stays as
// it was. It begins as first.
func FromFiles(first text.Secret, files []string, form func(contents [][]byte) (text.Secret, error)) Source {
	return Source{files: newReread(first, files, form)}
}

// Changes reports whether the text is made of files.
func (s Source) Changes() bool { return s.files != nil }

// now is the text at this moment, give or take a few seconds.
func (s Source) now(log *slog.Logger) text.Secret {
	if s.files == nil {
		return s.fixed
	}
	return s.files.now(log)
}

// atOnce is the text at this very moment.
func (s Source) atOnce(log *slog.Logger) text.Secret {
	if s.files == nil {
		return s.fixed
	}
	return s.files.atOnce(log)
}

// last is the text as it was when it was last looked at.
func (s Source) last() text.Secret {
	if s.files == nil {
		return s.fixed
	}
	return *s.files.value.Load()
}
