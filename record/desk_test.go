package record_test

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/record"
	"sonde/store"
)

// t0 is the first slot of every test.
var t0 = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)

// slot is the n-th slot of a probe that is asked every minute.
func slot(n int) time.Time { return t0.Add(time.Duration(n) * time.Minute) }

// watched is a probe that goes down with its third failed request, and of which ops hears.
func watched(name string) store.Probe {
	return store.Probe{
		Subject: notify.Subject{Name: name, Routes: notify.Routes{Default: []string{"ops"}}},
		Policy: &incident.Policy{
			Interval: time.Minute, RecheckEvery: 30 * time.Second, AuthAfter: 90 * time.Second, ResolveAfter: 2 * time.Minute, Repeatable: true,
		},
		RequestHash: "1",
	}
}

// judge is the verdict that a reason and a status code stand for.
func judge(reason probe.Reason, status int) probe.Verdict {
	v := probe.Miss(reason)
	if status > 0 {
		v.Status, v.Class = status, probe.ClassOf(status)
	}
	return v
}

var (
	good    = judge(probe.OK, 200)
	broken  = judge(probe.ServerError, 503)
	missing = judge(probe.ClientError, 404)
)

// result is what a run of so many attempts found.
func result(id probe.ID, at time.Time, v probe.Verdict, attempts int) probe.Result {
	r := probe.Result{Probe: id, At: at, Verdict: v, Elapsed: 40 * time.Millisecond}
	for range attempts {
		r.Attempts = append(r.Attempts, probe.Attempt{Verdict: v, Timings: probe.Timings{Total: 40 * time.Millisecond}})
	}
	return r
}

// commit is one commit that was tried.
type commit struct {
	after time.Duration // since the test began
	seq   int64
	batch store.Batch
	err   error
}

// disk is a log that can fail, and that remembers what was asked of it.
type disk struct {
	mu      sync.Mutex
	start   time.Time
	broken  error         // what every commit ends with, if set
	takes   time.Duration // what every commit takes
	hangs   bool          // no commit ends before its context
	commits []commit
}

func (d *disk) Commit(ctx context.Context, b *store.Batch) error {
	d.mu.Lock()
	takes, hangs := d.takes, d.hangs
	d.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	time.Sleep(takes)
	d.mu.Lock()
	defer d.mu.Unlock()
	copied := *b
	copied.Entries, copied.Effects, copied.Messages = slices.Clone(b.Entries), slices.Clone(b.Effects), slices.Clone(b.Messages)
	d.commits = append(d.commits, commit{time.Since(d.start), b.Seq, copied, d.broken})
	return d.broken
}

func (d *disk) breaks(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken = err
}

// tried are the commits that were tried.
func (d *disk) tried() []commit {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.commits)
}

// durable are the batches that were committed.
func (d *disk) durable() (all []store.Batch) {
	for _, c := range d.tried() {
		if c.err == nil {
			all = append(all, c.batch)
		}
	}
	return all
}

// entries are the entries of the batches that were committed.
func (d *disk) entries() (all []store.Entry) {
	for _, b := range d.durable() {
		all = append(all, b.Entries...)
	}
	return all
}

// times are when commits were tried.
func (d *disk) times() (all []time.Duration) {
	for _, c := range d.tried() {
		all = append(all, c.after)
	}
	return all
}

// desk is a recorder at work, and those that it calls.
type desk struct {
	*record.Recorder
	disk   *disk
	memory *store.Memory

	mu        sync.Mutex
	rechecks  map[probe.ID]time.Time
	holds     []incident.Hold // in the order in which they were made
	told      []string
	published int
}

// asked are the re-checks that were asked for.
func (d *desk) asked() map[probe.ID]time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.rechecks)
}

// held are the holds that were made or taken back.
func (d *desk) held() []incident.Hold {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.holds)
}

// heard are the destinations that there were messages for.
func (d *desk) heard() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.told)
}

// shown is how many entries were published.
func (d *desk) shown() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.published
}

// options make the desk hear what the recorder calls.
func (d *desk) options(log record.Log, memory *store.Memory, probes []store.Probe) record.Options {
	d.memory, d.rechecks = memory, map[probe.ID]time.Time{}
	return record.Options{
		Log: log, Memory: memory, Probes: probes, Location: "here", Logger: slog.New(slog.DiscardHandler),
		Recheck: func(id probe.ID, at time.Time) { d.mu.Lock(); defer d.mu.Unlock(); d.rechecks[id] = at },
		Hold: func(_ probe.ID, h incident.Hold) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.holds = append(d.holds, h)
		},
		Told:      func(destination string) { d.mu.Lock(); defer d.mu.Unlock(); d.told = append(d.told, destination) },
		Published: func(entries []store.Entry) { d.mu.Lock(); defer d.mu.Unlock(); d.published += len(entries) },
	}
}

// atDesk runs a test in a bubble, with a recorder for probes 1, 2, ... whose disk is not
// a real one. The test has to stop it.
func atDesk(t *testing.T, probes int, test func(t *testing.T, d *desk)) {
	t.Helper()
	atDeskWith(t, probes, func(*record.Options) {}, test)
}

// atDeskWith is atDesk with other options.
func atDeskWith(t *testing.T, probes int, choose func(o *record.Options), test func(t *testing.T, d *desk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{disk: &disk{start: time.Now()}}
		var all []store.Probe
		for i := range probes {
			p := watched("probe")
			p.ID = probe.ID(i + 1)
			all = append(all, p)
		}
		o := d.options(d.disk, store.NewMemory(), all)
		choose(&o)
		d.Recorder = record.New(o)
		d.Start()
		test(t, d)
	})
}

// end stops the recorder, which has to succeed.
func (d *desk) end(t *testing.T) {
	t.Helper()
	require.NoError(t, d.Stop(t.Context()))
}
