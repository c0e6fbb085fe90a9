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
// others had been told of: wholly, and nothing by half.
func TestAPowerCutLosesNothingThatWasToldAsDone(t *testing.T) {
	told := tell(t, storyLength)
	d := record(t, "")
	seed := uint64(time.Now().UnixNano())
	states, complaints := cutOften(t, told, d, seed, cutPoints)
	t.Logf("seed %d: %d states, %d of them wrong", seed, states, len(complaints))
	require.Equal(t, 3*cutPoints, states)
	require.Empty(t, complaints, "seed %d", seed)
}

// The same, with a writer that does not wait for the disk: were nothing found to be lost,
// the test above would prove nothing.
func TestThePowerCutsBite(t *testing.T) {
	told := tell(t, storyLength)
	d := record(t, " careless")
	seed := uint64(time.Now().UnixNano())
	states, complaints := cutOften(t, told, d, seed, cutPoints/4)
	t.Logf("seed %d: %d states, %d of them wrong, such as: %s", seed, states, len(complaints), first(complaints))
	require.Greater(t, len(complaints), states/10, "seed %d", seed)
}

func first(all []string) string {
	if len(all) == 0 {
		return "none"
	}
	return all[0]
}

// record lives the story in a process whose system calls are recorded, and returns what
// they did to the disk.
func record(t *testing.T, manner string) *disk {
	t.Helper()
	strace, err := exec.LookPath("strace")
	require.NoError(t, err, "this test needs strace: apt-get install strace")
	folder, trace := t.TempDir(), filepath.Join(t.TempDir(), "trace")
	path := filepath.Join(folder, "sonde.db")
	cmd := exec.Command(strace, "-f", "-y", "--seccomp-bpf", "-e", "trace="+traced, "-e", "signal=none", "-s", strconv.Itoa(1<<20), "-o", trace, "/proc/self/exe")
	binary, err := os.Executable()
	require.NoError(t, err)
	cmd.Args[len(cmd.Args)-1] = binary
	cmd.Env = append(os.Environ(), childTask+"=story "+strconv.Itoa(storyLength)+manner, childPath+"="+path)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "\n"+strconv.Itoa(storyLength)+"\n")

	f, err := os.Open(trace)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	d, err := readTrace(f, folder)
	require.NoError(t, err)
	// Was everything seen? Then all events together make the files that there are.
	for name, content := range d.after(len(d.events), noneLost, rand.New(rand.NewPCG(1, 1))) {
		real, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		require.True(t, string(real) == string(content), "%s is not what the trace makes of it", name)
	}
	return d
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
			require.NoError(t, os.Mkdir(at, 0o700))
			for name, content := range d.after(cut, l, rnd) {
				require.NoError(t, os.WriteFile(filepath.Join(at, name), content, 0o600))
			}
			if complaint := told.judgeCut(t, filepath.Join(at, "sonde.db"), done); complaint != "" {
				complaints = append(complaints, fmt.Sprintf("cut before event %d of %d, %s: %s", cut, len(d.events), l, complaint))
			}
			require.NoError(t, os.RemoveAll(at))
		}
	}
	return states, complaints
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
