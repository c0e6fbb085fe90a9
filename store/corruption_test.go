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

// image is a database as it lies on a disk: its file, and the write-ahead log, the index
// of that, and the stamp beside it. Its keys are what the names have at the end.
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
	require.Len(t, files, len(ends))
	return files
}

var ends = []string{"", "-wal", "-shm", ".stamp"}

func readImage(t testing.TB, path string) image {
	files := image{}
	for _, end := range ends {
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
// service or reader, does not fall over it; the service goes on, and what was damaged is
// kept as it was found.
func TestADamagedDatabase(t *testing.T) {
	t.Parallel()
	const chapters = 245
	killed := leftBy(t, chapters)
	stopped, stranger := killed.withSQL(t, "SELECT 1"), leftBy(t, 23)
	memory := story(t, chapters)[chapters-1].want
	for name, tc := range map[string]struct {
		of     image
		spoil  func(f image)
		reader string // what a reader finds
		opens  string // what the service finds
	}{
		"none, after a stop":          {stopped, func(image) {}, "all", "all"},
		"none, after a kill":          {killed, func(image) {}, "all", "all"},
		"garbage for a header":        {stopped, func(f image) { noise(f[""][:100]) }, "is damaged", "set aside"},
		"zeros for a header":          {stopped, func(f image) { clear(f[""][:100]) }, "is damaged", "set aside"},
		"half the file":               {stopped, func(f image) { f[""] = f[""][:pages(f[""])/2*pageOf(f[""])] }, "is damaged", "set aside"},
		"a page less":                 {stopped, func(f image) { f[""] = f[""][:len(f[""])-pageOf(f[""])] }, "is damaged", "set aside"},
		"a page of zeros":             {stopped, func(f image) { zeroed(f[""], 10, 1) }, "", "set aside"},
		"an empty file":               {stopped, func(f image) { f[""] = nil }, "is damaged", "gone"},
		"an empty file beside a log":  {killed, func(f image) { f[""] = nil }, "is damaged", "set aside"},
		"nothing that says so beside": {killed, func(f image) { f[""] = nil; delete(f, ".stamp") }, "it is empty", "set aside"},
		"no file":                     {stopped, func(f image) { delete(f, "") }, "no such file", "gone"},
		"garbage for the log":         {killed, func(f image) { noise(f["-wal"]) }, "8 probes", "missing"}, // SQLite takes it for an empty one
		"half a log":                  {killed, func(f image) { f["-wal"] = f["-wal"][:len(f["-wal"])/2] }, "8 probes", "missing"},
		"no log":                      {killed, func(f image) { delete(f, "-wal") }, "8 probes", "gone"},
		"garbage for the index":       {killed, func(f image) { noise(f["-shm"]) }, "all", "all"},
		"the log of another database": {killed, func(f image) { f["-wal"] = stranger["-wal"] }, "", ""},
		"a checkpoint of zeros":       {killed.withSQL(t, zeroCheckpoint), func(image) {}, "all", "all"},
		"a segment that is not one":   {killed.withSQL(t, spoilSegment), func(image) {}, "segment", "set aside"},
	} {
		t.Run(name, func(t *testing.T) {
			spoilt := tc.of.clone()
			tc.spoil(spoilt)
			require.Contains(t, spoilt.look(t, t.TempDir(), memory), tc.reader)
			require.Contains(t, spoilt.open(t, t.TempDir(), memory), tc.opens)
		})
	}
}

const (
	zeroCheckpoint = "UPDATE checkpoints SET packed = zeroblob(length(packed)) WHERE seq = (SELECT max(seq) FROM checkpoints)"
	spoilSegment   = "UPDATE log SET packed = randomblob(40) WHERE seq = (SELECT max(seq) FROM log)"
)

func TestAFlippedBitIsNoPanic(t *testing.T) { flip(t, times(60, 16), 1) }

// flip flips random bits of the files of a database, each in a copy of its own.
func flip(t *testing.T, flips int, seed uint64) {
	t.Parallel()
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
	case strings.Contains(found, "set aside"):
		return "set aside"
	case strings.HasSuffix(found, "missing"):
		return "some is missing, and told"
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

// open says what the service finds, and lets it go on with that. What is refused, or set
// aside, is as it was.
func (f image) open(t *testing.T, folder string, want *Memory) string {
	path := f.place(t, folder)
	s, err := Open(t.Context(), path, "", "here")
	if err != nil {
		require.True(t, isRefusal(err), "the service does not start: %s", err)
		require.True(t, bytes.Equal(f[""], readImage(t, path)[""]), "what was refused has been changed: %s", err)
		return err.Error()
	}
	defer func() { _ = s.Close() }()
	found := f.serve(t, s, want)
	lost, err := s.Lost(t.Context())
	require.NoError(t, err)
	switch {
	case lost == nil:
		return found
	case lost.Aside == "":
		return found + ", gone"
	case strings.HasSuffix(lost.Aside, "-wal"):
		kept, err := os.ReadFile(lost.Aside)
		require.NoError(t, err)
		require.True(t, bytes.Equal(f["-wal"], kept), "the log that was set aside is not as it was")
		require.Equal(t, []string{lost.Aside}, stillAside(path))
		return found + ", missing"
	}
	kept := readImage(t, lost.Aside)
	for _, end := range []string{"", "-wal"} {
		require.True(t, bytes.Equal(f[end], kept[end]), "what was set aside is not as it was: %q, %s", end, lost.Why)
	}
	return found + ", set aside"
}

// serve does with a database what a service does.
func (f image) serve(t *testing.T, s *Store, want *Memory) (found string) {
	known, m, err := s.Load(t.Context())
	require.NoError(t, err)
	found = fmt.Sprintf("%d probes, %d segments", len(known), m.Seq)
	if reflect.DeepEqual(want, m) {
		found = "all"
	}
	if _, err := s.RecoverOutbox(t.Context(), []string{"ops"}, t0); err != nil {
		return found + ", then " + err.Error()
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
	return found
}
