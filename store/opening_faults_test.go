//go:build faults

package store

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The power is cut at the moments at which a database is opened that has to be made over
// first. The next opening finds all that the first one would have made of it, and what was
// damaged is still there.
func TestAPowerCutWhileADatabaseIsOpenedLosesNothing(t *testing.T) {
	t.Parallel()
	golden, err := os.ReadFile(filepath.Join("testdata", "schema-1.db"))
	require.NoError(t, err)
	killed := leftBy(t, 245)
	damaged := killed.withSQL(t, "SELECT 1")
	s := open(t, damaged.place(t, t.TempDir()))
	zeroed(damaged[""], count(t, s, "SELECT rootpage FROM sqlite_schema WHERE name = 'classes'")-1, 1) // nothing that is needed
	for name, given := range map[string]image{
		"one of an older schema":  {"": golden},
		"one that was cut before": killed,
		"one that is damaged":     damaged,
	} {
		t.Run(name, func(t *testing.T) {
			const most = 100
			want, _ := given.reopened(t, given.place(t, t.TempDir()))
			d, said := record(t, "hold", given)
			require.Equal(t, "open\n", said)
			seed := uint64(time.Now().UnixNano())
			rnd, folder, states := rand.New(rand.NewPCG(seed, 1)), inMemory(t), 0
			step := 1 + (len(d.events)-d.given)/most // where they are many, a few are left out
			for cut := d.given + rnd.IntN(step); cut <= len(d.events); cut += step {
				for _, l := range []loss{allLost, noneLost, []loss{someLost, lateLost, torn}[cut%3]} {
					where := fmt.Sprintf("seed %d, cut before event %d of %d, %s", seed, cut, len(d.events), l)
					at := filepath.Join(folder, strconv.Itoa(states))
					states++
					writeFolder(t, at, d.after(cut, l, rnd))
					got, kept := given.reopened(t, filepath.Join(at, "sonde.db"))
					require.Equal(t, want, got, where)
					require.True(t, kept, "%s: the damaged one is gone", where)
					require.NoError(t, os.RemoveAll(at))
				}
			}
			t.Logf("seed %d: %d states, none of them wrong", seed, states)
		})
	}
}

// reopened is what is in a database that has been opened, and whether the one there was at
// first is kept, if another has taken its place.
func (f image) reopened(t *testing.T, path string) (found map[string]string, kept bool) {
	s, err := Open(t.Context(), path, "", "here")
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	require.Equal(t, "ok\x1f\n", all(t, s, "PRAGMA integrity_check"))
	_, m, err := s.Load(t.Context())
	require.NoError(t, err)
	found = maps.Clone(content(t, s))
	delete(found, "meta") // when it was lost
	delete(found, "checkpoints")
	found["states"] = fmt.Sprintf("%d states, the next incident is %s", len(m.States), m.IDs.Next)
	lost, err := s.Lost(t.Context())
	require.NoError(t, err)
	if lost == nil {
		return found, true
	}
	for _, aside := range asides(path) {
		content, err := os.ReadFile(aside)
		kept = kept || err == nil && bytes.Equal(content, f[""])
	}
	return found, kept
}
