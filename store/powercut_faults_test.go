//go:build faults

package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	storyLength = 600
	cutPoints   = 200 // each is tried with several losses
	early       = 20  // so many of them are while the database is made
)

// traced are the system calls by which SQLite, Go and this package change files and
// speak. A file that is mapped into memory is not seen: the -shm is one, which SQLite
// rebuilds after a cut of the power.
const traced = "open,openat,creat,pwrite64,pwritev,pwritev2,write,writev,fsync,fdatasync,sync_file_range,truncate,ftruncate,fallocate," +
	"unlink,unlinkat,rename,renameat,renameat2,link,linkat,msync,copy_file_range"

// A cut of the power loses what the disk was not told to keep, or any part of it, in any
// order. Whatever it loses, the database opens afterwards, is sound, and holds all that
// others had been told of: wholly, and nothing by half. That holds in the middle of
// compaction, of forgetting and of checkpoints, too. The same is tried with a writer that
// does not wait for the disk: were nothing found to be lost, this would prove nothing.
func TestAPowerCutLosesNothingThatWasToldAsDone(t *testing.T) {
	t.Parallel()
	told := tell(t, storyLength)
	t.Run("power cuts", func(t *testing.T) {
		t.Parallel()
		d, seed := recordStory(t, ""), uint64(time.Now().UnixNano())
		states, complaints := cutOften(t, told, d, seed, cutPoints)
		t.Logf("seed %d: %d states, %d of them wrong", seed, states, len(complaints))
		require.Equal(t, 3*cutPoints, states)
		require.Empty(t, complaints, "seed %d", seed)
	})
	t.Run("they bite", func(t *testing.T) {
		t.Parallel()
		d, seed := recordStory(t, " careless"), uint64(time.Now().UnixNano())
		states, complaints := cutOften(t, told, d, seed, cutPoints/4)
		t.Logf("seed %d: %d states, %d of them wrong, such as: %s", seed, states, len(complaints), first(complaints))
		require.Greater(t, len(complaints), states/10, "seed %d", seed)
	})
}

func first(all []string) string {
	if len(all) == 0 {
		return "none"
	}
	return all[0]
}

// recordStory lives the story in a process whose system calls are recorded.
func recordStory(t *testing.T, manner string) *disk {
	t.Helper()
	d, said := record(t, "story "+strconv.Itoa(storyLength)+manner, image{})
	require.Contains(t, said, "\n"+strconv.Itoa(storyLength)+"\n")
	return d
}

// record has another process do something with a database, and returns what its system
// calls did to the disk, and what it said.
func record(t *testing.T, task string, given image) (*disk, string) {
	t.Helper()
	strace, err := exec.LookPath("strace")
	require.NoError(t, err, "this test needs strace: apt-get install strace")
	binary, err := os.Executable()
	require.NoError(t, err)
	path, trace := given.place(t, t.TempDir()), filepath.Join(t.TempDir(), "trace")
	folder := filepath.Dir(path)
	before, err := readFolder(folder)
	require.NoError(t, err)
	cmd := exec.Command(strace, "-f", "-y", "--seccomp-bpf", "-e", "trace="+traced, "-e", "signal=none", "-s", strconv.Itoa(16<<20), "-o", trace, binary)
	cmd.Env = append(os.Environ(), childTask+"="+task, childPath+"="+path)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)

	f, err := os.Open(trace)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	d, err := readTrace(f, folder, before)
	require.NoError(t, err)
	// Was everything seen? Then all events together make the files that there are.
	after, err := readFolder(folder)
	require.NoError(t, err)
	rebuilt := d.after(len(d.events), noneLost, rand.New(rand.NewPCG(1, 1)))
	require.Len(t, rebuilt, len(after))
	for name, content := range after {
		require.True(t, string(content) == string(rebuilt[name]), "%s is not what the trace makes of it", name)
	}
	return d, string(out)
}

// readFolder reads the files of a folder that are followed.
func readFolder(folder string) (map[string][]byte, error) {
	files := map[string][]byte{}
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		if path := filepath.Join(folder, e.Name()); (&disk{folder: folder}).holds(path) && err == nil {
			files[e.Name()], err = os.ReadFile(path)
		}
	}
	return files, err
}

// cutOften cuts the power at so many random moments, and judges what is left, each time
// with different losses.
func cutOften(t *testing.T, told *truth, d *disk, seed uint64, moments int) (states int, complaints []string) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	folder := inMemory(t)
	opened := slices.IndexFunc(d.events, func(e event) bool { return e.kind == said })
	for n := range moments {
		cut := rnd.IntN(len(d.events) + 1)
		if n < early {
			cut = rnd.IntN(opened + 2)
		}
		done := d.doneBefore(cut)
		for _, l := range []loss{allLost, someLost, []loss{noneLost, lateLost, torn}[n%3]} {
			states++
			at := filepath.Join(folder, strconv.Itoa(states))
			writeFolder(t, at, d.after(cut, l, rnd))
			if complaint := told.judgeCut(t, filepath.Join(at, "sonde.db"), done); complaint != "" {
				complaints = append(complaints, fmt.Sprintf("cut before event %d of %d, %s: %s", cut, len(d.events), l, complaint))
			}
			require.NoError(t, os.RemoveAll(at))
		}
	}
	return states, complaints
}

func writeFolder(t *testing.T, folder string, files map[string][]byte) {
	require.NoError(t, os.Mkdir(folder, 0o700))
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), content, 0o600))
	}
}

// doneBefore is how many chapters had been told as done before an event; -1 if not even
// the opening had been.
func (d *disk) doneBefore(cut int) int {
	done := -1
	for _, e := range d.events[:cut] {
		if e.kind != said {
			continue
		}
		if n, err := strconv.Atoi(e.name); err == nil {
			done = n
		} else if e.name == "open" {
			done = 0
		}
	}
	return done
}
