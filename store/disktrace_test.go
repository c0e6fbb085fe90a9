package store

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
)

// call is a system call as strace prints it, and how many events there were when it began.
type call struct {
	text string
	at   int
}

// readTrace reads what strace -f -y printed. given are the files that there were before.
func readTrace(trace io.Reader, folder string, given map[string][]byte) (*disk, error) {
	d := &disk{folder: folder, names: map[string]int{}, ends: map[int]int64{}, begun: map[string]call{}}
	for name, content := range given {
		d.open(name, true, false)
		d.add(event{kind: wrote, file: d.files, data: content})
		d.add(event{kind: synced, file: d.files, covers: len(d.events)})
	}
	d.add(event{kind: syncedList, covers: len(d.events)})
	d.given = len(d.events)
	lines := bufio.NewReaderSize(trace, 1<<20)
	for n := 1; ; n++ {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			return d, nil
		}
		if err != nil {
			return nil, err
		}
		thread, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !ok {
			return nil, fmt.Errorf("line %d of the trace is no call", n)
		}
		if err := d.line(thread, strings.TrimLeft(text, " ")); err != nil {
			return nil, fmt.Errorf("line %d of the trace: %w", n, err)
		}
	}
}

func (d *disk) line(thread, text string) error {
	if strings.HasPrefix(text, "---") || strings.HasPrefix(text, "+++") {
		return nil
	}
	if head, ok := strings.CutSuffix(text, " <unfinished ...>"); ok {
		if strings.HasPrefix(head, "write(1<") { // may be read from now on
			return d.call(head+") = 0", len(d.events))
		}
		d.begun[thread] = call{head, len(d.events)}
		return nil
	}
	if strings.HasPrefix(text, "<... ") {
		begun, ok := d.begun[thread]
		if !ok {
			return nil
		}
		delete(d.begun, thread)
		_, rest, _ := strings.Cut(text, " resumed>")
		return d.call(begun.text+rest, begun.at)
	}
	return d.call(text, len(d.events))
}

// call notes what one call did. began is how many events there were when it began.
func (d *disk) call(text string, began int) error {
	if strings.Contains(text, ") = -1 ") || strings.Contains(text, ")  = -1 ") {
		return nil
	}
	name, args, _ := strings.Cut(text, "(")
	switch name {
	case "open", "openat", "creat":
		if path := pathOf(text[strings.LastIndex(text, " = "):]); d.holds(path) {
			d.open(filepath.Base(path), name == "creat" || strings.Contains(args, "O_CREAT"), name == "creat" || strings.Contains(args, "O_TRUNC"))
		}
		return nil
	case "unlink", "unlinkat":
		if paths := quoted(args); len(paths) == 1 && d.holds(paths[0]) {
			d.add(event{kind: gone, name: filepath.Base(paths[0])})
			delete(d.names, filepath.Base(paths[0]))
		}
		return nil
	case "rename", "renameat", "renameat2":
		if paths := quoted(args); len(paths) == 2 && d.holds(paths[0]) {
			from, to := filepath.Base(paths[0]), filepath.Base(paths[1])
			d.add(event{kind: moved, name: from, to: to})
			d.names[to] = d.names[from]
			delete(d.names, from)
		}
		return nil
	case "write":
		if strings.HasPrefix(args, "1<") {
			text, err := unescape(args[strings.Index(args, `"`)+1 : strings.LastIndex(args, `"`)])
			d.add(event{kind: said, name: strings.TrimSpace(string(text))})
			return err
		}
	}
	path := pathOf(args)
	if path == d.folder && name == "fsync" {
		d.add(event{kind: syncedList, covers: began})
		return nil
	}
	if !d.holds(path) {
		return nil
	}
	file, ok := d.names[filepath.Base(path)]
	if !ok {
		return fmt.Errorf("%s of %s, which nobody created", name, path)
	}
	return d.content(name, args, file, began)
}

// content notes a call about the content of a file.
func (d *disk) content(name, args string, file, began int) error {
	switch name {
	case "fsync", "fdatasync":
		d.add(event{kind: synced, file: file, covers: began})
	case "ftruncate":
		size, err := number(args, 1)
		d.add(event{kind: cutTo, file: file, at: size})
		return err
	case "pwrite64", "write":
		opened, closed := strings.Index(args, `"`), strings.LastIndex(args, `"`)
		if opened < 0 || strings.HasPrefix(args[closed:], `"...`) {
			return fmt.Errorf("the bytes of a write are not all there")
		}
		data, err := unescape(args[opened+1 : closed])
		if err != nil {
			return err
		}
		at := d.ends[file]
		if name == "pwrite64" {
			if at, err = number(args[closed:], 2); err != nil {
				return err
			}
		}
		n, err := strconv.Atoi(strings.TrimSpace(args[strings.LastIndex(args, "=")+1:]))
		if err != nil || n > len(data) {
			return fmt.Errorf("%d of %d bytes were written: %w", n, len(data), err)
		}
		if name == "write" {
			d.ends[file] += int64(n)
		}
		d.add(event{kind: wrote, file: file, data: data[:n], at: at})
	default:
		return fmt.Errorf("%s changes a file in a way that is not followed", name)
	}
	return nil
}

// pathOf is the first path of a descriptor in a text; empty for a file that is gone.
func pathOf(text string) string {
	_, rest, ok := strings.Cut(text, "<")
	path, after, closed := strings.Cut(rest, ">")
	if !ok || !closed || strings.HasPrefix(after, "(deleted)") {
		return ""
	}
	return path
}

// quoted are the strings in quotes.
func quoted(text string) []string {
	var all []string
	for i, part := range strings.Split(text, `"`) {
		if i%2 == 1 {
			all = append(all, part)
		}
	}
	return all
}

// number is the n-th argument behind the first comma.
func number(args string, n int) (int64, error) {
	fields := strings.Split(args, ", ")
	if len(fields) <= n {
		return 0, fmt.Errorf("there is no argument %d in %q", n, args)
	}
	digits, _, _ := strings.Cut(fields[n], ")")
	return strconv.ParseInt(digits, 10, 64)
}

// unescape reads bytes as strace prints them, which is as C does.
func unescape(text string) ([]byte, error) {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			out = append(out, text[i])
			continue
		}
		i++
		if i == len(text) {
			return nil, fmt.Errorf("a backslash at the end")
		}
		if short := strings.IndexByte(`tnvfr"\`, text[i]); short >= 0 {
			out = append(out, "\t\n\v\f\r\"\\"[short])
			continue
		}
		b, digits := 0, 0
		for ; digits < 3 && i < len(text) && text[i] >= '0' && text[i] <= '7'; digits++ {
			b = b<<3 | int(text[i]-'0')
			i++
		}
		if i--; digits == 0 {
			return nil, fmt.Errorf("an escape that is not known: \\%c", text[i+1])
		}
		out = append(out, byte(b))
	}
	return out, nil
}
