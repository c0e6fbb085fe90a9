package store

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// disk is the past of the files in one folder, in order: what was written to them, what
// was made durable, and what was said to others. From it the files can be rebuilt as a
// cut of the power at any moment may leave them.
type disk struct {
	folder string
	events []event
	given  int            // so many events are the files that there were before
	names  map[string]int // files as they are now
	ends   map[int]int64  // of files that are written from their beginning to their end
	files  int
	begun  map[string]call // calls that have not returned, by thread
}

type eventKind uint8

const (
	made eventKind = iota
	gone
	moved
	wrote
	cutTo      // the file was truncated or made longer
	synced     // the file's content is durable
	syncedList // the folder's names are durable
	said       // a line to the standard output: others know of it
)

type event struct {
	kind     eventKind
	file     int
	name, to string // of names, or what was said
	data     []byte
	at       int64 // where in the file, or its new size
	covers   int   // a sync makes durable what happened before this event
}

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

func (d *disk) add(e event) { d.events = append(d.events, e) }

func (d *disk) open(name string, create, truncate bool) {
	file, ok := d.names[name]
	switch {
	case ok && truncate:
		d.add(event{kind: cutTo, file: file})
	case !ok && create:
		d.files++
		file = d.files
		d.names[name] = file
		d.add(event{kind: made, file: file, name: name})
	}
	d.ends[file] = 0
}

// holds reports whether a path is one of the files that are followed.
func (d *disk) holds(path string) bool {
	return filepath.Dir(path) == d.folder && !strings.HasSuffix(path, "-shm") && !strings.HasSuffix(path, ".lock")
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

// loss is what becomes of writes that no sync has covered when the power is cut.
type loss uint8

const (
	allLost  loss = iota
	noneLost      // the disk had written everything
	someLost      // any of them, in no order
	lateLost      // those after a moment
	torn          // any of them, and of each any sectors
)

func (l loss) String() string {
	return [...]string{"all lost", "none lost", "some lost", "the latest lost", "torn"}[l]
}

// sector is what a disk writes wholly or not at all.
const sector = 512

// after rebuilds the files as a cut of the power just before an event leaves them.
func (d *disk) after(cut int, l loss, rnd *rand.Rand) map[string][]byte {
	durable, listed := map[int]int{}, 0
	for i := range d.events[:cut] {
		switch e := &d.events[i]; e.kind {
		case synced:
			durable[e.file] = max(durable[e.file], e.covers)
		case syncedList:
			listed = max(listed, e.covers)
		}
	}
	moment := rnd.IntN(cut + 1)
	names, files := map[string]int{}, map[int][]byte{}
	for i := range d.events[:cut] {
		e := &d.events[i]
		switch e.kind {
		case made, gone, moved:
			// A file system keeps the order of names: one is lost only with all later.
			if i < listed || l == noneLost || l != allLost && i < moment {
				relist(names, e)
			}
		case wrote, cutTo:
			if i < durable[e.file] || l == noneLost {
				files[e.file] = change(files[e.file], e, nil)
				continue
			}
			switch {
			case l == lateLost && i < moment, l == someLost && rnd.IntN(2) == 0:
				files[e.file] = change(files[e.file], e, nil)
			case l == torn && rnd.IntN(2) == 0:
				files[e.file] = change(files[e.file], e, rnd)
			}
		}
	}
	rebuilt := map[string][]byte{}
	for name, file := range names {
		rebuilt[name] = files[file]
	}
	return rebuilt
}

func relist(names map[string]int, e *event) {
	switch e.kind {
	case made:
		names[e.name] = e.file
	case gone:
		delete(names, e.name)
	case moved:
		if file, ok := names[e.name]; ok {
			names[e.to] = file
			delete(names, e.name)
		}
	}
}

// change makes a change to a file's content; with tear, only some sectors of a write.
func change(content []byte, e *event, tear *rand.Rand) []byte {
	size := int(e.at) + len(e.data)
	if e.kind == cutTo && size < len(content) {
		return content[:size]
	}
	for len(content) < size {
		content = append(content, make([]byte, size-len(content))...)
	}
	if tear == nil {
		copy(content[e.at:], e.data)
		return content
	}
	for from := 0; from < len(e.data); {
		to := min(len(e.data), from+sector-(int(e.at)+from)%sector)
		if tear.IntN(2) == 0 {
			copy(content[int(e.at)+from:], e.data[from:to])
		}
		from = to
	}
	return content
}

const shortTrace = `7 openat(AT_FDCWD</w>, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3</etc/passwd>
7 openat(AT_FDCWD</w>, "/w/a", O_RDWR|O_CREAT|O_CLOEXEC, 0640) = 5</w/a>
7 fsync(6</w>) = 0
7 pwrite64(5</w/a>, "one\0\n\"\\\3772", 9, 0) = 9
7 write(1<pipe:[1]>, "early\n", 6) = 6
7 pwrite64(5</w/a>, "TWO", 3, 0 <unfinished ...>
8 fsync(5</w/a> <unfinished ...>
7 <... pwrite64 resumed>) = 3
8 --- SIGURG {si_signo=SIGURG, si_code=SI_TKILL, si_pid=7, si_uid=0} ---
8 <... fsync resumed>) = 0
7 openat(AT_FDCWD</w>, "/w/a-shm", O_RDWR|O_CREAT|O_CLOEXEC, 0640) = 8</w/a-shm>
7 pwrite64(8</w/a-shm>, "\0", 1, 0) = 1
7 openat(AT_FDCWD</w>, "/w/b", O_RDWR|O_CREAT|O_CLOEXEC, 0640) = 9</w/b>
7 pwrite64(9</w/b>, "bee", 3, 1) = 2
7 fsync(9</w/b>) = 0
7 fsync(5</w/a>) = 0
7 write(1<pipe:[1]>, "late\n", 5) = 5
7 ftruncate(5</w/a>, 2) = 0
7 fsync(5</w/a>) = -1 EIO (Input/output error) (INJECTED)
7 openat(AT_FDCWD</w>, "/w/b", O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0640) = 10</w/b>
7 write(10</w/b>, "of", 2) = 2
7 write(10</w/b>, "f", 1) = 1
7 renameat(AT_FDCWD</w>, "/w/b", AT_FDCWD</w>, "/w/c") = 0
7 unlink("/w/c") = 0
7 +++ exited with 0 +++
`

func TestTheDiskIsRebuiltAsAPowerCutMayLeaveIt(t *testing.T) {
	d, err := readTrace(strings.NewReader(shortTrace), "/w", nil)
	require.NoError(t, err)
	one, two := "one\x00\n\"\\\xff2", "TWO\x00\n\"\\\xff2"
	at := func(word string) int {
		for i, e := range d.events {
			if e.kind == said && e.name == word {
				return i
			}
		}
		t.Fatalf("nobody said %q", word)
		return 0
	}
	end := len(d.events)
	for name, tc := range map[string]struct {
		cut     int
		loss    loss
		allowed []map[string]string
	}{
		"what no sync has covered is lost": {at("early"), allLost, []map[string]string{{"a": ""}}},
		"or is not":                        {at("early"), noneLost, []map[string]string{{"a": one}}},
		"a write that ended after a sync began is not covered": {at("early") + 3, allLost, []map[string]string{{"a": one}}},
		"a new file whose folder was not synced has no name":   {at("late"), allLost, []map[string]string{{"a": two}}},
		"or has one, with what was written in part":            {at("late"), noneLost, []map[string]string{{"a": two, "b": "\x00be"}}},
		"a sync that failed makes nothing durable":             {end, allLost, []map[string]string{{"a": two}}},
		"what was renamed has its new name":                    {end - 1, noneLost, []map[string]string{{"a": "TW", "c": "off"}}},
		"all that was done":                                    {end, noneLost, []map[string]string{{"a": "TW"}}},
		"any of it, in no order":                               {at("late") + 2, someLost, []map[string]string{{"a": two}, {"a": "TW"}, {"a": two, "b": "\x00be"}, {"a": "TW", "b": "\x00be"}}},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(20) {
				got := map[string]string{}
				for file, content := range d.after(tc.cut, tc.loss, rand.New(rand.NewPCG(seed, 1))) {
					got[file] = string(content)
				}
				require.Contains(t, tc.allowed, got)
			}
		})
	}
}

func TestATornWriteIsTornAtSectors(t *testing.T) {
	d := &disk{}
	data := []byte(strings.Repeat("x", 4*sector))
	d.events = []event{{kind: made, file: 1, name: "a"}, {kind: syncedList, covers: 1}, {kind: wrote, file: 1, data: data, at: sector / 2}}
	shapes := map[string]bool{}
	for seed := range uint64(200) {
		content := d.after(3, torn, rand.New(rand.NewPCG(seed, 1)))["a"]
		shapes[string(content)] = true
		for i := 0; i+1 < len(content); i++ {
			require.True(t, content[i] == content[i+1] || (i+1)%sector == 0 || i+1 == sector/2, "torn at %d", i+1)
		}
	}
	require.Greater(t, len(shapes), 10)
}

func TestATraceThatIsNotUnderstoodIsRefused(t *testing.T) {
	opened := "7 openat(AT_FDCWD</w>, \"/w/a\", O_RDWR|O_CREAT) = 5</w/a>\n"
	for name, trace := range map[string]string{
		"bytes that were left out":   opened + "7 pwrite64(5</w/a>, \"abc\"..., 4096, 0) = 4096\n",
		"a call that is not known":   opened + "7 copy_file_range(5</w/a>, [0], 6</w/b>, [0], 10, 0) = 10\n",
		"a file that nobody created": "7 pwrite64(5</w/a>, \"abc\", 3, 0) = 3\n",
		"half a line":                "7\n",
	} {
		_, err := readTrace(strings.NewReader(trace), "/w", nil)
		require.ErrorContains(t, err, "of the trace", name)
	}
}
