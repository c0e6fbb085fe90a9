package store

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// model is one probe that lives through whatever can happen to it: results of all kinds, slots
// without one, restarts, changes of the configuration, jumps of the clock, maintenance.
type model struct {
	t      *testing.T
	rnd    *rand.Rand
	memory *Memory
	policy incident.Policy
	now    time.Time
	phase  map[incident.ID]incident.Problem
	newest incident.ID
	upkeep bool // in maintenance
}

const modelled probe.ID = 1

func newModel(t *testing.T, seed uint64) *model {
	m := &model{
		t: t, rnd: rand.New(rand.NewPCG(seed, seed)), memory: NewMemory(),
		policy: incident.Policy{
			DownAfter: 90 * time.Second, AuthAfter: 90 * time.Second, RecheckEvery: 30 * time.Second, ResolveAfter: 2 * time.Minute,
			RemindEvery: 4 * time.Hour, Repeatable: true, Rules: incident.UsualRules(),
		},
		now: time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC), phase: map[incident.ID]incident.Problem{},
	}
	m.policy.Interval = []time.Duration{time.Second, 10 * time.Second, time.Minute, 5 * time.Minute}[m.rnd.IntN(4)]
	return m
}

// modelPromises are made and withdrawn.
var modelPromises = []slo.Objective{
	{BadPPM: 10_000, Window: slo.Rolling(30 * day)},
	{BadPPM: 100_000, Window: slo.Window{Period: slo.Day, Zone: "Asia/Seoul"}},
	{BadPPM: 50_000, Window: slo.Rolling(7 * day), Kind: slo.Latency, Threshold: time.Second},
}

// modelReasons are what results are of, the good ones more often.
var modelReasons = []struct {
	reason probe.Reason
	status int
}{
	{probe.OK, 200}, {probe.OK, 200}, {probe.OK, 200}, {probe.ServerError, 503}, {probe.ServerError, 502}, {probe.ConnectRefused, 0},
	{probe.TooSlow, 200}, {probe.Unauthenticated, 401}, {probe.Forbidden, 403}, {probe.ClientError, 404}, {probe.Throttled, 429}, {probe.AuthBypass, 200},
	{probe.LoadShed, 503}, {probe.ProberNetwork, 0}, {probe.BusinessError, 500}, {probe.BodyMismatch, 200},
}

// result is one of a stretch of results that are much alike.
func (m *model) result(mood int) incident.Input {
	lot := modelReasons[mood]
	if m.rnd.IntN(3) == 0 {
		lot = modelReasons[m.rnd.IntN(len(modelReasons))]
	}
	v := probe.Miss(lot.reason)
	if lot.status > 0 {
		v.Status, v.Class = lot.status, probe.ClassOf(lot.status)
	}
	in := incident.Input{At: m.now, Verdict: v.Settle(m.policy.Count4xx, m.memory.State(modelled).Worked), Attempts: 1 + m.rnd.IntN(2), Elapsed: time.Duration(m.rnd.IntN(1200)) * time.Millisecond, Maintenance: m.upkeep}
	if lot.status >= 429 && m.rnd.IntN(4) == 0 {
		in.RecoverBy, in.Throttled = m.now.Add(time.Duration(m.rnd.IntN(600))*time.Second), lot.status == 429
	}
	return in
}

// tick goes on to the next slot, or some slots further.
func (m *model) tick(slots int) {
	step := m.policy.Interval
	m.now = m.now.Truncate(step).Add(time.Duration(slots) * step)
}

// operate does one thing that may happen.
func (m *model) operate(mood int) {
	switch m.rnd.IntN(40) {
	default:
		m.tick(1)
		m.step(m.result(mood))
	case 0:
		m.restart()
	case 1:
		m.reload()
	case 2: // the clock jumps ahead, or sonde did not run
		m.tick(2 + m.rnd.IntN(200))
		m.step(m.result(mood))
	case 3: // the clock jumps back: what is older than what is known
		in := m.result(mood)
		in.At = m.now.Add(-time.Duration(m.rnd.IntN(3600)) * time.Second)
		m.step(in)
	case 4:
		m.upkeep = !m.upkeep
	case 5:
		m.tick(1)
		in := incident.Input{Kind: incident.Skipped, At: m.now, Verdict: probe.Miss([]probe.Reason{probe.ProberOverload, probe.Throttled, probe.ServerError, probe.ProberClock}[m.rnd.IntN(4)]), Maintenance: m.upkeep}
		m.tick(1 + m.rnd.IntN(3))
		in.To = m.now
		m.step(in)
	case 6, 7:
		in := m.result(mood)
		in.Run, in.At = probe.Recheck, m.now.Add(time.Duration(1+m.rnd.IntN(900))*time.Millisecond)
		if due := m.memory.State(modelled).Due; due.After(m.now) {
			in.At = due
		}
		m.step(in)
	case 8:
		m.step(incident.Input{Kind: incident.Idle, Maintenance: m.upkeep, At: m.now.Add(time.Duration(m.rnd.IntN(7200)) * time.Second)})
	}
}

// step steps the probe, and checks what may be told.
func (m *model) step(in incident.Input) {
	fx := m.memory.Step(&m.policy, &Entry{Probe: modelled, Input: in})
	for i := range fx.Transitions {
		m.check(&fx.Transitions[i])
	}
	var open incident.Kinds
	problems := m.memory.State(modelled).Problems
	for i := range problems { // millions of times, so that nothing is compared by reflection
		p := &problems[i]
		if open.Has(p.Kind) || p.Phase == incident.Closed || m.phase[p.ID].Phase != p.Phase {
			require.Fail(m.t, "at most one of a kind is not closed, and nothing changes without a word", "%v", problems)
		}
		open = open.With(p.Kind)
	}
	require.False(m.t, open.Has(probe.KindDown) && open.Has(probe.KindDegraded), "both are one incident")
}

// check checks that a transition is one of those that the life of an incident has.
func (m *model) check(told *incident.Transition) {
	p, was := told.Problem, m.phase[told.Problem.ID]
	switch told.Change {
	case incident.Opened:
		require.Greater(m.t, p.ID, m.newest, "no id is given twice")
		m.newest = p.ID
		require.Equal(m.t, incident.Open, p.Phase)
	case incident.Reopened:
		require.Equal(m.t, incident.Recovered, was.Phase)
		require.Equal(m.t, was.Openings+1, p.Openings)
	case incident.Resolved:
		require.Equal(m.t, []incident.Phase{incident.Open, incident.Recovered}, []incident.Phase{was.Phase, p.Phase})
	case incident.Settled:
		require.Equal(m.t, incident.Recovered, was.Phase)
		require.True(m.t, was.Telling.Unsaid)
	case incident.ClosedNow:
		require.Equal(m.t, []incident.Phase{incident.Recovered, incident.Closed}, []incident.Phase{was.Phase, p.Phase})
		require.False(m.t, was.Telling.Unsaid, "people have heard that it is over")
	case incident.Withdrawn:
		require.Equal(m.t, incident.Closed, p.Phase)
		require.True(m.t, was.Phase == incident.Open || was.Telling.Unsaid)
	default:
		require.Equal(m.t, incident.Open, was.Phase, "%s", told.Change)
		require.Equal(m.t, incident.Open, p.Phase)
	}
	if m.upkeep {
		require.NotContains(m.t, []incident.Change{incident.Opened, incident.Reopened, incident.Reminded}, told.Change, "in maintenance nothing opens")
	}
	m.phase[p.ID] = p
}

// restart goes on from a checkpoint.
func (m *model) restart() {
	packed := packMemory(m.memory)
	restored, err := unpackMemory(packed)
	require.NoError(m.t, err)
	restored.Seq = m.memory.Seq
	require.True(m.t, bytes.Equal(packed, packMemory(restored)), "it is packed the same again")
	if m.rnd.IntN(20) == 0 {
		require.Equal(m.t, m.memory.States, restored.States, "nothing is forgotten")
	}
	m.memory = restored
}

// reload changes the configuration of the probe.
func (m *model) reload() {
	p, chance := &m.policy, m.rnd
	switch chance.IntN(10) {
	case 0:
		p.Interval = []time.Duration{time.Second, 10 * time.Second, time.Minute, 5 * time.Minute}[chance.IntN(4)]
	case 1:
		p.Rules = incident.UsualRules()
	case 2:
		p.Rules = incident.Rules{Off: incident.Kinds(0).With(probe.Kinds()[chance.IntN(3)])}
	case 3:
		p.Rules.Rate = &incident.Rate{Class: probe.ClassServerError, Over: 5 * time.Minute, Above: 100_000, MinSamples: 1 + chance.IntN(5)}
	case 4:
		p.Rules.CodeAnomaly = &incident.CodeAnomaly{Codes: [8]int16{503, int16(400 + chance.IntN(5))}, Factor: 2, MinCount: 2, Window: time.Hour}
	case 5:
		p.Rules.Degraded.Fire = time.Duration(1+chance.IntN(120)) * time.Minute
	case 7:
		p.Thresholds, _ = incident.NewThresholds(modelPromises)
		p.Budgets = incident.NewBudgets(modelPromises, p.Interval, incident.BudgetRules{Fast: true, Slow: chance.IntN(2) == 0, Levels: []int{50, 80, 100}})
	case 8:
		p.Budgets, p.Thresholds = nil, incident.Thresholds{}
	case 9:
		p.StartOnSuccess = !p.StartOnSuccess
	case 6:
		p.RemindEvery, p.Repeatable = time.Duration(chance.IntN(3))*time.Hour, !p.Repeatable
	}
}

func TestWhateverHappensToAProbeTheInvariantsHold(t *testing.T) {
	t.Parallel()
	seeds := uint64(10_000)
	if testing.Short() {
		seeds = 300
	}
	kinds := map[probe.Kind]int{}
	for seed := range seeds {
		m := newModel(t, seed)
		mood := m.rnd.IntN(len(modelReasons))
		for range 200 {
			if m.rnd.IntN(15) == 0 {
				mood = m.rnd.IntN(len(modelReasons))
			}
			m.operate(mood)
		}
		for _, p := range m.phase {
			kinds[p.Kind]++
		}
	}
	for _, kind := range []probe.Kind{
		probe.KindDown, probe.KindDegraded, probe.KindAuthFailed, probe.KindAuthBypass, probe.KindClientFault, probe.KindRateLimited,
		probe.KindCodeAnomaly, probe.KindGroupRate, probe.KindBudgetFast, probe.KindBudgetThreshold,
	} {
		require.Greater(t, kinds[kind], int(seeds/100), "the sequences must show %s", kind)
	}
}
