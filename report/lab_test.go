package report_test

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/record"
	"sonde/report"
	"sonde/slo"
	"sonde/store"
)

// now is the instant at which every status is taken.
var now = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)

// ago is so many seconds before now.
func ago(seconds int) time.Time { return now.Add(-time.Duration(seconds) * time.Second) }

// judge is the verdict that a reason and a status code stand for.
func judge(reason probe.Reason, status int) probe.Verdict {
	v := probe.Miss(reason)
	if status == 0 {
		return v
	}
	v.Status, v.Class = status, probe.ClassOf(status)
	if reason == probe.ServerError || reason == probe.ClientError {
		v.Retry = probe.CodeOf(status).Retry
	}
	return v
}

// The answers of the targets, as the tests speak of them.
var (
	good      = judge(probe.OK, 200)
	broken    = judge(probe.ServerError, 503)
	gateway   = judge(probe.ServerError, 502)
	refused   = judge(probe.ConnectRefused, 0)
	slow      = judge(probe.TooSlow, 200)
	denied    = judge(probe.Unauthenticated, 401)
	throttled = judge(probe.Throttled, 429)
	missing   = judge(probe.ClientError, 404).Settle(probe.CountNever, false)
	gone      = judge(probe.ClientError, 410).Settle(probe.CountAlways, false)
	blind     = judge(probe.ProberNetwork, 0)
)

// watched is a probe with an interval of so many seconds, as the configuration has it.
func watched(name string, interval int, promises ...string) store.Probe {
	p := store.Probe{
		Subject: notify.Subject{Name: name, URL: "https://" + name + ".example.com/healthz", Interval: time.Duration(interval) * time.Second},
		Policy: &incident.Policy{
			Interval: time.Duration(interval) * time.Second, DownAfter: 90 * time.Second, AuthAfter: 90 * time.Second,
			RecheckEvery: 30 * time.Second, ResolveAfter: 120 * time.Second, Repeatable: true,
		},
	}
	for _, promise := range promises {
		o, err := slo.ParseObjective(promise)
		if err != nil {
			panic(err)
		}
		p.Objectives = append(p.Objectives, o)
	}
	p.Policy.Thresholds, _ = incident.NewThresholds(p.Objectives)
	return p
}

// lab is a real database and what the recorder would do with it, at given instants.
type lab struct {
	t      testing.TB
	path   string
	store  *store.Store
	memory *store.Memory
	probes map[string]store.Probe
}

func newLab(t testing.TB, probes ...store.Probe) *lab {
	t.Helper()
	l := &lab{t: t, path: filepath.Join(t.TempDir(), "sonde.db"), probes: map[string]store.Probe{}}
	var err error
	l.store, err = store.Open(t.Context(), l.path, "seoul-1", "")
	require.NoError(t, err)
	t.Cleanup(l.stop)
	require.NoError(t, l.store.Started(t.Context(), "1.2.3", ago(7200)))
	memory, probes, err := record.Begin(t.Context(), l.store, probes, ago(7200))
	require.NoError(t, err)
	l.memory = memory
	for _, p := range probes {
		l.probes[p.Name()] = p
	}
	return l
}

// stop ends the service: the lock is given back.
func (l *lab) stop() {
	if l.store != nil {
		require.NoError(l.t, l.store.Close())
	}
	l.store = nil
}

// play gives a probe scheduled results from so many seconds ago on, a slot after
// another.
func (l *lab) play(name string, seconds int, verdicts ...probe.Verdict) {
	l.t.Helper()
	var inputs []incident.Input
	step := l.probes[name].Policy.Interval
	for i, v := range verdicts {
		inputs = append(inputs, incident.Input{
			At: ago(seconds).Add(time.Duration(i) * step), Verdict: v, Attempts: 1,
			Timings: probe.Timings{Total: 41200 * time.Microsecond},
		})
	}
	l.feed(name, inputs...)
}

// feed steps a probe and commits, as the recorder does.
func (l *lab) feed(name string, inputs ...incident.Input) {
	l.t.Helper()
	p := l.probes[name]
	state := l.memory.State(p.ID)
	l.memory.Seq++
	b := &store.Batch{Seq: l.memory.Seq, At: inputs[len(inputs)-1].At}
	for _, in := range inputs {
		in.Verdict = in.Verdict.Settle(p.Policy.Count4xx, state.Worked)
		fx := incident.Step(p.Policy, state, &in, &l.memory.IDs)
		e := store.Entry{Probe: p.ID, Input: in}
		for _, f := range l.memory.Correlate(l.circles(), &e, &fx) {
			b.Circles = append(b.Circles, f.Circle)
			b.Effects = append(b.Effects, store.Effect{Probe: f.Circle.ID, Effects: f.Effects})
		}
		b.Entries = append(b.Entries, e)
		b.Effects = append(b.Effects, store.Effect{Probe: p.ID, Effects: fx})
		for _, t := range fx.Transitions {
			b.Messages = append(b.Messages, notify.Plan(t, p.Subject, "seoul-1", nil)...)
		}
	}
	require.NoError(l.t, l.store.Commit(l.t.Context(), b))
}

// circles are who shares what.
func (l *lab) circles() *incident.Circles {
	return store.Circles(slices.Collect(maps.Values(l.probes)))
}

// status reads everything as of now from the database.
func (l *lab) status() *report.Status {
	l.t.Helper()
	return report.NewStatus(l.snapshot(), now)
}

// snapshot is everything as of now.
func (l *lab) snapshot() *store.Snapshot {
	l.t.Helper()
	reader, err := store.OpenReader(l.t.Context(), l.path)
	require.NoError(l.t, err)
	defer func() { require.NoError(l.t, reader.Close()) }()
	snapshot, err := reader.Snapshot(l.t.Context(), now)
	require.NoError(l.t, err)
	return snapshot
}

// only is the only probe of the status.
func only(t testing.TB, s *report.Status) report.Probe {
	t.Helper()
	require.Len(t, s.Probes, 1)
	return s.Probes[0]
}

// times is a verdict so many times.
func times(n int, v probe.Verdict) []probe.Verdict {
	all := make([]probe.Verdict, n)
	for i := range all {
		all[i] = v
	}
	return all
}
