package store

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// chapter is one thing that a service does with its database. It is told to others as
// done when it has returned.
type chapter struct {
	name string
	do   func(ctx context.Context, s *Store) error
	want *Memory // what the database must remember afterwards

	steps bool      // it is several transactions, that may be cut between any two
	since time.Time // results from then on are there before, between and after its steps
}

// story is what a service does with a database that is empty at first. It is the same
// each time it is asked for: so one that was cut short can be held against one that
// was not. It has outages, deliveries, checkpoints, changes of the configuration; what
// is old becomes history, and history is forgotten.
func story(t testing.TB, length int) []chapter {
	w := &world{
		t: t, rnd: rand.New(rand.NewPCG(7, 7)), memory: &Memory{States: map[probe.ID]*incident.State{}},
		next: map[probe.ID]time.Time{}, mood: map[probe.ID]int{}, slots: map[probe.ID][]slot{},
	}
	for i := range 8 {
		p := watched(fmt.Sprintf("probe-%d", i), time.Minute)
		p.ID = probe.ID(i + 1)
		w.probes = append(w.probes, p)
		w.next[p.ID] = t0.Add(time.Duration(w.rnd.IntN(60_000)) * time.Millisecond)
	}
	chapters := []chapter{w.revision()}
	for n := 1; len(chapters) < length; n++ {
		switch {
		case n%70 == 0:
			p := &w.probes[w.rnd.IntN(len(w.probes))]
			policy := *p.Policy // chapters before have the former
			policy.Interval = time.Duration(30+w.rnd.IntN(60)) * time.Second
			p.Policy = &policy
			chapters = append(chapters, w.revision())
		case n%50 == 0:
			chapters = append(chapters, chapter{name: "tidy", do: func(ctx context.Context, s *Store) error { return s.Tidy(ctx, t0) }, want: remembered(w.memory)})
		case n%compactApart == compactApart-1:
			chapters = append(chapters, w.compaction())
		case n%forgetApart == forgetApart-1:
			chapters = append(chapters, w.forgetting())
		case n%compactApart == compactApart/2:
			w.sleep(7 * time.Hour)
			chapters = append(chapters, w.segment(true))
		case n%3 == 0:
			chapters = append(chapters, w.delivery()...)
		default:
			chapters = append(chapters, w.segment(n%20 == 1))
		}
	}
	return chapters[:length]
}

// remembered is a copy of a memory.
func remembered(m *Memory) *Memory {
	c := &Memory{Seq: m.Seq, IDs: m.IDs, States: make(map[probe.ID]*incident.State, len(m.States)), Classes: m.Classes}
	for id, s := range m.States {
		c.States[id] = s.Clone()
	}
	return c
}

func (w *world) revision() chapter {
	w.circles = Circles(w.probes)
	r := &Revision{At: t0, Probes: slices.Clone(w.probes), Memory: remembered(w.memory)}
	return chapter{name: "revise", do: func(ctx context.Context, s *Store) error { return s.Revise(ctx, r) }, want: r.Memory}
}

// How often the story makes history and forgets some of it, and how it does.
const (
	compactApart = 24
	forgetApart  = 60
	stepRows     = 7 // that are deleted at a time, so that even a short story has many steps
)

var keepInStory = Retention{Results: 12 * time.Hour, Rollups: 2 * day}

func (w *world) compaction() chapter {
	now := w.now()
	return chapter{name: "compact", steps: true, since: now.Add(-keepInStory.Results), want: remembered(w.memory), do: func(ctx context.Context, s *Store) error {
		_, err := s.Compact(ctx, now)
		return err
	}}
}

func (w *world) forgetting() chapter {
	now := w.now()
	return chapter{name: "forget", steps: true, since: now.Add(-keepInStory.Results), want: remembered(w.memory), do: func(ctx context.Context, s *Store) error {
		return s.Forget(ctx, now, keepInStory)
	}}
}

// sleep lets time pass in which the service did not run.
func (w *world) sleep(d time.Duration) {
	for id := range w.next {
		w.next[id] = w.next[id].Add(d)
	}
}

// segment is a commit of some results and of what follows from them.
func (w *world) segment(checkpoint bool) chapter {
	w.batch = Batch{}
	for range 1 + w.rnd.IntN(30) {
		e := w.entry(&w.probes[w.rnd.IntN(len(w.probes))])
		if e.Input.Kind == incident.Ran && e.Input.Verdict.Outcome == probe.Bad {
			e.Attempts = []probe.Attempt{{StartedAt: e.Input.At, Verdict: e.Input.Verdict, Timings: e.Input.Timings}}
		}
		w.step(e)
	}
	w.memory.Seq++
	b := w.batch
	b.Seq, b.At = w.memory.Seq, w.now()
	if checkpoint {
		b.Checkpoint = w.memory.Checkpoint()
	}
	return chapter{name: "commit", do: func(ctx context.Context, s *Store) error { return s.Commit(ctx, &b) }, want: remembered(w.memory)}
}

// delivery takes a message and delivers it; or not, the first time.
func (w *world) delivery() []chapter {
	var claimed *notify.Claim
	end := notify.Settlement{State: notify.StateSent, At: t0, Counted: true}
	if w.rnd.IntN(4) == 0 {
		end = notify.Settlement{State: notify.StatePending, At: t0, Next: t0.Add(time.Second), Counted: true, Repeat: true, Err: "503"}
	}
	m := remembered(w.memory)
	return []chapter{
		{name: "claim", want: m, do: func(ctx context.Context, s *Store) (err error) {
			claimed, _, err = s.Claim(ctx, "ops", forever)
			return err
		}},
		{name: "settle", want: m, do: func(ctx context.Context, s *Store) error {
			if claimed == nil {
				return nil
			}
			return s.Settle(ctx, claimed.Message.ID, end)
		}},
	}
}

// live lives a story through, and says after each chapter that it is done. careless is a
// planted fault: the writer does not wait for the disk.
func live(ctx context.Context, path string, length int, careless bool) error {
	s, err := Open(ctx, path, "", "here")
	if err != nil {
		return err
	}
	s.step = stepRows
	if careless {
		if _, err := s.db.ExecContext(ctx, "PRAGMA synchronous = NORMAL"); err != nil {
			return err
		}
	}
	_, _ = os.Stdout.WriteString("open\n")
	for i, c := range story(nil, length) {
		if err := c.do(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		_, _ = os.Stdout.WriteString(strconv.Itoa(i+1) + "\n")
	}
	// No Close: the process ends as it does when it is killed.
	return nil
}

// The page cache survives the end of a process, so this says nothing of power cuts: it
// says that a commit that was told is whole, at whatever moment the process ends.
func TestWhatWasToldAsDoneSurvivesAKill(t *testing.T) {
	t.Parallel()
	length := times(200, 100)
	told := tell(t, length)
	chance := rand.New(rand.NewPCG(1, 1))
	rounds, killed := times(10, 4), 0
	for range rounds {
		path := newPath(t)
		done, cut := killedAfter(t, path, length, chance.IntN(length))
		if cut {
			killed++
		}
		require.Empty(t, told.judgeCut(t, path, done))
	}
	require.Greater(t, killed, rounds/2)
}

// killedAfter has another process live a story, and kills it when it has told of some
// chapters. It returns of how many it told, and whether it was cut short: it may have come
// to its end before. No wait is without an end: a process that hangs shows where.
func killedAfter(t *testing.T, path string, length, until int) (done int, cut bool) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), childTask+"=story "+strconv.Itoa(length), childPath+"="+path)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	hung := whereItHangs(cmd)
	lines := bufio.NewReader(out)
	line, err := readLine(t, out, lines)
	require.NoError(t, err, "it does not open the database")
	require.Equal(t, "open\n", line)
	for done < until {
		line, err = readLine(t, out, lines)
		require.NoError(t, err, "it told of %d chapters", done)
		done = lineNumber(t, line)
	}
	hung.Stop()
	require.NoError(t, cmd.Process.Kill())
	waitUntil(t, out, time.Now().Add(patience))
	rest, err := io.ReadAll(lines)
	require.NoError(t, err, "it was killed, and its output does not end: somebody else holds the pipe")
	if said := strings.Fields(string(rest)); len(said) > 0 {
		done = lineNumber(t, said[len(said)-1])
	}
	return done, ended(t, cmd) != nil
}

func lineNumber(t *testing.T, line string) int {
	n, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err, line)
	return n
}

// inMemory is a folder whose files cost no disk, where there is one: what a cut left is on
// no disk that could be slow.
func inMemory(t *testing.T) string {
	folder, err := os.MkdirTemp("/dev/shm", "sonde")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	return folder
}
