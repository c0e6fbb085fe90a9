package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"sonde/report"
)

// newLogger writes for whoever reads: text for a person, JSON for a program, and with
// priorities for the journal.
func newLogger(w io.Writer) *slog.Logger {
	switch {
	case isJournal(w):
		return slog.New(&journal{out: w, lines: &sync.Mutex{}})
	case isTerminal(w):
		return slog.New(slog.NewTextHandler(w, nil))
	}
	return slog.New(slog.NewJSONHandler(w, nil))
}

// isTerminal reports whether a person looks at what is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// palette colours only what goes to a terminal, and not where that is unwanted (no-color.org).
func palette(w io.Writer) report.Palette {
	return report.Palette{On: isTerminal(w) && os.Getenv("NO_COLOR") == ""}
}

// isJournal reports whether systemd's journal reads what is written (systemd.exec(5),
// JOURNAL_STREAM).
func isJournal(w io.Writer) bool {
	f, ok := w.(*os.File)
	stream := os.Getenv("JOURNAL_STREAM")
	if !ok || stream == "" {
		return false
	}
	var stat unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &stat); err != nil {
		return false
	}
	return stream == fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
}

// journal writes lines that begin with their priority, as sd-daemon(3) has it. The
// journal knows the time itself.
type journal struct {
	out   io.Writer
	lines *sync.Mutex // keeps lines whole
	attrs []slog.Attr
	group string
}

func (j *journal) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

func (j *journal) Handle(ctx context.Context, r slog.Record) error {
	j.lines.Lock()
	defer j.lines.Unlock()
	if _, err := fmt.Fprintf(j.out, "<%d>", priority(r.Level)); err != nil {
		return err
	}
	text := slog.NewTextHandler(j.out, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
			return slog.Attr{}
		}
		return a
	}})
	var handler slog.Handler = text.WithAttrs(j.attrs)
	if j.group != "" {
		handler = handler.WithGroup(j.group)
	}
	return handler.Handle(ctx, r)
}

// priority is the level as syslog(3) counts.
func priority(level slog.Level) int {
	switch {
	case level >= slog.LevelError:
		return 3
	case level >= slog.LevelWarn:
		return 4
	case level >= slog.LevelInfo:
		return 6
	}
	return 7
}

func (j *journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &journal{out: j.out, lines: j.lines, attrs: append(append([]slog.Attr{}, j.attrs...), attrs...), group: j.group}
}

func (j *journal) WithGroup(name string) slog.Handler {
	return &journal{out: j.out, lines: j.lines, attrs: j.attrs, group: name}
}
