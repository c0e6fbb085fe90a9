package incident_test

import (
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

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
