package probe

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/text"
)

// logged is a runner, and what it logs.
func logged() (*Runner, func() string) {
	out := new(lockedBuffer)
	r := quick()
	r.Log = slog.New(slog.NewTextHandler(out, nil))
	return r, out.String
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// tokenFile is a file with a token, and a source that is made of it.
func tokenFile(t *testing.T, content string) (string, Source) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	return name, FromFiles(text.NewSecret(content), []string{name}, func(contents [][]byte) (text.Secret, error) {
		if len(contents[0]) == 0 {
			return text.Secret{}, errors.New("is empty")
		}
		return text.NewSecret(strings.TrimSpace(string(contents[0]))), nil
	})
}

// replace puts a new file in the place of another, as whoever knows how does it.
func replace(t *testing.T, name, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(name+".new", []byte(content), 0o600))
	require.NoError(t, os.Rename(name+".new", name))
}

// later makes the next look at a source due.
func later(s Source) {
	s.files.mu.Lock()
	defer s.files.mu.Unlock()
	s.files.looked = time.Time{}
}

// rested makes a file look as if it was written a while ago.
func rested(t *testing.T, name string) {
	t.Helper()
	then := time.Now().Add(-10 * time.Second)
	require.NoError(t, os.Chtimes(name, then, then))
}

func TestAFileThatChangesIsReadAnew(t *testing.T) {
	runner, log := logged()
	name, source := tokenFile(t, "one")
	require.Equal(t, "one", source.now(runner.Log).Reveal())
	replace(t, name, "two")
	require.Equal(t, "one", source.now(runner.Log).Reveal(), "it is looked at every few seconds at the most")
	later(source)
	require.Equal(t, "two", source.now(runner.Log).Reveal())
	require.Equal(t, 1, strings.Count(log(), `msg="credential read anew"`))
	require.NotContains(t, log(), "two")

	t.Run("in place, once it rests", func(t *testing.T) {
		require.NoError(t, os.WriteFile(name, []byte("half"), 0o600))
		later(source)
		require.Equal(t, "two", source.now(runner.Log).Reveal(), "it may be half written")
		require.NoError(t, os.WriteFile(name, []byte("half and half"), 0o600))
		rested(t, name)
		later(source)
		require.Equal(t, "half and half", source.now(runner.Log).Reveal())
	})
	t.Run("in place, at once where it is wanted so", func(t *testing.T) {
		require.NoError(t, os.WriteFile(name, []byte("three"), 0o600))
		require.Equal(t, "three", source.atOnce(runner.Log).Reveal())
	})
}

func TestAFileThatIsNoGoodChangesNothingAndIsToldOnce(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, name string){
		"it is gone":  func(t *testing.T, name string) { require.NoError(t, os.Remove(name)) },
		"it is empty": func(t *testing.T, name string) { replace(t, name, "") },
		"it is huge":  func(t *testing.T, name string) { replace(t, name, strings.Repeat("x", maxReread+1)) },
		"it is a folder": func(t *testing.T, name string) {
			require.NoError(t, os.Remove(name))
			require.NoError(t, os.Mkdir(name, 0o700))
			rested(t, name)
		},
	} {
		t.Run(name, func(t *testing.T) {
			runner, log := logged()
			file, source := tokenFile(t, "good")
			require.Equal(t, "good", source.now(runner.Log).Reveal())
			spoil(t, file)
			for range 5 {
				later(source)
				require.Equal(t, "good", source.now(runner.Log).Reveal())
			}
			require.Equal(t, 1, strings.Count(log(), "level=WARN"), log())
			require.Contains(t, log(), "credential kept as it was")
			require.NoError(t, os.RemoveAll(file))
			replace(t, file, "better")
			rested(t, file) // its inode may be the one that was freed
			later(source)
			require.Equal(t, "better", source.now(runner.Log).Reveal())
			require.Contains(t, log(), "credential read anew")
		})
	}
}

func TestARefusedCredentialThatChangedMeanwhileIsRenewed(t *testing.T) {
	valid := "one"
	server := serveWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+valid {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	runner, _ := logged()
	name, source := tokenFile(t, "one")
	asked := target(t, server.URL, asking(Bearer(source)), retrying(3))
	require.Equal(t, OK, runOnce(t, runner, asked).Verdict.Reason)

	valid = "two"
	got := runOnce(t, runner, asked)
	require.Equal(t, Unauthenticated, got.Verdict.Reason)
	require.Len(t, got.Attempts, 1, "nothing has changed, so nothing is repeated")

	require.NoError(t, os.WriteFile(name, []byte("two"), 0o600))
	got = runOnce(t, runner, asked)
	require.Equal(t, OK, got.Verdict.Reason)
	require.Len(t, got.Attempts, 2)

	valid = "nobody has it"
	replace(t, name, "three")
	got = runOnce(t, runner, asked)
	require.Equal(t, Unauthenticated, got.Verdict.Reason)
	require.Len(t, got.Attempts, 2, "once")
}

func TestManyLookAtAFileThatChanges(t *testing.T) {
	name, source := tokenFile(t, "0")
	var busy sync.WaitGroup
	for range 8 {
		busy.Go(func() {
			for range 100 {
				if source.now(silent()).IsZero() || source.atOnce(silent()).IsZero() {
					t.Error("empty")
				}
			}
		})
	}
	for i := range 20 {
		replace(t, name, strings.Repeat("x", i+1))
		later(source)
	}
	busy.Wait()
	require.Equal(t, strings.Repeat("x", 20), source.atOnce(silent()).Reveal())
}

func TestLoadingWhatIsNotThere(t *testing.T) {
	_, err := LoadRoots(filepath.Join(t.TempDir(), "none.pem"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}
