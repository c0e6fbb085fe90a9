package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/notify"
)

// image is a database as it lies on a disk: its file, and the write-ahead log and the index
// of that beside it. Its keys are what the names have at the end.
type image map[string][]byte

// leftBy is what a service left that was killed after so many chapters: the latest ones
// stand in the write-ahead log only.
func leftBy(t testing.TB, chapters int) image {
	path := newPath(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), childTask+"=story "+strconv.Itoa(chapters), childPath+"="+path)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	files := readImage(t, path)
	require.Len(t, files, 3)
	return files
}

func readImage(t testing.TB, path string) image {
	files := image{}
	for _, end := range []string{"", "-wal", "-shm"} {
		content, err := os.ReadFile(path + end)
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		files[end] = content
	}
	return files
}

// place writes the files to a new folder.
func (f image) place(t testing.TB, folder string) (path string) {
	folder, err := os.MkdirTemp(folder, "copy")
	require.NoError(t, err)
	path = filepath.Join(folder, "sonde.db")
	for end, content := range f {
		require.NoError(t, os.WriteFile(path+end, content, 0o600))
	}
	return path
}

func (f image) clone() image {
	c := image{}
	for end, content := range f {
		c[end] = bytes.Clone(content)
	}
	return c
}

const page = 4096

func noise(b []byte) {
	rnd := rand.New(rand.NewPCG(3, 3))
	for i := range b {
		b[i] = byte(rnd.UintN(256))
	}
}

// withSQL changes what is in a database, as no disk does.
func (f image) withSQL(t *testing.T, query string) image {
	path := f.place(t, t.TempDir())
	s, err := Open(t.Context(), path, "", "here")
	require.NoError(t, err)
	_, err = s.db.ExecContext(t.Context(), query)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	return readImage(t, path)
}

// TestADamagedDatabase says what becomes of every shape of damage. Whoever meets it,
// service or reader, does not fall over it, and a file that is refused stays as it is.
func TestADamagedDatabase(t *testing.T) {
	const chapters = 245
	killed := leftBy(t, chapters)
	stopped, stranger := killed.withSQL(t, "SELECT 1"), leftBy(t, 23)
	memory := story(t, chapters)[chapters-1].want
	for name, tc := range map[string]struct {
		of     image
		spoil  func(f image) image
		reader string // what a reader finds
		opens  string // what the service finds
	}{
		"none, after a stop":          {stopped, func(f image) image { return f }, "all", "all"},
		"none, after a kill":          {killed, func(f image) image { return f }, "all", "all"},
		"garbage for a header":        {stopped, func(f image) image { noise(f[""][:100]); return f }, "not an SQLite database", "not an SQLite database"},
		"zeros for a header":          {stopped, func(f image) image { clear(f[""][:100]); return f }, "not an SQLite database", "not an SQLite database"},
		"half the file":               {stopped, func(f image) image { f[""] = f[""][:len(f[""])/2/page*page]; return f }, "is damaged", "is damaged"},
		"a page less":                 {stopped, func(f image) image { f[""] = f[""][:len(f[""])-page]; return f }, "is damaged", "is damaged"},
		"a page of zeros":             {stopped, func(f image) image { clear(f[""][10*page : 11*page]); return f }, "", ""},
		"a flipped bit":               {stopped, func(f image) image { f[""][10*page+1] ^= 0x10; return f }, "", ""},
		"an empty file":               {stopped, func(f image) image { f[""] = nil; return f }, "it is empty", ""},
		"an empty file beside a log":  {killed, func(f image) image { f[""] = nil; return f }, "it is empty", ""},
		"no file":                     {stopped, func(f image) image { delete(f, ""); return f }, "no such file", ""},
		"garbage for the log":         {killed, func(f image) image { noise(f["-wal"]); return f }, "8 probes", "8 probes"},
		"half a log":                  {killed, func(f image) image { f["-wal"] = f["-wal"][:len(f["-wal"])/2]; return f }, "8 probes", "8 probes"},
		"garbage for the index":       {killed, func(f image) image { noise(f["-shm"]); return f }, "all", "all"},
		"the log of another database": {killed, func(f image) image { f["-wal"] = stranger["-wal"]; return f }, "", ""},
		"a checkpoint of zeros":       {killed.withSQL(t, zeroCheckpoint), func(f image) image { return f }, "all", "all"},
		"a segment that is not one":   {killed.withSQL(t, spoilSegment), func(f image) image { return f }, "segment", "segment"},
	} {
		t.Run(name, func(t *testing.T) {
			spoilt := tc.spoil(tc.of.clone())
			found := spoilt.look(t, t.TempDir(), memory)
			opened := spoilt.open(t, t.TempDir(), memory)
			t.Logf("READER: %s\nOPEN: %s", found, opened)
			require.Contains(t, found, tc.reader)
			require.Contains(t, opened, tc.opens)
		})
	}
}

const (
	zeroCheckpoint = "UPDATE checkpoints SET packed = zeroblob(length(packed)) WHERE seq = (SELECT max(seq) FROM checkpoints)"
	spoilSegment   = "UPDATE log SET packed = randomblob(40) WHERE seq = (SELECT max(seq) FROM log)"
)

func TestAFlippedBitIsNoPanic(t *testing.T) { flip(t, 60, 1) }

// flip flips random bits of the files of a database, each in a copy of its own.
func flip(t *testing.T, flips int, seed uint64) {
	const chapters = 245
	killed := leftBy(t, chapters)
	stopped := killed.withSQL(t, "SELECT 1")
	memory := story(t, chapters)[chapters-1].want
	rnd, folder := rand.New(rand.NewPCG(seed, 1)), inMemory(t)
	outcomes := map[string]int{}
	for n := range flips {
		f, end := stopped.clone(), ""
		switch n % 4 {
		case 1:
			f = killed.clone()
		case 2:
			f, end = killed.clone(), []string{"-wal", "-shm"}[rnd.IntN(2)]
		}
		at, bit := rnd.IntN(len(f[end])), rnd.IntN(8)
		f[end][at] ^= 1 << bit
		where := fmt.Sprintf("bit %d of byte %d of sonde.db%s", bit, at, end)
		func() {
			defer func() { require.Nil(t, recover(), where) }()
			found, opened := f.look(t, folder, memory), f.open(t, folder, memory)
			outcomes["reader: "+kind(found)]++
			outcomes["service: "+kind(opened)]++
		}()
	}
	t.Logf("seed %d, %d flips: %v", seed, flips, outcomes)
}

// kind is what has been found, without the particulars.
func kind(found string) string {
	switch {
	case found == "all":
		return "all there"
	case strings.Contains(found, ", then "):
		return "fails later"
	case strings.Contains(found, " probes, "):
		return "another past"
	}
	return "refused"
}

// look says what a reader finds; whatever it is, nothing but the index has changed.
func (f image) look(t *testing.T, folder string, want *Memory) string {
	path := f.place(t, folder)
	found := func() string {
		r, err := OpenReader(t.Context(), path)
		if err != nil {
			return err.Error()
		}
		defer func() { require.NoError(t, r.Close()) }()
		s, err := r.Snapshot(t.Context(), t0)
		if err != nil {
			return err.Error()
		}
		if reflect.DeepEqual(want, r.memory) {
			return "all"
		}
		return fmt.Sprintf("%d probes, %d segments", len(s.Probes), r.memory.Seq)
	}()
	after := readImage(t, path)
	for _, end := range []string{"", "-wal"} {
		require.True(t, bytes.Equal(f[end], after[end]), "a reader has changed the database: %q, %s", end, found)
	}
	return found
}

// open says what the service finds, and lets it go on with it if it does.
func (f image) open(t *testing.T, folder string, want *Memory) string {
	path := f.place(t, folder)
	found, refused := f.serve(t, path, want)
	after := readImage(t, path)
	if refused {
		require.True(t, bytes.Equal(f[""], after[""]), "what was refused has been changed: %s", found)
	}
	return found
}

// serve does with a database what a service does.
func (f image) serve(t *testing.T, path string, want *Memory) (found string, refused bool) {
	s, err := Open(t.Context(), path, "", "here")
	if err != nil {
		return err.Error(), true
	}
	defer func() { _ = s.Close() }()
	known, m, err := s.Load(t.Context())
	if err != nil {
		return err.Error(), true
	}
	found = fmt.Sprintf("%d probes, %d segments", len(known), m.Seq)
	if reflect.DeepEqual(want, m) {
		found = "all"
	}
	if _, err := s.RecoverOutbox(t.Context(), []string{"ops"}, t0); err != nil {
		return found + ", then " + err.Error(), false
	}
	c, _, err := s.Claim(t.Context(), "ops", t0)
	if err == nil && c != nil {
		err = s.Settle(t.Context(), c.Message.ID, notify.Settlement{State: notify.StateSent, At: t0})
	}
	if err == nil {
		err = s.Revise(t.Context(), &Revision{At: t0, Probes: known, Memory: m})
	}
	if err == nil {
		err = s.Tidy(t.Context(), t0)
	}
	if err != nil {
		found += ", then " + err.Error()
	}
	return found, false
}
