package scheduler

import (
	"context"
	"math/rand/v2"
	"net/url"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"sonde/probe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// asking makes a prober of a function.
type asking func(ctx context.Context, t *probe.Target, kind probe.RunKind, at time.Time) probe.Result

func (f asking) Run(ctx context.Context, t *probe.Target, kind probe.RunKind, at time.Time) probe.Result {
	return f(ctx, t, kind, at)
}

var good = probe.Result{Verdict: probe.Verdict{Status: 200, Class: probe.ClassSuccess, Outcome: probe.Good}}

// takes answers after a while, or is canceled.
func takes(d time.Duration) asking {
	return func(ctx context.Context, _ *probe.Target, _ probe.RunKind, _ time.Time) probe.Result {
		select {
		case <-time.After(d):
			return good
		case <-ctx.Done():
			return probe.Result{Verdict: probe.Miss(probe.Canceled)}
		}
	}
}

// journal is a sink that keeps what it hears.
type journal struct {
	mu       sync.Mutex
	results  []probe.Result
	missed   []Miss
	rechecks []Miss
	closed   bool // nothing may come any more
	late     int  // what came nevertheless
}

func (j *journal) Record(r probe.Result) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.results = append(j.results, r)
	if j.closed {
		j.late++
	}
}

func (j *journal) Missed(m Miss) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if m.Run == probe.Recheck {
		j.rechecks = append(j.rechecks, m)
	} else {
		j.missed = append(j.missed, m)
	}
	if j.closed {
		j.late++
	}
}

func (j *journal) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
}

// heard returns all results once everything in the bubble waits.
func (j *journal) heard() []probe.Result {
	synctest.Wait()
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.results)
}

// lost returns all misses once everything in the bubble waits.
func (j *journal) lost() []Miss {
	synctest.Wait()
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.missed)
}

// spared returns the re-checks that holds took away, once everything in the bubble waits.
func (j *journal) spared() []Miss {
	synctest.Wait()
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.rechecks)
}

// of returns the results of one kind of run, in the order in which they ended.
func (j *journal) of(kind probe.RunKind) (found []probe.Result) {
	for _, r := range j.heard() {
		if r.Run == kind {
			found = append(found, r)
		}
	}
	return found
}

// reasons counts the missed slots of a job list by reason.
func (j *journal) reasons(jobs []Job) map[probe.Reason]int {
	interval := map[probe.ID]time.Duration{}
	for _, job := range jobs {
		interval[job.ID] = job.Interval
	}
	count := map[probe.Reason]int{}
	for _, m := range j.lost() {
		count[m.Reason] += int(m.To.Sub(m.From)/interval[m.Probe]) + 1
	}
	return count
}

// row is slots that were heard of at once: those from..to.
type row struct{ from, to time.Time }

// rows returns what was heard of every probe's slots, in their order.
func (j *journal) rows() map[probe.ID][]row {
	j.mu.Lock()
	defer j.mu.Unlock()
	heard := map[probe.ID][]row{}
	for _, r := range j.results {
		if r.Run == probe.Scheduled {
			heard[r.Probe] = append(heard[r.Probe], row{r.At, r.At})
		}
	}
	for _, m := range j.missed {
		heard[m.Probe] = append(heard[m.Probe], row{m.From, m.To})
	}
	for _, rows := range heard {
		slices.SortFunc(rows, func(a, b row) int { return a.from.Compare(b.from) })
	}
	return heard
}

// requireAccounted demands that every slot after from, up to to, was heard of
// exactly once, and nothing off the grid or outside was.
func (j *journal) requireAccounted(t *testing.T, jobs []Job, from, to time.Time) {
	t.Helper()
	heard := j.rows()
	for _, job := range jobs {
		next := NextSlot(job.ID, job.Interval, from)
		for _, r := range heard[job.ID] {
			if !next.Equal(r.from) || r.to.Before(r.from) || r.to.Sub(r.from)%job.Interval != 0 {
				require.Failf(t, "slots", "probe %d every %v: heard of %v..%v, not of %v", job.ID, job.Interval, r.from, r.to, next)
			}
			next = r.to.Add(job.Interval)
		}
		require.Equal(t, NextSlot(job.ID, job.Interval, to), next, "probe %d every %v: the last slot", job.ID, job.Interval)
		delete(heard, job.ID)
	}
	require.Empty(t, heard, "unknown probes")
}

// fleet is n jobs with ids from 1, of one interval and timeout, asked just now.
func fleet(n int, interval, timeout time.Duration) []Job {
	target := &probe.Target{Name: "t", URL: &url.URL{Scheme: "http", Host: "target.test"}, Timeout: timeout}
	jobs := make([]Job, n)
	for i := range jobs {
		jobs[i] = Job{ID: probe.ID(i + 1), Target: target, Interval: interval, LastResult: time.Now()}
	}
	return jobs
}

// simulate runs jobs in a bubble from its first instant on, does what act says,
// stops, and checks that every slot is accounted for.
func simulate(t *testing.T, opts Options, jobs func() []Job, act func(s *Scheduler, j *journal)) {
	t.Helper()
	simulateWith(t, &opts, jobs, func(s *Scheduler, j *journal, _ []Job) { act(s, j) })
}

// simulateWith lets jobs, which is called in the bubble, complete the options.
func simulateWith(t *testing.T, opts *Options, jobs func() []Job, act func(s *Scheduler, j *journal, all []Job)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sink := &journal{}
		all := jobs()
		opts.Sink = sink
		s, err := New(*opts)
		require.NoError(t, err)
		from := s.clock.Now()
		require.NoError(t, s.Start(context.Background(), all))
		defer func() { _ = s.Stop(context.Background()) }() // a failed test must not hang its bubble
		act(s, sink, all)
		require.NoError(t, s.Stop(context.Background()))
		sink.close()
		to := s.clock.Now()
		time.Sleep(time.Minute)
		require.Zero(t, sink.late, "the sink was called after Stop")
		sink.requireAccounted(t, all, from, to)
	})
}

// seeded is a source of chance that a failed test names.
func seeded(t *testing.T, seed uint64) *rand.Rand {
	t.Helper()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}
