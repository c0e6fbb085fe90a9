package store

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// history is a database that was in use and was closed, with an open incident that was
// told in a thread, and its memory.
func history(t *testing.T) (path string, memory *Memory) {
	t.Helper()
	path = newPath(t)
	s, err := Open(t.Context(), path, "", "here")
	require.NoError(t, err)
	w := &world{
		t: t, rnd: rand.New(rand.NewPCG(4, 1)), s: s, memory: &Memory{States: map[probe.ID]*incident.State{}},
		next: map[probe.ID]time.Time{}, mood: map[probe.ID]int{}, slots: map[probe.ID][]slot{}, probes: []Probe{watched("a", time.Minute), watched("b", time.Minute), watched("c", time.Minute)},
	}
	w.revise()
	for i := range w.probes {
		w.next[w.probes[i].ID] = t0
	}
	w.happen(300)
	for open := 0; open == 0; {
		w.happen(20)
		w.commit(true)
		open = count(t, s, "SELECT count(*) FROM incidents WHERE phase = 'open'")
	}
	for {
		c, _, err := s.Claim(t.Context(), "ops", t0)
		require.NoError(t, err)
		if c == nil {
			break
		}
		settle(t, s, c, notify.Settlement{State: notify.StateSent, Thread: notify.Thread{Channel: "C0OPS", Root: c.Message.Incident.String()}})
	}
	w.happen(5)
	w.commit(false)
	require.NoError(t, s.Tidy(t.Context(), t0))
	require.NoError(t, s.Close())
	return path, w.memory
}

// damages are ways in which a file is damaged, each by what is left of it.
var damages = map[string]func(b []byte) []byte{
	"a garbled header":            func(b []byte) []byte { return append([]byte("this was a database once, long ago"), b[34:]...) },
	"a header of zeroes":          func(b []byte) []byte { return append(make([]byte, 100), b[100:]...) },
	"garbage all over":            func(b []byte) []byte { return garbage(len(b)) },
	"cut in half":                 func(b []byte) []byte { return b[:pages(b)/2*pageOf(b)] },
	"cut within a page":           func(b []byte) []byte { return b[:len(b)/2+77] },
	"cut by its last page":        func(b []byte) []byte { return b[:len(b)-pageOf(b)] },
	"nothing but its first page":  func(b []byte) []byte { return b[:pageOf(b)] },
	"a page of zeroes":            func(b []byte) []byte { return zeroed(b, 8, 1) },
	"a page of garbage":           func(b []byte) []byte { copy(b[9*pageOf(b):10*pageOf(b)], garbage(pageOf(b))); return b },
	"many pages of zeroes":        func(b []byte) []byte { return zeroed(b, 5, 10) },
	"the schema's page of zeroes": func(b []byte) []byte { clear(b[100:pageOf(b)]); return b },
	"no bytes at all":             func([]byte) []byte { return nil },
}

// pageOf is how many bytes a page of a database has (SQLite, file format, section 1.3.2).
func pageOf(b []byte) int {
	if n := int(binary.BigEndian.Uint16(b[16:])); n > 1 {
		return n
	}
	return 64 << 10
}

func pages(b []byte) int { return len(b) / pageOf(b) }

func garbage(n int) []byte {
	b := make([]byte, (n+7)/8*8)
	rnd := rand.New(rand.NewPCG(7, 7))
	for i := 0; i < len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], rnd.Uint64())
	}
	return b[:n]
}

func zeroed(b []byte, page, pages int) []byte {
	clear(b[page*pageOf(b) : (page+pages)*pageOf(b)])
	return b
}

func TestADamagedDatabaseIsSetAsideAndTheServiceGoesOn(t *testing.T) {
	original, memory := history(t)
	content, err := os.ReadFile(original)
	require.NoError(t, err)
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			path := newPath(t)
			left := damage(append([]byte{}, content...))
			require.NoError(t, os.WriteFile(path, left, 0o640))
			require.NoError(t, writeStamp(path, stamp{clean: true, mark: mark{}}))
			requireUnreadable(t, path)
			_, err := OpenWith(t.Context(), Options{Path: path, Fallback: "here", OnCorrupt: Stop})
			require.ErrorAs(t, err, new(*DamagedError))
			kept, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, len(left), len(kept), "who wants to stop finds it as it was")

			s, err := Open(t.Context(), path, "", "here")
			require.NoError(t, err)
			defer func() { require.NoError(t, s.Close()) }()
			lost, err := s.Lost(t.Context())
			require.NoError(t, err)
			require.NotNil(t, lost)
			if len(left) > 0 {
				kept, err = os.ReadFile(lost.Aside)
				require.NoError(t, err)
				require.Equal(t, left, kept, "nothing of it was changed")
				require.Equal(t, []string{lost.Aside}, asides(path))
			}
			requireGoesOn(t, s, memory)
		})
	}
}

// requireUnreadable checks that who looks at a damaged database is told so, or sees what
// is whole.
func requireUnreadable(t *testing.T, path string) {
	t.Helper()
	r, err := OpenReader(t.Context(), path)
	if err == nil {
		defer func() { require.NoError(t, r.Close()) }()
		_, err = r.Snapshot(t.Context(), t0)
	}
	if err != nil {
		require.ErrorContains(t, err, path)
	}
}

// requireGoesOn checks that a database works, and that no incident has another's id.
func requireGoesOn(t *testing.T, s *Store, before *Memory) {
	t.Helper()
	known, memory, err := s.Load(t.Context())
	require.NoError(t, err)
	for i := range known {
		for _, p := range memory.State(known[i].ID).Problems {
			require.Less(t, p.ID, memory.IDs.Next)
		}
	}
	if len(known) == len(before.States) {
		require.GreaterOrEqual(t, memory.IDs.Next, incident.FirstID)
	}
	configure(t, s, t0, watched("a", time.Minute), watched("z", time.Minute))
	require.Zero(t, count(t, s, "SELECT count(*) FROM pragma_foreign_key_check"))
	require.NoError(t, check(t.Context(), s.db, s.path, "integrity_check"))
}

func TestWhatIsOpenOutlivesTheDamage(t *testing.T) {
	path, memory := history(t)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	s, err := Open(t.Context(), path, "", "here")
	require.NoError(t, err)
	threads := rowsOf(t, s, "SELECT * FROM threads ORDER BY incident")
	// A page of the log is lost: nothing that the checkpoint needs.
	page := count(t, s, "SELECT rootpage FROM sqlite_schema WHERE name = 'classes'")
	require.NoError(t, s.Close())
	require.NoError(t, os.WriteFile(path, zeroed(content, page-1, 1), 0o640))

	s = open(t, path)
	lost, err := s.Lost(t.Context())
	require.NoError(t, err)
	require.Positive(t, lost.Incidents)
	require.Equal(t, 3, lost.Probes)
	_, got, err := s.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, memory, got, "every state, every open incident, the counter of ids, and the place in the log")
	require.Equal(t, threads, rowsOf(t, s, "SELECT * FROM threads ORDER BY incident"))
}

func TestOpenIncidentsAreFoundWithoutAnyCheckpoint(t *testing.T) {
	path, memory := history(t)
	s, err := Open(t.Context(), path, "", "here")
	require.NoError(t, err)
	_, err = s.db.ExecContext(t.Context(), "UPDATE checkpoints SET packed = x'07'; DELETE FROM log")
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.ErrorAs(t, looked(t, path), new(*DamagedError), "the states are not forgotten in silence")

	s = open(t, path)
	_, got, err := s.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, memory.IDs.Next, got.IDs.Next)
	found := 0
	for id, state := range memory.States {
		for i := range state.Problems {
			want := &state.Problems[i]
			p := got.State(id).Problems[i]
			require.Equal(t, []any{want.ID, want.Kind, want.Phase, want.Cause.Reason, want.Openings}, []any{p.ID, p.Kind, p.Phase, p.Cause.Reason, p.Openings})
			found++
		}
	}
	require.Positive(t, found)
}

// looked is how a look at a database ends.
func looked(t *testing.T, path string) error {
	t.Helper()
	r, err := OpenReader(t.Context(), path)
	if err != nil {
		return err
	}
	defer func() { require.NoError(t, r.Close()) }()
	_, err = r.Snapshot(t.Context(), t0)
	return err
}

// Flips that nobody notices change a number somewhere; what is asked for is that nothing
// panics, that nothing is deleted, and that the service is up.
func TestAThousandFlippedBitsStopNothing(t *testing.T) {
	t.Parallel()
	original, _ := history(t)
	content, err := os.ReadFile(original)
	require.NoError(t, err)
	rnd := rand.New(rand.NewPCG(9, 9))
	path := newPath(t)
	set, refused := 0, 0
	const flips = 10
	for range times(100, 20) {
		entries, err := os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		for _, e := range entries {
			require.NoError(t, os.Remove(filepath.Join(filepath.Dir(path), e.Name())))
		}
		flipped := append([]byte{}, content...)
		for range flips {
			flipped[rnd.IntN(len(flipped))] ^= 1 << rnd.IntN(8)
		}
		require.NoError(t, os.WriteFile(path, flipped, 0o640))
		require.NoError(t, writeStamp(path, stamp{clean: true, mark: mark{}}))
		requireUnreadable(t, path)
		s, err := Open(t.Context(), path, "", "here")
		if err != nil {
			require.True(t, isRefusal(err), "%v", err)
			refused++
			continue
		}
		if lost, err := s.Lost(t.Context()); err == nil && lost != nil {
			set++
			kept, err := os.ReadFile(lost.Aside)
			require.NoError(t, err)
			require.Equal(t, flipped, kept)
		}
		_, _, err = s.Load(t.Context())
		require.NoError(t, err)
		require.NoError(t, s.Close())
	}
	require.Positive(t, set)
	require.Less(t, refused, 3, "a flip in the very bytes that say whose it is")
}

func isRefusal(err error) bool {
	return strings.Contains(err.Error(), "is not a database of sonde's") || strings.Contains(err.Error(), "run the newer sonde")
}

func TestAtMostThreeDamagedDatabasesAreKept(t *testing.T) {
	path, _ := history(t)
	for range 5 {
		require.NoError(t, os.WriteFile(path, []byte("damaged once more"), 0o640))
		s, err := Open(t.Context(), path, "", "here")
		require.NoError(t, err)
		require.NoError(t, s.Close())
	}
	require.Len(t, asides(path), keepAside)
	snapshot, err := look(t, path).Snapshot(t.Context(), t0)
	require.NoError(t, err)
	require.Equal(t, asides(path), snapshot.Service.Damaged)
}

func TestADatabaseThatIsGoneIsNoFirstStart(t *testing.T) {
	path, memory := history(t)
	require.NoError(t, removeTrio(path))
	s, err := Open(t.Context(), path, "", "here")
	require.NoError(t, err)
	_, fresh, err := s.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, []any{memory.Seq, memory.IDs.Next}, []any{fresh.Seq, fresh.IDs.Next}, "no number is given twice")
	lost, err := s.Lost(t.Context())
	require.NoError(t, err)
	require.Empty(t, lost.Aside, "nothing was left of it")
	require.NoError(t, s.Announce(t.Context(), lost, []string{"ops", "backup"}, "here"))
	c, _ := claim(t, s, "ops", 0)
	require.Equal(t, notify.HistoryLost, c.Message.Body.Notice)
	again, err := s.Lost(t.Context())
	require.NoError(t, err)
	require.Nil(t, again, "people are told once")
	require.NoError(t, s.Close())

	first := open(t, newPath(t))
	lost, err = first.Lost(t.Context())
	require.NoError(t, err)
	require.Nil(t, lost, "a first start loses nothing")
}
