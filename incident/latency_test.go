package incident_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// runner is a target of which only the time that its answers take matters.
type runner struct {
	months
	rnd *rand.Rand
}

func newRunner(seed uint64) *runner {
	r := &runner{rnd: rand.New(rand.NewPCG(seed, 2))}
	r.policy = usual(60)
	r.policy.Rules.Latency = incident.UsualRules().Latency
	return r
}

// usually is a time as a calm service takes it: 100 ms, now and then more.
func (r *runner) usually() float64 {
	ms := 100 * math.Exp(0.2*r.rnd.NormFloat64())
	if r.rnd.IntN(100) == 0 {
		ms *= 1 + 4*r.rnd.Float64()
	}
	return ms
}

// take lets so many answers take so many milliseconds, and returns what they told.
func (r *runner) take(n int, ms func() float64) (told []string) {
	for range n {
		told = append(told, r.takeAt(good, ms())...)
	}
	return told
}

func (r *runner) takeAt(v probe.Verdict, ms float64) []string {
	in := incident.Input{At: at(r.next), Verdict: v, Attempts: 1}
	in.Timings.Total = time.Duration(ms*1000) * time.Microsecond
	in.Elapsed = in.Timings.Total
	r.next += 60
	return r.step(in)
}

// slower is as usual, but so many times.
func (r *runner) slower(factor float64) func() float64 {
	return func() float64 { return factor * r.usually() }
}

const aDay = 24 * 60 // slots

func TestACalmServiceIsNeverSlowerThanUsual(t *testing.T) {
	r := newRunner(1)
	require.Empty(t, r.take(10*30*aDay, r.usually), "in ten months")
}

func TestAServiceThatIsTwiceAsSlowIsFound(t *testing.T) {
	var sum, most int
	for seed := range uint64(20) {
		r := newRunner(100 + seed)
		require.Empty(t, r.take(3*aDay, r.usually))
		n := 0
		for r.state.Open(probe.KindLatency) == nil {
			r.take(1, r.slower(2))
			n++
			require.Less(t, n, 60)
		}
		sum, most = sum+n, max(most, n)
		p := r.newest(t)
		require.Equal(t, probe.Warning, p.Severity)
		require.InDelta(t, 1.8, p.Reading.Now/p.Reading.Usual, 0.5)
		require.InDelta(t, 142, p.Reading.Usual, 15, "what 95 of 100 answers do not exceed")
		require.Equal(t, 30*time.Minute, p.Reading.Over)
		require.InDelta(t, 178, p.Reading.Level, 20, "and a quarter more")
	}
	require.LessOrEqual(t, sum/20, 15, "in a quarter of an hour")
	require.LessOrEqual(t, most, 25)
}

func (r *runner) newest(t *testing.T) incident.Problem {
	t.Helper()
	require.NotEmpty(t, r.told)
	return r.told[len(r.told)-1].Problem
}

func TestOneOfFiveAnswersThatIsMuchSlowerIsFound(t *testing.T) {
	r := newRunner(3)
	r.take(2*aDay, r.usually)
	told := r.take(90, func() float64 {
		if r.rnd.IntN(5) == 0 {
			return 5 * r.usually()
		}
		return r.usually()
	})
	require.Len(t, told, 1)
	require.Contains(t, told[0], "opened latency")
}

func TestWhatIsAsUsualAgainResolves(t *testing.T) {
	r := newRunner(4)
	r.take(2*aDay, r.usually)
	r.take(40, r.slower(3))
	require.NotNil(t, r.state.Open(probe.KindLatency))
	usually := r.state.Clone().Pace.Usual
	r.take(180, r.slower(3))
	require.Equal(t, usually, r.state.Pace.Usual, "what is slow does not become usual by itself")
	n := 0
	for r.state.Open(probe.KindLatency) != nil {
		r.take(1, r.usually)
		n++
	}
	require.Greater(t, n, 30)
	require.Less(t, n, 75, "30 results in which few of 30 were slow")
	require.Equal(t, incident.Resolved, r.told[len(r.told)-1].Change)
}

func TestWhatHasBeenSoForADayIsTheNewNormal(t *testing.T) {
	r := newRunner(5)
	r.take(2*aDay, r.usually)
	require.Len(t, r.take(aDay, r.slower(2)), 1)
	told := r.take(20, r.slower(2))
	require.Len(t, told, 1)
	changed := r.told[len(r.told)-1]
	require.Equal(t, incident.Changed, changed.Change)
	require.Equal(t, 24*time.Hour, changed.At.Sub(changed.Problem.OpenedAt))
	require.InDelta(t, 280, changed.Problem.Reading.Usual, 70, "twice what was usual")
	require.Equal(t, incident.Opened, r.told[len(r.told)-2].Change)
	require.Len(t, r.take(60, r.slower(2)), 1)
	require.Equal(t, incident.Resolved, r.told[len(r.told)-1].Change)
	require.Len(t, r.take(20*aDay, r.slower(2)), 1, "and then it is closed")
	require.InDelta(t, 285, r.state.Pace.Typical, 30)
}

func TestNothingIsUsualBeforeItWasSeenForADay(t *testing.T) {
	r := newRunner(6)
	require.Empty(t, r.take(aDay, r.usually))
	require.Zero(t, r.state.Pace.Need)
	require.Empty(t, r.take(30, r.slower(9)))
	r = newRunner(7)
	r.policy.Interval = 5 * time.Minute
	for range 450 {
		r.next += 240
		require.Empty(t, r.takeAt(good, r.usually()))
	}
	require.Zero(t, r.state.Pace.Need, "five hundred answers are needed, too")
}

func TestAnswersThatAreNotGoodSayNothingOfHowLongGoodOnesTake(t *testing.T) {
	r := newRunner(8)
	r.take(2*aDay, r.usually)
	before := *r.state.Clone().Pace
	for range 100 {
		require.NotContains(t, r.takeAt(broken, 9000), "opened latency")
	}
	require.Equal(t, before, *r.state.Pace)
}

func TestNobodyKnowsWhatIsUsualOfAnotherRequest(t *testing.T) {
	r := newRunner(9)
	r.take(2*aDay, r.usually)
	r.take(60, r.slower(3))
	require.NotNil(t, r.state.Open(probe.KindLatency))
	r.state.Rewrite()
	require.Contains(t, r.take(1, r.usually)[0], "withdrawn latency")
	require.Zero(t, r.state.Pace.Need)
}

func TestTheRuleCanBeOff(t *testing.T) {
	r := newRunner(10)
	r.take(2*aDay, r.usually)
	r.take(60, r.slower(3))
	r.policy.Rules.Latency = incident.Slower{}
	require.Contains(t, r.take(1, r.usually)[0], "withdrawn latency")
	require.Nil(t, r.state.Pace)
	require.Empty(t, r.take(2*aDay, r.usually))
	require.Nil(t, r.state.Pace)
}

func TestFewMillisecondsAreNoTrouble(t *testing.T) {
	r := newRunner(11)
	r.take(2*aDay, func() float64 { return r.usually() / 20 })
	require.Empty(t, r.take(200, func() float64 { return r.usually() / 7 }), "three times as slow, and less than 25 ms more")
}

func TestAPaceIsSmall(t *testing.T) {
	r := newRunner(12)
	r.take(2*aDay, r.usually)
	require.LessOrEqual(t, unsafe.Sizeof(incident.Pace{}), uintptr(96))
	require.LessOrEqual(t, 4*cap(r.state.Pace.Usual.Counts), 160, "of the 96 buckets those that hold something")
}
