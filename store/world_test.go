package store

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
)

// t0 is when the tests begin.
var t0 = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)

// open opens a database at a path until the test ends.
func open(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, "", "here")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "sonde.db") }

// look opens a reader of a database until the test ends.
func look(t testing.TB, path string) *Reader {
	t.Helper()
	r, err := OpenReader(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r
}

// watched is a probe that is asked at an interval, and that ops hears of.
func watched(name string, interval time.Duration) Probe {
	objective, err := slo.ParseObjective("99.9% over 30d")
	if err != nil {
		panic(err)
	}
	latency, err := slo.ParseObjective("latency 2500ms for 50% over 30d")
	if err != nil {
		panic(err)
	}
	promises := []slo.Objective{objective, latency}
	thresholds, _ := incident.NewThresholds(promises)
	return Probe{
		Subject: notify.Subject{Name: name, URL: "https://" + name + ".example.com/", Method: "GET", Interval: interval, Routes: notify.Routes{Default: []string{"ops"}}},
		Policy: &incident.Policy{
			Interval: interval, DownAfter: 90 * time.Second, AuthAfter: 90 * time.Second, RecheckEvery: 30 * time.Second,
			ResolveAfter: 2 * time.Minute, RemindEvery: 4 * time.Hour, Repeatable: true, Conditional: true, MinCacheRatio: 0.5,
			Rules: incident.UsualRules(), Thresholds: thresholds,
			Budgets: incident.NewBudgets(promises, interval, incident.BudgetRules{Fast: true, Slow: true, Levels: []int{50, 80, 100}}),
		},
		Objectives: promises, RequestHash: "1",
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

var answers = []probe.Verdict{
	judge(probe.OK, 200), judge(probe.OK, 200), judge(probe.OK, 204), judge(probe.ServerError, 503), judge(probe.ServerError, 502),
	judge(probe.ConnectRefused, 0), judge(probe.Unauthenticated, 401), judge(probe.TooSlow, 200), judge(probe.ClientError, 404),
	judge(probe.Throttled, 429), judge(probe.ProberNetwork, 0), judge(probe.LoadShed, 503),
}

// usualThreshold is that of the promise about latency which every probe makes.
const usualThreshold = 2500 * time.Millisecond

// world is a prober with a database, whose probes see random things.
type world struct {
	t      testing.TB
	rnd    *rand.Rand
	s      *Store
	memory *Memory
	probes []Probe

	batch Batch
	next  map[probe.ID]time.Time // slots
	mood  map[probe.ID]int       // of targets: what they answer mostly
	slots map[probe.ID][]slot
	past  []Entry

	threshold time.Duration // of the promise about latency
	late      bool          // promises start on the first success

	plans []incident.Command                   // maintenance of the configuration
	rests func(id probe.ID, at time.Time) bool // whether a slot lies in it; nil: none does

	circles *incident.Circles // of the probes as they were made the configuration
}

// together are rules about several probes, of which few are enough.
var together = incident.Rules{
	AuthGroup:    incident.AuthGroup{Probes: 2, Share: 0.5, Within: time.Hour},
	GatewaySurge: incident.GatewaySurge{Probes: 2, Within: time.Hour},
	NoData:       incident.NoData{After: time.Minute, Intervals: 2}, ProberNetwork: incident.ProberNetwork{After: time.Second}, Prober: true,
	GroupRate: &incident.Rate{Class: probe.ClassServerError, Over: time.Hour, Above: 100_000, MinSamples: 4},
}

func newWorld(t testing.TB, seed uint64, probes int) *world {
	w := &world{
		t: t, rnd: rand.New(rand.NewPCG(seed, 1)), s: open(t, newPath(t)), memory: NewMemory(),
		next: map[probe.ID]time.Time{}, mood: map[probe.ID]int{}, slots: map[probe.ID][]slot{}, threshold: usualThreshold,
	}
	w.s.packFrom = 1 + int(seed%5)
	for i := range probes {
		p := watched(fmt.Sprintf("probe-%d", i), time.Minute)
		p.Subject.URL, p.Policy.Rules, p.Credential = "https://shared.example.com/"+p.Name(), together, "shared"
		p.Subject.Group = "shared"
		p.Pledge = Pledge{Combine: slo.Combine(seed % 2), Objectives: p.Objectives, Alerts: incident.BudgetRules{Fast: true, Slow: true, Levels: []int{50}}}
		w.probes = append(w.probes, p)
	}
	w.revise()
	for i := range w.probes {
		w.next[w.probes[i].ID] = t0.Add(time.Duration(w.rnd.IntN(60_000)) * time.Millisecond)
	}
	return w
}

// revise makes the probes as they are now the configuration.
func (w *world) revise() {
	w.commit(false)
	require.NoError(w.t, w.s.Revise(w.t.Context(), &Revision{At: t0, Probes: w.probes, Memory: w.memory, Maintenance: w.plans}))
	w.circles = Circles(w.probes)
}

// changeInterval gives a random probe another interval, and perhaps another phase.
func (w *world) changeInterval() {
	p := &w.probes[w.rnd.IntN(len(w.probes))]
	p.Policy.Interval = []time.Duration{time.Second, 10 * time.Second, time.Minute, 77 * time.Second, 5 * time.Minute}[w.rnd.IntN(5)]
	w.next[p.ID] = w.next[p.ID].Add(time.Duration(w.rnd.IntN(90_000)) * time.Millisecond)
	w.revise()
}

// commit makes what happened since the last commit durable.
func (w *world) commit(checkpoint bool) {
	if len(w.batch.Entries) == 0 {
		return
	}
	w.memory.Seq++
	w.batch.Seq, w.batch.At = w.memory.Seq, w.now()
	if checkpoint {
		w.batch.Checkpoint = w.memory.Checkpoint()
	}
	require.NoError(w.t, w.s.Commit(w.t.Context(), &w.batch))
	w.batch = Batch{}
}

// now is the latest instant of all that happened.
func (w *world) now() time.Time {
	now := t0
	for _, e := range w.past {
		now = slo.Latest(now, slo.Latest(e.Input.At, e.Input.To))
	}
	return now
}

// happen lets a number of things happen, committing now and then.
func (w *world) happen(n int) {
	for range n {
		if w.rnd.IntN(50) == 0 {
			w.tick()
		}
		w.step(w.entry(&w.probes[w.rnd.IntN(len(w.probes))]))
		if w.rnd.IntN(20) == 0 {
			w.commit(w.rnd.IntN(5) == 0)
		}
	}
}

func (w *world) step(e Entry) incident.Effects {
	i := slices.IndexFunc(w.probes, func(p Probe) bool { return p.ID == e.Probe })
	p := &w.probes[i]
	w.account(e, p.Policy.Interval)
	fx := w.memory.Step(p.Policy, &e)
	w.correlate(&e, &fx)
	w.batch.Entries = append(w.batch.Entries, e)
	w.batch.Effects = append(w.batch.Effects, Effect{e.Probe, fx})
	for _, told := range fx.Transitions {
		w.batch.Messages = append(w.batch.Messages, notify.Plan(told, p.Subject, "here", nil)...)
	}
	w.past = append(w.past, e)
	return fx
}

// correlate moves on what the probe of an entry shares.
func (w *world) correlate(e *Entry, fx *incident.Effects) {
	if w.circles == nil {
		w.circles = Circles(w.probes)
	}
	for _, f := range w.memory.Correlate(w.circles, e, fx) {
		w.batch.Circles = append(w.batch.Circles, f.Circle)
		w.batch.Effects = append(w.batch.Effects, Effect{f.Circle.ID, f.Effects})
		for _, told := range f.Transitions {
			w.batch.Messages = append(w.batch.Messages, notify.Plan(told, notify.Together(f.Circle, []notify.Subject{w.probes[0].Subject}), "here", nil)...)
		}
	}
}

// tick lets time pass for the prober as a whole.
func (w *world) tick() {
	e := Entry{Input: incident.Input{Kind: incident.Idle, At: w.now(), Verdict: probe.Miss(probe.NoData), Attempts: w.rnd.IntN(len(w.probes) + 1)}}
	w.correlate(&e, &incident.Effects{})
	w.batch.Entries = append(w.batch.Entries, e)
}

// entry is the next thing that happens to a probe.
func (w *world) entry(p *Probe) Entry {
	if in, held := w.held(p); held && w.rnd.IntN(4) > 0 {
		return Entry{Probe: p.ID, Input: in}
	}
	e := Entry{Probe: p.ID, Input: w.input(p)}
	switch w.rnd.IntN(40) {
	case 0, 1, 2:
		e.Input.Run = probe.Recheck
	case 3:
		e.Input.Run = probe.First
	case 4:
		e.Input.Run = probe.Manual
	case 5:
		e.Input = incident.Input{Kind: incident.Idle, At: w.next[p.ID], Verdict: probe.Miss(probe.NoData)}
		return e
	case 6, 7:
		last := w.next[p.ID].Add(time.Duration(w.rnd.IntN(6)) * p.Policy.Interval)
		e.Input = incident.Input{Kind: incident.Skipped, At: w.next[p.ID], To: last, Verdict: probe.Miss(probe.ProberOverload)}
		w.next[p.ID] = last.Add(p.Policy.Interval)
		return e
	case 8: // sonde did not run
		w.next[p.ID] = w.next[p.ID].Add(time.Duration(w.rnd.IntN(200)) * p.Policy.Interval / 3).Truncate(time.Millisecond)
		e.Input.At = w.next[p.ID]
	case 9:
		if len(w.past) > 0 {
			return w.past[w.rnd.IntN(len(w.past))] // once more, or late
		}
	}
	if e.Input.Run == probe.Scheduled {
		w.next[p.ID] = e.Input.At.Add(p.Policy.Interval)
		return e
	}
	e.Input.At = e.Input.At.Add(-time.Duration(w.rnd.IntN(1000)) * time.Millisecond)
	return e
}

// held is what is not asked because of a hold: the next slot, or a re-check before it.
func (w *world) held(p *Probe) (incident.Input, bool) {
	s := w.memory.State(p.ID)
	next := w.next[p.ID]
	if !s.Hold.Until.After(next) {
		return incident.Input{}, false
	}
	in := incident.Input{Kind: incident.Skipped, At: next, To: next, Verdict: probe.Miss(s.Hold.Why)}
	if !s.Due.IsZero() && s.Due.Before(next) {
		in.Run, in.At, in.To = probe.Recheck, s.Due, s.Due
		return in, true
	}
	w.next[p.ID] = next.Add(p.Policy.Interval)
	return in, true
}

// input is a result as the target is minded, in all its detail.
func (w *world) input(p *Probe) incident.Input {
	if w.rnd.IntN(6) == 0 {
		w.mood[p.ID] = w.rnd.IntN(len(answers))
	}
	us := func() time.Duration { return time.Duration(w.rnd.IntN(5_000_000)) * time.Microsecond }
	in := incident.Input{At: w.next[p.ID], Verdict: answers[w.mood[p.ID]], Attempts: w.rnd.IntN(4), Elapsed: us()}
	if in.Verdict.Outcome == probe.Good && w.rnd.IntN(2) == 0 {
		in.Cache = probe.CacheOutcome(w.rnd.IntN(4))
	}
	in.Verdict = in.Verdict.Settle(p.Policy.Count4xx, w.memory.State(p.ID).Worked)
	if w.rnd.IntN(2) == 0 {
		in.Timings = probe.Timings{DNS: us(), Connect: us(), TLS: us(), FirstByte: us(), Transfer: us(), Total: us()}
	}
	switch in.Verdict.Reason {
	case probe.ServerError, probe.LoadShed, probe.Throttled:
		in.Cured = in.Verdict.Outcome == probe.Bad && w.rnd.IntN(10) == 0
		if w.rnd.IntN(3) == 0 || in.Verdict.Reason == probe.LoadShed {
			in.RecoverBy = in.At.Add(time.Duration(w.rnd.IntN(3600)) * time.Second).Truncate(time.Second)
			in.Throttled = in.Verdict.Reason == probe.Throttled || w.rnd.IntN(5) == 0
			in.Forgone = w.rnd.IntN(3)
		}
	}
	in.Maintenance = in.Elapsed.Microseconds()%37 == 0
	switch lot := in.Elapsed.Microseconds(); lot % 8 {
	case 0:
		in.CertificateEnds = in.At.Truncate(time.Second).Add(time.Duration(lot%960) * time.Hour)
		in.Expiring = lot%16 == 0
	case 1, 2, 3, 4:
		in.CertificateEnds = t0.Truncate(time.Second).Add(90 * 24 * time.Hour)
	}
	return in
}

// count is a number that a query finds.
func count(t testing.TB, s *Store, query string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, s.db.QueryRowContext(t.Context(), query, args...).Scan(&n))
	return n
}
