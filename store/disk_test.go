package store

import (
	"math/rand/v2"
	"path/filepath"
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
