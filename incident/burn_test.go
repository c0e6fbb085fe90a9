package incident_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// promising is the usual policy with promises, and all that people may be told of them.
func promising(interval int, promises ...string) incident.Policy {
	p := usual(interval)
	p.Budgets = incident.NewBudgets(objectives(promises...), p.Interval, incident.BudgetRules{Fast: true, Slow: true, Levels: []int{50, 80, 100}})
	return p
}

func objectives(promises ...string) (all []slo.Objective) {
	for _, text := range promises {
		o, err := slo.ParseObjective(text)
		if err != nil {
			panic(err)
		}
		all = append(all, o)
	}
	return all
}

// months is a probe of which slots come one after another, at whatever time.
type months struct {
	world
	next int // second
}

// slots lets so many slots pass with a verdict, and returns what they told.
func (w *months) slots(n int, v probe.Verdict) (told []string) {
	for range n {
		told = append(told, w.feed(w.next, v)...)
		w.next += int(w.policy.Interval / time.Second)
	}
	return told
}

// pass lets so many slots pass of which there is no result.
func (w *months) pass(n int) { w.next += n * int(w.policy.Interval/time.Second) }

// budgets leaves only what is said of budgets.
func budgets(told []incident.Transition) (all []incident.Transition) {
	for _, t := range told {
		switch t.Problem.Kind {
		case probe.KindBudgetFast, probe.KindBudgetSlow, probe.KindBudgetThreshold:
			all = append(all, t)
		}
	}
	return all
}

// burns reports whether the budget of a promise is spent too fast.
func (w *months) burns(i int) bool {
	return w.state.Burns(w.policy.Budgets, w.policy.Budgets.Of[i].Objective)
}

func (w *months) last(t *testing.T) incident.Transition {
	t.Helper()
	all := budgets(w.told)
	require.NotEmpty(t, all)
	return all[len(all)-1]
}

func TestH2TheThirdBadMinuteOpensBudgetFast(t *testing.T) {
	w := months{world: world{policy: promising(60, "99.9% over 30d")}}
	w.policy.DownAfter = time.Hour
	w.slots(100, good)
	require.Empty(t, w.slots(2, broken), "33 times too fast, but two may be chance")
	require.Empty(t, w.slots(10, good))
	require.Equal(t, []string{"opened budget_fast 1h52m0s"}, w.slots(1, broken))
	p := w.last(t).Problem
	require.Equal(t, probe.Critical, p.Severity)
	require.Equal(t, broken, p.Cause)
	require.Equal(t, time.Hour, p.Reading.Over)
	require.InDelta(t, 50, p.Reading.Now, 1e-9)
	require.InDelta(t, 14.4, p.Reading.Usual, 1e-9)
	require.Equal(t, 3, p.Reading.Samples)
	require.Equal(t, 1, p.Reading.Level, "the first promise")
	require.True(t, w.burns(0))

	// The condition is false once nothing was bad for five minutes; an hour after that it is over.
	require.Empty(t, budgets(w.told)[1:])
	require.Empty(t, w.slots(4+59, good))
	require.Equal(t, []string{"resolved budget_fast 2h56m0s"}, w.slots(1, good))
	require.False(t, w.burns(0))
}

func TestTheWholeLongWindowHasToBeCalm(t *testing.T) {
	w := months{world: world{policy: promising(60, "99.9% over 30d")}}
	w.policy.DownAfter = time.Hour
	w.slots(20, good)
	w.slots(3, broken)
	w.slots(50, good)
	require.Empty(t, w.slots(1, broken), "within the hour it fires again, and is open already")
	require.Empty(t, w.slots(63, good))
	require.Len(t, w.slots(10, good), 1)
	require.Equal(t, incident.Resolved, w.last(t).Change)
}

func TestWhileNothingIsJudgedNothingOfABudgetMoves(t *testing.T) {
	for name, tc := range map[string]func(w *months){
		"as while the prober has no network": func(w *months) { w.slots(600, blind) },
		"as while it refuses us":             func(w *months) { w.slots(600, throttled) },
		"as while sonde does not run":        func(w *months) { w.pass(600) },
		"as in maintenance": func(w *months) {
			for range 600 {
				w.step(incident.Input{At: at(w.next), Verdict: broken, Attempts: 1, Maintenance: true})
				w.next += 60
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := months{world: world{policy: promising(60, "99.9% over 30d")}}
			w.policy.DownAfter = 24 * time.Hour
			w.slots(20, good)
			require.Equal(t, []string{"opened budget_fast 22m0s"}, w.slots(3, broken))
			tc(&w)
			require.Empty(t, budgets(w.told)[1:])
			w.slots(59, good)
			require.Empty(t, budgets(w.told)[1:], "ten hours later it still needs an hour")
			w.slots(1, good)
			require.Equal(t, incident.Resolved, w.last(t).Change)
		})
	}
}

func TestASlowBurnOpensBudgetSlow(t *testing.T) {
	w := months{world: world{policy: promising(60, "99.5% over 30d")}}
	w.slots(60, good)
	for len(budgets(w.told)) == 0 { // one of 40: five times too fast
		w.slots(1, broken)
		w.slots(39, good)
		require.Less(t, w.next, 3*24*3600)
	}
	opened := w.last(t)
	require.Equal(t, probe.KindBudgetSlow, opened.Problem.Kind)
	require.Equal(t, probe.Warning, opened.Problem.Severity)
	require.Equal(t, 24*time.Hour, opened.Problem.Reading.Over)
	require.Greater(t, opened.Problem.Reading.Now, 3.0)
	require.Equal(t, 22, opened.Problem.Reading.Samples, "H: 22 of a day's slots are needed")
	for w.state.Open(probe.KindBudgetFast) == nil && w.next < 4*24*3600 {
		w.slots(1, broken)
		w.slots(19, good)
	}
	require.NotNil(t, w.state.Open(probe.KindBudgetFast), "one of twenty is ten times too fast")
	w.slots(12*60, good)
	require.Nil(t, w.state.Open(probe.KindBudgetFast), "that is over after hours")
	require.NotNil(t, w.state.Open(probe.KindBudgetSlow))
	w.slots(4*24*60, good)
	require.Nil(t, w.state.Open(probe.KindBudgetSlow), "and this after days")
}

func TestOfSeveralPromisesTheWorstIsShown(t *testing.T) {
	w := months{world: world{policy: promising(60, "99% over 30d", "99.9% over 30d")}}
	w.policy.DownAfter = 24 * time.Hour
	w.slots(20, good)
	require.Equal(t, []string{"opened budget_fast 22m0s"}, w.slots(3, broken))
	require.Equal(t, 2, w.last(t).Problem.Reading.Level)
	require.False(t, w.burns(0))
	require.True(t, w.burns(1))
}

func TestAShareThatIsSpentIsToldOnceOnTheWayUp(t *testing.T) {
	w := months{world: world{policy: promising(60, "99% over 7d")}} // 100.8 bad minutes
	w.policy.Budgets = incident.NewBudgets(objectives("99% over 7d"), time.Minute, incident.BudgetRules{Levels: []int{50, 80, 100}})
	w.policy.DownAfter, w.policy.RemindEvery = 24*time.Hour, 4*time.Hour
	w.slots(60, good)
	require.Empty(t, w.slots(50, broken))
	require.Equal(t, []string{"opened budget_threshold 1h50m0s"}, w.slots(1, broken), "51 of 100.8 minutes are half of it")
	require.Equal(t, probe.Info, w.last(t).Problem.Severity)
	require.Equal(t, 50, w.last(t).Problem.Reading.Level)
	require.InDelta(t, 51/100.8, w.last(t).Problem.Reading.Now, 1e-9)
	require.Equal(t, []string{"escalated budget_threshold 2h20m0s"}, w.slots(30, broken))
	require.Equal(t, probe.Warning, w.last(t).Problem.Severity)
	require.Equal(t, []string{"escalated budget_threshold 2h40m0s"}, w.slots(20, broken))
	require.Equal(t, probe.Critical, w.last(t).Problem.Severity)
	require.Empty(t, w.slots(20, broken), "more than all is told once")

	require.Empty(t, w.slots(7*24*60-200, good), "nobody is reminded for a week of what has been spent")
	require.Equal(t, 100, w.state.Open(probe.KindBudgetThreshold).Reading.Level)
	require.Equal(t, []string{"resolved budget_threshold 169h23m0s"}, w.slots(150, good), "below 40%")
}

func TestALevelIsReachedAgainOnlyAfterTenPointsLess(t *testing.T) {
	w := months{world: world{policy: usual(60)}}
	w.policy.Budgets = incident.NewBudgets(objectives("50% over 1h"), time.Minute, incident.BudgetRules{Levels: []int{50, 80}})
	w.policy.DownAfter, w.policy.RemindEvery = 24*time.Hour, 0
	hour := func(bad int) (changes []incident.Change) { // so many bad minutes, spread over the hour
		before := len(w.told)
		for i := range 60 {
			if i*bad%60 < bad {
				w.slots(1, broken)
			} else {
				w.slots(1, good)
			}
		}
		for _, told := range w.told[before:] {
			changes = append(changes, told.Change)
		}
		return changes
	}
	level := func() int { return w.state.Open(probe.KindBudgetThreshold).Reading.Level }
	hour(0)
	require.Equal(t, []incident.Change{incident.Opened}, hour(17), "17 of 30 minutes")
	require.Empty(t, hour(13), "43% are not ten points less than 50%")
	require.Empty(t, hour(18))
	require.Equal(t, []incident.Change{incident.Escalated}, hour(26))
	require.Equal(t, 80, level())
	require.Empty(t, hour(22))
	require.Equal(t, 80, level(), "73%")
	require.Empty(t, hour(17))
	require.Equal(t, 50, level(), "57%")
	require.Equal(t, probe.Info, w.state.Open(probe.KindBudgetThreshold).Severity)
	require.Equal(t, []incident.Change{incident.Escalated}, hour(26), "80% for the second time")
	require.Equal(t, []incident.Change{incident.Resolved}, hour(6))
	w.slots(14, broken)
	require.Equal(t, incident.Reopened, w.last(t).Change)
}

func TestAChangeOfThePromiseIsNoNews(t *testing.T) {
	rules := incident.BudgetRules{Levels: []int{50, 80, 100}}
	w := months{world: world{policy: usual(60)}}
	w.policy.DownAfter = 24 * time.Hour
	promise := func(text string) { w.policy.Budgets = incident.NewBudgets(objectives(text), time.Minute, rules) }
	promise("99.5% over 30d") // 216 minutes
	w.slots(60, good)
	require.Empty(t, w.slots(33, broken), "G12: 15% of it")
	promise("99.9% over 30d") // 43.2 minutes
	require.Empty(t, w.slots(1, good), "G12: 77%, but nobody spent them")
	require.Equal(t, 50, w.state.Spending.Level)
	require.Empty(t, w.slots(1, broken))
	require.Equal(t, []string{"opened budget_threshold 1h35m0s"}, w.slots(1, broken), "35 of 43.2 minutes are news")
	require.Equal(t, 80, w.last(t).Problem.Reading.Level)

	promise("99.89% over 30d") // 47.5 minutes
	require.Equal(t, []string{"changed budget_threshold 1h36m0s"}, w.slots(1, good), "those who were told hear that it is another promise")
	require.Equal(t, 50, w.last(t).Problem.Reading.Level)
	promise("99% over 30d")
	require.Equal(t, []string{"resolved budget_threshold 1h37m0s"}, w.slots(1, good))
}

func TestWhatIsHardlySeenCrossesNoLevel(t *testing.T) {
	w := months{world: world{policy: promising(60, "99% over 7d")}}
	w.policy.Budgets = incident.NewBudgets(objectives("99% over 7d"), time.Minute, incident.BudgetRules{Levels: []int{50}})
	w.policy.DownAfter = 24 * time.Hour
	w.slots(60, good)
	w.slots(40, broken)
	w.slots(12*60, blind)
	require.Empty(t, w.slots(30, broken), "most of the time until now was not seen")
	w.slots(6*24*60, good)
	require.Equal(t, []string{"opened budget_threshold 158h10m0s"}, w.slots(1, broken), "of the week enough was seen")
}

func TestWhatNobodyWantsToHearOfABudgetIsWithdrawn(t *testing.T) {
	w := months{world: world{policy: promising(60, "99.9% over 30d")}}
	w.policy.DownAfter = 24 * time.Hour
	w.slots(20, good)
	w.slots(30, broken)
	require.NotNil(t, w.state.Open(probe.KindBudgetFast))
	require.NotNil(t, w.state.Open(probe.KindBudgetSlow))
	require.NotNil(t, w.state.Open(probe.KindBudgetThreshold))
	w.policy.Budgets = incident.NewBudgets(objectives("99.9% over 30d"), time.Minute, incident.BudgetRules{Slow: true})
	require.Equal(t, []string{"withdrawn budget_fast 50m0s", "withdrawn budget_threshold 50m0s"}, w.slots(1, good))
	w.policy.Budgets = nil
	require.Equal(t, []string{"withdrawn budget_slow 51m0s"}, w.slots(1, good))
	require.Nil(t, w.state.Spending)
}

func TestABudgetIsForgottenWhenItIsWhole(t *testing.T) {
	w := months{world: world{policy: promising(60, "99.9% over 7d")}}
	w.slots(20, good)
	require.Nil(t, w.state.Spending, "before anything is bad nothing is remembered")
	w.slots(1, broken)
	require.NotNil(t, w.state.Spending)
	w.slots(7*24*60+200, good)
	require.Nil(t, w.state.Spending)
}

func TestSlotsThatATargetTakesAwayFromUsSpendItsBudget(t *testing.T) {
	w := months{world: world{policy: promising(60, "99.9% over 30d")}}
	w.slots(20, good)
	w.slots(1, broken)
	told := w.step(incident.Input{Kind: incident.Skipped, At: at(w.next), To: at(w.next + 600), Verdict: probe.Miss(probe.ServerError)})
	require.Contains(t, told, "opened budget_fast 31m0s")
	require.Equal(t, broken, budgets(w.told)[0].Problem.Cause, "as the target has answered")
}
