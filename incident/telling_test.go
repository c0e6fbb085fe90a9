package incident_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// heard are the transitions that people hear of.
func (w *world) heard() []string {
	var all []incident.Transition
	for _, told := range w.told {
		if !told.Quiet && told.Change != incident.ClosedNow {
			all = append(all, told)
		}
	}
	return lines(all)
}

// comingAndGoing is a target that is down for three minutes of ten, up to a second.
func comingAndGoing(until int) func(int) probe.Verdict {
	return func(second int) probe.Verdict {
		if second < until && second%600 < 180 {
			return broken
		}
		return good
	}
}

func TestWhatComesAndGoesForHoursIsAHandfulOfMessages(t *testing.T) {
	for _, interval := range []int{10, 30, 60} {
		w := &world{policy: usual(interval), answer: comingAndGoing(4 * 3600)}
		w.policy.Rules, w.policy.RemindEvery = incident.UsualRules(), 4*time.Hour
		w.play(0, 6*3600)

		heard := w.heard()
		require.LessOrEqual(t, len(heard), 5, "%d s: %v", interval, heard)
		require.Equal(t, []string{"opened down 1m30s", "resolved down 5m0s", "reopened down 11m30s", "reopened down 41m30s"}, heard[:4])
		require.Contains(t, heard[4], "settled down ", "%d s", interval)
		for _, told := range w.told {
			require.Equal(t, told.At.Equal(at(41*60+30)), told.Change == incident.Reopened && !told.Quiet && told.Problem.Telling.Flapping, told.At)
		}
		openings := 0
		for _, told := range w.told {
			if told.Change == incident.Opened || told.Change == incident.Reopened {
				openings++
			}
		}
		require.Equal(t, 24, openings, "history has all of it")
		require.Empty(t, w.state.Problems, "and it closes")
	}
}

func TestTheFirstRecoveryAndTheFirstRelapseAreHeardAtOnce(t *testing.T) {
	w := &world{policy: usual(60), answer: comingAndGoing(1200)}
	w.play(0, 3600)
	require.Equal(t, []string{"opened down 1m30s", "resolved down 5m0s", "reopened down 11m30s", "settled down 41m30s"}, w.heard(),
		"and the second recovery when it has lasted")
}

func TestALongRelapseEndsAsPeopleExpect(t *testing.T) {
	w := &world{policy: usual(60), answer: func(second int) probe.Verdict {
		if second < 180 || second >= 600 && second < 600+40*60 {
			return broken
		}
		return good
	}}
	w.play(0, 2*3600)
	require.Equal(t, []string{"opened down 1m30s", "resolved down 5m0s", "reopened down 11m30s", "resolved down 52m0s"}, w.heard())
}

func TestARelapseThatIsNoLongerLikeTheOthersIsHeard(t *testing.T) {
	w := &world{policy: usual(60), answer: func(second int) probe.Verdict {
		if second >= 3600 {
			return broken
		}
		return comingAndGoing(3600)(second)
	}}
	w.policy.RemindEvery = 4 * time.Hour
	w.play(0, 2*3600)
	require.Equal(t, []string{"opened down 1m30s", "resolved down 5m0s", "reopened down 11m30s", "reopened down 41m30s", "reminded down 1h31m30s"}, w.heard())
}

func TestWhatWasDegradedIsHeardWhenItIsDown(t *testing.T) {
	w := &world{policy: usual(60)}
	w.policy.Rules = incident.UsualRules()
	w.feed(0, broken, broken, broken, good, good, good) // down, and recovered
	w.feed(360, broken, good, broken, good, broken, good, broken, broken, broken)
	require.Equal(t, []string{"opened down 2m0s", "resolved down 5m0s", "reopened degraded 12m0s", "risen down 14m0s"}, w.heard())
	w.feed(900, good, good, good, broken, broken, broken)
	require.Equal(t, "risen down 20m0s", lines(w.told)[len(w.told)-1])
	require.True(t, w.told[len(w.told)-1].Quiet, "nobody heard that it had not been down any more")
}

func TestWhatFailsEveryOtherTimeForHoursIsAHandfulOfMessages(t *testing.T) {
	for _, interval := range []int{10, 30, 60} {
		chance := rand.New(rand.NewPCG(1, uint64(interval)))
		var dice [6 * 3600]bool
		for i := range dice {
			dice[i] = chance.IntN(2) == 0
		}
		w := &world{policy: usual(interval), answer: func(second int) probe.Verdict {
			if second < len(dice) && dice[second] {
				return broken
			}
			return good
		}}
		w.policy.Rules, w.policy.RemindEvery = incident.UsualRules(), 4*time.Hour
		w.play(0, 9*3600)

		openings, risen := 0, 0
		for _, told := range w.told {
			switch told.Change {
			case incident.Opened, incident.Reopened:
				openings++
			case incident.Risen:
				risen++
			}
		}
		require.LessOrEqual(t, openings, 2, "%d s: %v", interval, lines(w.told))
		require.Positive(t, risen)
		require.LessOrEqual(t, len(w.heard()), 12, "%d s: %v", interval, w.heard())
		require.Empty(t, w.state.Problems)
	}
}

func TestThatSomethingIsOnlyDegradedAgainIsHeardWhenItHasLasted(t *testing.T) {
	for name, remind := range map[string]time.Duration{"with reminders": 4 * time.Hour, "without": 0} {
		w := &world{policy: usual(60)}
		w.policy.Rules, w.policy.RemindEvery = incident.UsualRules(), remind
		w.feed(0, broken, good, broken, good, broken, good, broken, broken, broken)
		w.feed(540, times(35, good)...)
		require.Equal(t, []string{"opened degraded 6m0s", "risen down 8m0s", "eased degraded 41m0s"}, w.heard(), name)
		require.Equal(t, []string{"opened degraded 6m0s", "risen down 8m0s", "eased degraded 11m0s", "eased degraded 41m0s"}, lines(w.told), name)
		require.Equal(t, []string{"risen down 46m0s"}, w.feed(540+35*60, broken, broken, broken), name)
		require.False(t, w.told[len(w.told)-1].Quiet, "%s: people believed it to be degraded", name)
	}
}

func TestWhoHeardNothingOfARecoveryHearsThatNobodyLooksAnyMore(t *testing.T) {
	w := &world{policy: usual(60), answer: comingAndGoing(1200)}
	w.play(0, 16*60)
	require.Equal(t, incident.Recovered, w.state.Problems[0].Phase)
	fx := incident.Withdraw(&w.state, at(16*60))
	require.Equal(t, []string{"withdrawn down 16m0s"}, lines(fx.Transitions))
}
