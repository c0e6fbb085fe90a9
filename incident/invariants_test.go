package incident_test

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// history plays a script and returns the final state and all effects.
func history(data []byte, check func(move, *incident.State, *incident.State, incident.Effects)) (incident.State, []incident.Effects) {
	var s incident.State
	var ids incident.Sequence
	var all []incident.Effects
	moves(data, func(m move) time.Time {
		before := s.Clone()
		fx := incident.Step(m.policy, &s, m.in, &ids)
		all = append(all, fx)
		if check != nil {
			check(m, before, &s, fx)
		}
		return s.Due
	})
	return s, all
}

// law checks what must hold after every step of any sequence.
type law struct {
	t      *testing.T
	lastID incident.ID
	moved  time.Time // of the latest transition that is no deadline
	phase  map[probe.Kind]incident.Problem
}

func (l *law) check(m move, before, after *incident.State, fx incident.Effects) {
	l.checkState(after)
	for _, told := range fx.Transitions {
		l.checkTransition(m, before, told)
	}
	l.checkHold(m, before, after)
	for _, p := range after.Problems {
		require.Equal(l.t, l.phase[p.Kind].ID, p.ID)
		require.Equal(l.t, l.phase[p.Kind].Phase, p.Phase)
	}
	l.checkDue(m, before, after)
	if m.in.Kind == incident.Ran && m.in.Run == probe.Manual {
		require.Equal(l.t, *before, *after, "a manual run steps nothing")
		require.Zero(l.t, fx)
	}
	require.False(l.t, after.Last.At.Before(before.Last.At), "time does not go back")
	require.False(l.t, after.Account.Grid.Last.Before(before.Account.Grid.Last))
}

func (l *law) checkState(s *incident.State) {
	seen := map[probe.Kind]bool{}
	for _, p := range s.Problems {
		require.False(l.t, seen[p.Kind], "at most one incident of a kind")
		seen[p.Kind] = true
		require.NotEqual(l.t, incident.Closed, p.Phase)
		require.False(l.t, p.Phase == incident.Open && p.Telling.Unsaid)
		require.Contains(l.t, []probe.Kind{probe.KindDown, probe.KindAuthFailed, probe.KindDegraded, probe.KindCertificate, probe.KindCache, probe.KindBudgetFast, probe.KindBudgetSlow, probe.KindBudgetThreshold, probe.KindClientFault, probe.KindRateLimited, probe.KindAuthBypass, probe.KindCodeAnomaly, probe.KindGroupRate}, p.Kind)
		require.False(l.t, p.Unkept && p.Promise.IsZero())
		require.LessOrEqual(l.t, len(p.Codes), 8)
		require.False(l.t, p.OpenedAt.Before(p.Since))
	}
	require.False(l.t, seen[probe.KindDown] && seen[probe.KindDegraded], "both are one incident")
	l.checkBucket(&s.Buckets.Target)
	l.checkBucket(&s.Buckets.Auth)
	l.checkBucket(&s.Buckets.Client)
	require.True(l.t, s.Row == nil || s.Row.Results > 0 && s.Row.Of != probe.NoIncident, "a row is of something")
	require.True(l.t, s.Suspect == nil || s.Suspect.Results > 0, "a suspicion is of something")
	if s.Open(probe.KindDown) != nil {
		require.Zero(l.t, s.Suspect, "what is open is not suspected")
		require.True(l.t, s.Due.IsZero() || s.Row != nil && s.Row.Of == probe.KindAuthBypass)
	}
	first := size(s) - furtherPromises(s)
	if cap(s.Problems) <= 1 { // what has closed leaves its room behind
		require.LessOrEqual(l.t, first, 3<<10, "with a hold, all that is known of caches and latencies, and a promise")
	}
	require.LessOrEqual(l.t, first, 13<<9, "whatever is wrong at once")
	l.checkCache(s.Cache)
	l.checkSpending(s)
}

func (l *law) checkBucket(b *incident.Bucket) {
	require.GreaterOrEqual(l.t, b.Level, int32(0))
	require.Equal(l.t, b.Level == 0, *b == incident.Bucket{}, "an empty bucket remembers nothing")
}

// checkCache checks that no answer is counted twice or forgotten.
func (l *law) checkCache(c *incident.Cache) {
	if c == nil {
		return
	}
	require.LessOrEqual(l.t, c.Answers, 64)
	require.Zero(l.t, c.Hits&c.Changes, "what still holds has not changed")
	if c.Answers < 64 {
		require.Zero(l.t, (c.Hits|c.Changes)>>c.Answers, "only answers are remembered")
	}
	hits, misses, changed := c.Since(time.Unix(c.Hour*3600, 0))
	require.Positive(l.t, hits+misses+changed, "the latest answer is of the latest hour")
}

// known is what a state suspects; nothing where it suspects nothing.
func known(s *incident.State) (suspect incident.Suspicion, row incident.Row) {
	if s.Suspect != nil {
		suspect = *s.Suspect
	}
	if s.Row != nil {
		row = *s.Row
	}
	return suspect, row
}

// size is how many bytes a state takes, with what it points to.
func size(s *incident.State) int {
	codes, cache := 0, 0
	if s.Suspect != nil {
		codes, cache = codes+cap(s.Suspect.Codes), cache+int(unsafe.Sizeof(*s.Suspect))
	}
	if s.Row != nil {
		codes, cache = codes+cap(s.Row.Codes), cache+int(unsafe.Sizeof(*s.Row))
	}
	if s.Cache != nil {
		cache = int(unsafe.Sizeof(*s.Cache))
	}
	if s.Pace != nil {
		cache += int(unsafe.Sizeof(*s.Pace)) + 4*cap(s.Pace.Usual.Counts)
	}
	if s.Spending != nil {
		cache += int(unsafe.Sizeof(*s.Spending)) + cap(s.Spending.Of)*int(unsafe.Sizeof(incident.Burning{}))
	}
	for i := range s.Problems {
		codes += cap(s.Problems[i].Codes)
	}
	return int(unsafe.Sizeof(*s)) + cache + cap(s.Problems)*int(unsafe.Sizeof(incident.Problem{})) + codes*int(unsafe.Sizeof(incident.CodeCount{}))
}

func (l *law) checkTransition(m move, before *incident.State, told incident.Transition) {
	t, p, was := l.t, told.Problem, l.phase[told.Problem.Kind]
	until := m.in.At
	if m.in.Kind == incident.Skipped {
		until = m.in.To
	}
	if m.in.Maintenance && (told.Change != incident.Eased || !told.Quiet) {
		require.Contains(t, []incident.Change{incident.Resolved, incident.ClosedNow, incident.Settled, incident.Withdrawn}, told.Change, "in maintenance nothing opens, and nobody is reminded")
	}
	switch told.Change {
	case incident.Opened:
		require.Equal(t, incident.Closed, was.Phase, "nothing opens twice")
		require.Greater(t, p.ID, l.lastID, "ids grow and are never given again")
		require.Equal(t, 1, p.Openings)
		l.lastID = p.ID
		l.checkOpening(m, before, p)
	case incident.Reopened:
		for kind, other := range map[probe.Kind]probe.Kind{probe.KindDown: probe.KindDegraded, probe.KindDegraded: probe.KindDown} {
			if p.Kind == kind && was.Phase == incident.Closed {
				was = l.phase[other] // the same trouble
				delete(l.phase, other)
			}
		}
		require.Equal(t, incident.Recovered, was.Phase)
		require.Equal(t, was.ID, p.ID)
		require.Equal(t, was.Openings+1, p.Openings)
		require.False(t, p.Since.After(was.CloseAt), "the relapse began in time")
		l.checkOpening(m, before, p)
	case incident.Changed:
		require.Equal(t, incident.Open, was.Phase)
		require.True(t, m.in.Verdict == p.Cause || p.Kind == probe.KindBudgetThreshold)
	case incident.Reminded:
		require.Equal(t, incident.Open, was.Phase)
		require.False(t, told.At.After(until))
	case incident.Escalated:
		require.Equal(t, incident.Open, was.Phase)
		if p.Kind == probe.KindBudgetThreshold {
			require.Greater(t, p.Reading.Level, before.Spending.Level, "and of a level once on the way up")
			require.GreaterOrEqual(t, 100*p.Reading.Now, float64(p.Reading.Level))
			break
		}
		if p.Kind == probe.KindRateLimited {
			require.Equal(t, []probe.Severity{probe.Info, probe.Warning}, []probe.Severity{was.Severity, p.Severity})
			require.Equal(t, p.OpenedAt.Add(m.policy.Rules.RateLimited.WarnAfter), told.At)
			break
		}
		require.Greater(t, p.Stage, was.Stage, "people are told of a stage once")
		require.True(t, m.in.Expiring)
	case incident.Resolved:
		require.Equal(t, incident.Open, was.Phase, "resolved at most once")
		if p.Kind == probe.KindCache {
			require.True(t, m.policy.MinCacheRatio == 0 || m.in.Cache != probe.CacheNone, "nobody asks any more, or an answer shows it")
			break
		}
		if budgetKind(p.Kind) {
			require.True(t, m.judged(), "nothing resolves while nothing is judged")
			break
		}
		require.Equal(t, probe.Scheduled, m.in.Run)
		require.False(t, p.Kind == probe.KindCertificate && m.in.Expiring)
		measured := p.Kind == probe.KindCodeAnomaly || p.Kind == probe.KindGroupRate
		require.True(t, measured || p.Kind == probe.KindCertificate || m.in.Verdict.Outcome == probe.Good)
		if p.Leaky {
			rule, bucket := m.policy.Rules.Degraded, before.Buckets.Target
			switch p.Kind {
			case probe.KindClientFault:
				rule, bucket = m.policy.Rules.ClientFault.Leak, before.Buckets.Client
			case probe.KindAuthFailed:
				rule, bucket = m.policy.Rules.AuthFailed, before.Buckets.Auth
			}
			require.True(t, rule.Fire == 0 || time.Duration(bucket.Level)*time.Millisecond-min(m.policy.Interval, time.Minute) <= rule.Clear)
		}
	case incident.ClosedNow:
		require.Equal(t, incident.Recovered, was.Phase)
		require.False(t, p.Telling.Unsaid, "people have heard that it is over")
		if m.retires(p.Kind) {
			break
		}
		require.Equal(t, was.CloseAt, told.At, "dated at the deadline")
		require.False(t, told.At.After(until))
	case incident.Overdue:
		require.Equal(t, incident.Open, was.Phase)
		require.False(t, was.Unkept, "told once per opening")
		require.True(t, p.Unkept)
		require.False(t, told.At.Before(p.Promise))
		require.Equal(t, incident.Ran, m.in.Kind, "only an answer shows that it was not kept")
	case incident.Settled:
		require.Equal(t, incident.Recovered, was.Phase)
		require.True(t, was.Telling.Unsaid, "people hear of a recovery once")
		require.False(t, told.At.Before(p.RecoveredAt))
		require.False(t, told.At.After(until))
	case incident.Withdrawn:
		require.True(t, m.retires(p.Kind))
		require.True(t, was.Phase == incident.Open || was.Telling.Unsaid)
	case incident.Risen:
		require.Equal(t, incident.Open, l.phase[probe.KindDegraded].Phase)
		require.Equal(t, l.phase[probe.KindDegraded].ID, p.ID)
		require.Equal(t, incident.Closed, was.Phase, "nothing was down")
		require.Equal(t, probe.KindDown, p.Kind)
		delete(l.phase, probe.KindDegraded)
	case incident.Eased:
		l.checkEasing(m, before, told)
		was = p
	default:
		require.Fail(t, "unexpected change", told.Change.String())
	}
	require.False(t, told.Quiet && !quiet[told.Change], "%s is always told", told.Change)
	if told.Change != incident.Reminded && told.Change != incident.Escalated && told.Change != incident.ClosedNow && told.Change != incident.Settled &&
		(told.Change != incident.Eased || told.Quiet) {
		require.Equal(t, until, told.At)
		require.False(t, told.At.Before(l.moved) && !m.in.At.Before(before.Account.Grid.Last), "transitions come in order, but for those of an extra run that comes after later slots")
		l.moved = slo.Latest(l.moved, told.At)
	}
	l.phase[p.Kind] = p
}

// checkEasing checks that what is down becomes degraded only where it answers, but its
// bucket is not low; and that people hear of that once it has lasted.
func (l *law) checkEasing(m move, before *incident.State, told incident.Transition) {
	t, p := l.t, told.Problem
	require.Equal(t, incident.Open, p.Phase)
	require.Equal(t, probe.KindDegraded, p.Kind)
	if !told.Quiet {
		require.Equal(t, l.phase[probe.KindDegraded].ID, p.ID)
		require.False(t, l.phase[probe.KindDegraded].Telling.Degraded, "people hear of it once")
		require.True(t, p.Telling.Degraded)
		return
	}
	require.Equal(t, l.phase[probe.KindDown].ID, p.ID)
	require.True(t, p.Leaky)
	require.Equal(t, probe.Good, m.in.Verdict.Outcome)
	require.Equal(t, probe.Scheduled, m.in.Run)
	level := time.Duration(before.Buckets.Target.Level)*time.Millisecond - min(m.policy.Interval, time.Minute)
	require.Greater(t, level, m.policy.Rules.Degraded.Clear, "what is low is over")
	delete(l.phase, probe.KindDown)
}

// quiet are the changes that people need not hear of.
var quiet = map[incident.Change]bool{incident.Reopened: true, incident.Resolved: true, incident.Risen: true, incident.Eased: true}

// checkOpening checks that an incident opened for a reason.
func (l *law) checkOpening(m move, before *incident.State, p incident.Problem) {
	t := l.t
	require.Equal(t, incident.Open, p.Phase)
	if p.Kind == probe.KindCertificate {
		require.True(t, m.in.Expiring)
		require.Equal(t, probe.CertificateExpiring, p.Cause.Reason)
		require.Equal(t, m.in.CertificateEnds.Sub(m.in.At) <= 24*time.Hour, p.Severity == probe.Critical)
		return
	}
	if p.Kind == probe.KindLatency {
		require.Equal(t, probe.Good, p.Cause.Outcome)
		require.Greater(t, p.Reading.Now, p.Reading.Usual)
		return
	}
	if budgetKind(p.Kind) {
		require.True(t, m.judged() && m.in.Verdict.Outcome == probe.Bad, "only what is bad spends a budget")
		require.Equal(t, probe.Bad, p.Cause.Outcome)
		require.True(t, p.Kind == probe.KindBudgetThreshold || p.Reading.Now > p.Reading.Usual)
		return
	}
	if p.Kind == probe.KindCache {
		require.Positive(t, m.policy.MinCacheRatio)
		require.Contains(t, []probe.CacheOutcome{probe.CacheMiss, probe.CacheChanged}, m.in.Cache)
		require.Contains(t, []probe.Reason{probe.CacheMissed, probe.ValidatorChanges}, p.Cause.Reason)
		require.GreaterOrEqual(t, before.Cache.Answers+1, 32, "of few answers nothing is said")
		return
	}
	require.Contains(t, []probe.Verdict{m.in.Verdict, before.Last.Verdict}, p.Cause)
	if p.Kind == probe.KindCodeAnomaly || p.Kind == probe.KindGroupRate {
		l.checkMeasured(m, p)
		return
	}
	require.True(t, m.in.Verdict.Kind() == p.Kind || p.Kind == probe.KindDegraded && m.in.Verdict.Kind() == probe.KindDown)
	require.Equal(t, min(m.in.Verdict.Severity(), severest(p.Kind)), p.Severity)
	require.True(t, wants(m.policy.Rules, p.Kind))
	until := m.in.At
	if m.in.Kind == incident.Skipped {
		until = m.in.To
	}
	suspect, row := known(before)
	switch p.Kind {
	case probe.KindRateLimited:
		require.GreaterOrEqual(t, bits.OnesCount16(before.Limits)+1, m.policy.Rules.RateLimited.Results)
		return
	case probe.KindAuthBypass:
		require.Equal(t, probe.KindAuthBypass, row.Of)
		require.GreaterOrEqual(t, row.Results, 1, "one look is not enough")
		return
	case probe.KindClientFault:
		require.NotEqual(t, probe.Recheck, m.in.Run)
		require.Equal(t, before.Worked, p.Reading.Level != incident.NeverWorked)
		if p.Leaky {
			l.checkLeak(m, m.policy.Rules.ClientFault.Leak, &before.Buckets.Client)
			return
		}
		require.GreaterOrEqual(t, p.Failures, 3)
		require.GreaterOrEqual(t, m.in.At.Sub(p.Since), m.policy.Rules.ClientFault.After)
		return
	case probe.KindAuthFailed:
		require.NotEqual(t, probe.Recheck, m.in.Run)
		if p.Leaky {
			l.checkLeak(m, m.policy.Rules.AuthFailed, &before.Buckets.Auth)
			return
		}
		require.GreaterOrEqual(t, p.Failures, 3)
		require.GreaterOrEqual(t, m.in.At.Sub(p.Since), m.policy.AuthAfter)
		return
	case probe.KindDegraded:
		if m.in.Verdict.Reason != probe.LoadShed {
			l.checkLeak(m, m.policy.Rules.Degraded, &before.Buckets.Target)
			require.Nil(t, before.Open(probe.KindDown), "down says it all")
			return
		}
		suspect = incident.Suspicion{}
		if row.Of == probe.KindDegraded {
			suspect = row.Suspicion
		}
	}
	attempts := max(1, m.in.Attempts) + m.in.Forgone
	if m.in.Kind == incident.Skipped {
		attempts = int(until.Sub(m.in.At)/m.policy.Interval) + 1
	}
	if suspect.Results > 0 && p.Since.Equal(suspect.Since) {
		attempts += suspect.Attempts
	}
	require.GreaterOrEqual(t, attempts, 3, "fewer than three attempts never open down")
	require.GreaterOrEqual(t, until.Sub(p.Since), m.policy.DownAfter)
}

func wants(rules incident.Rules, kind probe.Kind) bool {
	switch kind {
	case probe.KindAuthBypass:
		return rules.AuthBypass
	case probe.KindClientFault:
		return rules.ClientFault.On
	case probe.KindRateLimited:
		return rules.RateLimited.Results > 0
	case probe.KindCodeAnomaly:
		return rules.CodeAnomaly != nil
	case probe.KindGroupRate:
		return rules.Rate != nil
	}
	return !rules.Off.Has(kind)
}

// checkLeak checks that an incident opened because a bucket was full.
func (l *law) checkLeak(m move, rule incident.Leak, before *incident.Bucket) {
	level := time.Duration(before.Level)*time.Millisecond + time.Duration(rule.Weight)*min(m.policy.Interval, time.Minute)
	require.Positive(l.t, rule.Fire)
	require.GreaterOrEqual(l.t, level, rule.Fire)
	require.Equal(l.t, probe.Scheduled, m.in.Run)
}

func severest(kind probe.Kind) probe.Severity {
	if kind == probe.KindDegraded {
		return probe.Warning
	}
	return probe.Critical
}

// checkMeasured checks that what was counted is too much.
func (l *law) checkMeasured(m move, p incident.Problem) {
	t, r := l.t, p.Reading
	require.Equal(t, probe.Scheduled, m.in.Run)
	require.Equal(t, probe.Warning, p.Severity)
	require.Positive(t, r.Samples)
	require.Zero(t, r.Now-r.Now+r.Usual-r.Usual, "numbers, and finite ones")
	if p.Kind == probe.KindGroupRate {
		require.Greater(t, r.Now, r.Usual)
		require.GreaterOrEqual(t, r.Samples, m.policy.Rules.Rate.MinSamples)
		return
	}
	require.GreaterOrEqual(t, r.Now, float64(m.policy.Rules.CodeAnomaly.MinCount))
	require.GreaterOrEqual(t, r.Samples, int(r.Now))
	require.Contains(t, m.policy.Rules.CodeAnomaly.Codes, int16(m.in.Verdict.Status))
}

// checkHold checks that nobody is left alone for longer than is allowed, nor without a reason.
func (l *law) checkHold(m move, before, after *incident.State) {
	t := l.t
	if after.Hold.IsZero() || after.Hold == before.Hold {
		return
	}
	require.Equal(t, incident.Ran, m.in.Kind, "only an answer asks for a hold")
	require.LessOrEqual(t, after.Hold.Until.Sub(m.in.At), 15*time.Minute)
	if after.Hold.Ours() {
		require.GreaterOrEqual(t, after.Denials, int32(5))
		require.Equal(t, probe.KindAuthFailed, m.in.Verdict.Kind())
		return
	}
	require.Contains(t, []probe.Reason{probe.ServerError, probe.LoadShed, probe.Throttled}, after.Hold.Why)
	require.False(t, after.Hold.Until.After(m.in.RecoverBy))
}

func (l *law) checkDue(m move, before, after *incident.State) {
	if after.Due.IsZero() || after.Due.Equal(before.Due) {
		return
	}
	t := l.t
	require.True(t, m.policy.Repeatable)
	if after.Row != nil && after.Row.Of == probe.KindAuthBypass && after.Row.Results == 1 {
		require.True(t, after.Due.After(after.Last.At))
		return
	}
	require.NotNil(t, after.Suspect, "only a suspicion asks for a re-check")
	require.NotEqual(t, probe.KindAuthFailed, m.in.Verdict.Kind(), "a refusal never does")
	if grid := after.Account.Grid; grid.Step > 0 {
		require.False(t, after.Due.Equal(grid.Last.Add(grid.Step)), "a re-check that would meet the slot is the slot")
	}
	latest := after.Last.At
	confirm := after.Suspect.Since.Add(m.policy.DownAfter)
	require.True(t, after.Due.After(latest))
	require.True(t, after.Due.Equal(confirm) || !after.Due.Before(latest.Add(m.policy.RecheckEvery)), "no hot loop")
}

func randomScript(rnd *rand.Rand) []byte {
	data := make([]byte, 2*rnd.IntN(200))
	trouble := rnd.IntN(16) // long rows of one answer make things happen
	for i := range data {
		data[i] = byte(rnd.IntN(256))
		if i%2 == 1 && rnd.IntN(3) > 0 {
			data[i] = byte(trouble + 16*rnd.IntN(14))
		}
		if rnd.IntN(20) == 0 {
			trouble = rnd.IntN(16)
		}
	}
	return data
}

func TestLawsHoldForAnySequence(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	seen, kinds := map[incident.Change]int{}, map[probe.Kind]int{}
	for range 2000 {
		data := randomScript(rnd)
		l := law{t: t, phase: map[probe.Kind]incident.Problem{}}
		_, all := history(data, l.check)
		for _, fx := range all {
			for _, told := range fx.Transitions {
				seen[told.Change]++
				kinds[told.Problem.Kind]++
			}
		}
	}
	for _, kind := range []probe.Kind{probe.KindCache, probe.KindBudgetFast, probe.KindBudgetSlow, probe.KindBudgetThreshold,
		probe.KindClientFault, probe.KindRateLimited, probe.KindAuthBypass, probe.KindCodeAnomaly, probe.KindGroupRate} {
		require.Greater(t, kinds[kind], 50, "the sequences must show %s", kind)
	}
	for _, change := range []incident.Change{
		incident.Opened, incident.Changed, incident.Reminded, incident.Resolved, incident.Reopened, incident.ClosedNow, incident.Escalated, incident.Overdue, incident.Risen,
		incident.Settled, incident.Withdrawn,
	} {
		require.Greater(t, seen[change], 50, "the sequences must show %s", change)
	}
}

func TestTheSameInputsGiveTheSameStateAndEffects(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	for range 1500 {
		data := randomScript(rnd)
		var asTold []string
		state, all := history(data, func(_ move, _, _ *incident.State, fx incident.Effects) { asTold = append(asTold, fmt.Sprint(fx)) })
		again, allAgain := history(data, nil)
		require.Equal(t, state, again)
		require.Equal(t, all, allAgain)
		for i, fx := range all {
			require.Equal(t, asTold[i], fmt.Sprint(fx), "later steps leave alone what was told")
		}
	}
}

func TestAStateThatWasCopiedGoesOnTheSame(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	for range 1000 {
		var s incident.State
		var restored *incident.State
		var ids, restoredIDs incident.Sequence
		stop := rnd.IntN(100)
		moves(randomScript(rnd), func(m move) time.Time {
			if stop--; stop == 0 { // as if sonde were started from a checkpoint
				restored, restoredIDs = s.Clone(), ids
			}
			fx := incident.Step(m.policy, &s, m.in, &ids)
			if restored != nil {
				require.Equal(t, fx, incident.Step(m.policy, restored, m.in, &restoredIDs))
				require.Equal(t, s, *restored)
			}
			return s.Due
		})
	}
}

func FuzzStep(f *testing.F) {
	rnd := rand.New(rand.NewPCG(13, 14))
	for range 20 {
		f.Add(randomScript(rnd))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 400 {
			return
		}
		l := law{t: t, phase: map[probe.Kind]incident.Problem{}}
		b := book{t: t}
		state, all := history(data, func(m move, before, after *incident.State, fx incident.Effects) {
			l.check(m, before, after, fx)
			b.enter(m)
			b.keep(fx)
		})
		b.compare(&state)
		_, again := history(data, nil)
		require.Equal(t, all, again)
	})
}
