package incident_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

const forEver = 1 << 30

func TestWhatIsAskedWhileATargetIsAway(t *testing.T) {
	for name, tc := range map[string]struct {
		answer        func(int) probe.Verdict
		after         int
		until         int
		asked, spared []int
		skipped       int
		told          []string
	}{
		"a 503 is left alone until it wants to be asked, and down as soon as any": {
			failing(broken, 0, forEver), 200, 260, []int{0, 240}, []int{30, 90}, 3, []string{"opened down 1m30s", "overdue down 4m0s"}},
		"a 503 that comes back in time is not down": {
			failing(broken, 0, 60), 60, 200, []int{0, 60, 120, 180}, []int{30}, 0, nil},
		"nobody is left alone for more than 15 minutes": {
			failing(broken, 0, forEver), 86_000, 1860, []int{0, 900, 1800}, []int{30, 90}, 29, []string{"opened down 1m30s"}},
		"a 503 that wants to be asked now is asked as any": {
			failing(broken, 0, forEver), 0, 130, []int{0, 30, 60, 90, 120}, nil, 0, []string{"opened down 1m30s"}},
		"the re-check after its time is a request": {
			failing(broken, 0, forEver), 29, 100, []int{0, 30, 60, 90}, nil, 0, []string{"opened down 1m30s"}},
		"a 429 is left alone, and nothing opens": {
			failing(throttled, 0, forEver), 200, 300, []int{0, 240}, nil, 4, nil},
		"a 429 that does not say when is asked at every slot": {
			failing(throttled, 0, forEver), -1, 200, []int{0, 60, 120, 180}, nil, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := (&world{policy: usual(60), answer: tc.answer, retries: 1}).announcing(tc.after)
			w.play(0, tc.until)
			require.Equal(t, tc.asked, w.asked)
			require.Equal(t, tc.spared, w.spared)
			require.Len(t, w.skipped, tc.skipped)
			require.Equal(t, tc.told, lines(w.told))
		})
	}
}

// An announcement forbids requests. What they would have found, had they found the same,
// must not be found later for it: with any policy, down opens at the same instant.
func TestAnAnnouncementNeverDelaysTheOpening(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 22))
	spared, skipped := 0, 0
	for range rounds(3000) {
		p := usual(1 + rnd.IntN(400))
		p.RecheckEvery = time.Duration(1+rnd.IntN(90)) * time.Second
		p.DownAfter = time.Duration(rnd.IntN(300)) * time.Second
		p.Repeatable = rnd.IntN(3) > 0
		retries := rnd.IntN(4)
		if !p.Repeatable {
			retries = 0
		}
		silent := world{policy: p, answer: failing(broken, 0, forEver), retries: retries}
		silent.play(0, 2000)
		require.NotEmpty(t, silent.told)

		waits := []int{rnd.IntN(5), rnd.IntN(100), rnd.IntN(2000), rnd.IntN(80_000)}
		polite := world{policy: p, answer: failing(broken, 0, forEver), retries: retries, after: func(second int) int { return waits[second%4] }}
		polite.play(0, 2000)
		require.Equal(t, silent.told[0].At, polite.told[0].At, "%+v after %v with %d retries", p, waits, retries)
		require.Equal(t, silent.told[0].Problem.Cause, polite.told[0].Problem.Cause, "people hear of the status that there was")
		require.Equal(t, silent.told[0].Problem.Since, polite.told[0].Problem.Since)
		require.LessOrEqual(t, len(polite.asked), len(silent.asked))
		spared, skipped = spared+len(polite.spared), skipped+len(polite.skipped)
	}
	require.Greater(t, spared, rounds(100))
	require.Greater(t, skipped, rounds(100))
}

func TestWhatSkippedSlotsAre(t *testing.T) {
	for name, tc := range map[string]struct {
		answer probe.Verdict
		want   incident.Entry
	}{
		"skipped for a 5xx they are bad":      {broken, incident.Entry{Outcome: probe.Bad, Reason: probe.ServerError}},
		"skipped for a 429 they are excluded": {throttled, incident.Entry{Outcome: probe.Excluded, Reason: probe.Throttled}},
		"skipped for shed load they are, too": {shed, incident.Entry{Outcome: probe.Excluded, Reason: probe.LoadShed}},
	} {
		t.Run(name, func(t *testing.T) {
			w := (&world{policy: usual(60), answer: failing(tc.answer, 0, 120)}).announcing(170)
			w.play(0, 180)
			require.Equal(t, []int{60, 120}, w.skipped)
			require.Len(t, w.ledger, 1, "the slots before and those skipped are one stretch")
			require.Equal(t, []probe.Outcome{tc.want.Outcome}, []probe.Outcome{w.ledger[0].Outcome})
			require.Equal(t, tc.want.Reason, w.ledger[0].Reason)
			require.Equal(t, 3*time.Minute, w.ledger[0].Slots.Weight())
			require.Zero(t, w.state.Hold, "and then it is over")
		})
	}
}

func TestAHold(t *testing.T) {
	announced := func(v probe.Verdict, seconds int) incident.Input {
		return incident.Input{At: at(0), Verdict: v, Attempts: 1, RecoverBy: at(seconds), Throttled: v.Reason == probe.Throttled, Elapsed: 2 * time.Second}
	}
	held := func(in ...incident.Input) incident.Hold {
		w := world{policy: usual(60)}
		for _, one := range in {
			w.step(one)
		}
		return w.state.Hold
	}
	require.Equal(t, incident.Hold{Until: at(300), Why: probe.ServerError}, held(announced(broken, 300)))
	require.Equal(t, incident.Hold{Until: at(902), Why: probe.ServerError}, held(announced(broken, 86_400)), "15 minutes from the end of the run")
	require.Equal(t, incident.Hold{Until: at(300), Why: probe.Throttled}, held(announced(throttled, 300)))
	require.Equal(t, incident.Hold{Until: at(300), Why: probe.LoadShed}, held(announced(shed, 300)))
	limited := announced(broken, 300)
	limited.Throttled = true
	require.Equal(t, incident.Hold{Until: at(300), Why: probe.Throttled}, held(limited), "the limit came last")

	t.Run("ends with a result that asks for none", func(t *testing.T) {
		for _, v := range []probe.Verdict{good, broken, refused, missing, throttled} {
			require.Zero(t, held(announced(broken, 300), incident.Input{Run: probe.First, At: at(60), Verdict: v, Attempts: 1}), v.Reason)
		}
	})
	t.Run("stays where the prober knows nothing", func(t *testing.T) {
		require.Equal(t, at(300), held(announced(broken, 300), incident.Input{Run: probe.First, At: at(60), Verdict: blind}).Until)
	})
	t.Run("is not for a manual run, and of none", func(t *testing.T) {
		manual := announced(broken, 300)
		manual.Run = probe.Manual
		require.Zero(t, held(manual))
		require.Equal(t, at(300), held(announced(broken, 300), incident.Input{Run: probe.Manual, At: at(60), Verdict: good}).Until)
	})
	t.Run("ends by itself", func(t *testing.T) {
		require.NotZero(t, held(announced(broken, 300), incident.Input{Kind: incident.Idle, At: at(299)}))
		require.Zero(t, held(announced(broken, 300), incident.Input{Kind: incident.Idle, At: at(300)}))
	})
	t.Run("ends when nobody watches any more", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.step(announced(broken, 300))
		incident.Withdraw(&w.state, at(60))
		require.Zero(t, w.state.Hold)
	})
	t.Run("ends when the request is changed, for it was about another one", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.step(announced(broken, 300))
		require.False(t, w.state.Hold.Ours())
		w.state.Rewrite()
		require.Zero(t, w.state.Hold)
	})
}

func TestSkippedRechecks(t *testing.T) {
	skipped := func(second int, v probe.Verdict) incident.Input {
		return incident.Input{Kind: incident.Skipped, Run: probe.Recheck, At: at(second), To: at(second), Verdict: v}
	}
	t.Run("have no slot", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.feed(0, broken)
		w.step(skipped(30, broken))
		require.Equal(t, time.Minute, w.state.Account.Run.Slots.Weight())
		require.Equal(t, at(0), w.state.Account.Grid.Last)
		require.Equal(t, 1, w.state.Suspect.Results, "are no results")
		require.Equal(t, 2, w.state.Suspect.Attempts, "but looks")
		require.Equal(t, at(0), w.state.Last.At)
	})
	t.Run("that nobody waits for say nothing", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.feed(0, good)
		require.True(t, w.state.Stale(new(skipped(30, broken))))
		w.feed(60, broken)
		require.True(t, w.state.Stale(new(skipped(80, broken))), "before it is due")
		require.False(t, w.state.Stale(new(skipped(90, broken))))
		require.Nil(t, w.step(skipped(80, broken)))
		require.Equal(t, 1, w.state.Suspect.Attempts)
	})
	t.Run("for a limit neither confirm nor ask for another", func(t *testing.T) {
		w := world{policy: usual(300)}
		w.policy.DownAfter = 0
		w.step(incident.Input{At: at(0), Verdict: broken, Attempts: 2, RecoverBy: at(200), Throttled: true})
		require.Equal(t, at(30), w.state.Due)
		require.Nil(t, w.step(skipped(30, throttled)))
		require.Equal(t, 2, w.state.Suspect.Attempts)
		require.Zero(t, w.state.Due)
	})
}

func TestAnAccountIsNotLockedByAsking(t *testing.T) {
	for name, tc := range map[string]struct {
		interval int
		until    int
		asked    []int
	}{
		"from the fifth refusal on the interval doubles, up to 15 minutes": {60, 5000, []int{0, 60, 120, 180, 240, 360, 600, 1080, 1980, 2880, 3780, 4680}},
		"15 minutes at the most, in whole intervals":                       {400, 6000, []int{0, 400, 800, 1200, 1600, 2400, 3200, 4000, 4800, 5600}},
		"who asks rarely asks no less":                                     {600, 6000, []int{0, 600, 1200, 1800, 2400, 3000, 3600, 4200, 4800, 5400, 6000}},
		"who asks often waits as long":                                     {1, 60, []int{0, 1, 2, 3, 4, 6, 10, 18, 34}},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{policy: usual(tc.interval), answer: failing(denied, 0, forEver)}
			w.play(0, tc.until)
			require.Equal(t, tc.asked, w.asked)
			require.Empty(t, w.spared)
			for _, entry := range w.ledger {
				require.Equal(t, probe.Excluded, entry.Outcome)
			}
			if w.state.Account.Run.Slots.Step > 0 {
				require.Equal(t, probe.Unauthenticated, w.state.Account.Run.Reason)
				require.Equal(t, at(0), w.state.Account.Run.Slots.First, "asked or not, the whole time is one stretch")
			}
		})
	}
	for name, v := range map[string]probe.Verdict{"a good answer": good, "a 5xx": broken, "a 404": missing} {
		t.Run(name+" ends it", func(t *testing.T) {
			w := world{policy: usual(60)}
			w.feed(0, denied, denied, denied, denied, forbidden)
			require.Equal(t, incident.Hold{Until: at(360), Why: probe.Forbidden}, w.state.Hold)
			require.True(t, w.state.Hold.Ours())
			w.feed(360, v)
			require.Zero(t, w.state.Hold)
			require.Zero(t, w.state.Denials)
			w.feed(420, denied, denied, denied, denied)
			require.Zero(t, w.state.Hold)
		})
	}
	t.Run("the prober's own fault does not", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.feed(0, denied, denied, denied, denied, blind, denied)
		require.Equal(t, at(420), w.state.Hold.Until)
	})
	t.Run("another request does", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.feed(0, denied, denied, denied, denied, denied)
		w.state.Rewrite()
		require.Zero(t, w.state.Hold)
		require.Zero(t, w.state.Denials)
	})
	t.Run("it does not delay the opening of auth_failed", func(t *testing.T) {
		w := world{policy: usual(60), answer: failing(denied, 0, forEver)}
		w.play(0, 600)
		require.Equal(t, []string{"opened auth_failed 2m0s"}, lines(w.told))
	})
}

func TestAWordThatIsNotKept(t *testing.T) {
	t.Run("is told once, by the answer that shows it", func(t *testing.T) {
		w := (&world{policy: usual(60), answer: failing(broken, 0, forEver)}).announcing(100)
		w.play(0, 3600)
		require.Equal(t, []string{"opened down 1m30s", "overdue down 2m0s"}, lines(w.told), "whatever it announces later")
		require.Equal(t, at(100), w.told[1].Problem.Promise)
		require.Equal(t, at(220), w.told[1].Problem.RecoverBy, "the latest word is known, too")
	})
	t.Run("is not told where the target was back", func(t *testing.T) {
		w := (&world{policy: usual(60), answer: failing(broken, 0, 120)}).announcing(100)
		w.play(0, 600)
		require.Equal(t, []string{"opened down 1m30s", "resolved down 4m0s"}, lines(w.told))
	})
	t.Run("that had passed when it opened is told by the opening", func(t *testing.T) {
		w := (&world{policy: usual(60), answer: failing(broken, 0, forEver)}).announcing(5)
		w.after = func(second int) int {
			if second == 0 {
				return 5
			}
			return -1
		}
		w.play(0, 600)
		require.Equal(t, []string{"opened down 1m30s"}, lines(w.told))
		require.Equal(t, at(5), w.told[0].Problem.RecoverBy)
	})
	t.Run("may be given while it is open", func(t *testing.T) {
		w := world{policy: usual(60), answer: failing(broken, 0, forEver), after: func(second int) int {
			if second == 180 {
				return 100
			}
			return -1
		}}
		w.play(0, 600)
		require.Equal(t, []string{"opened down 1m30s", "overdue down 5m0s"}, lines(w.told))
	})
	t.Run("is told again after a relapse", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.policy.DownAfter = 0
		says := func(second int, v probe.Verdict, by int) []string {
			return w.step(incident.Input{At: at(second), Verdict: v, Attempts: 3, RecoverBy: at(by)})
		}
		require.Equal(t, []string{"opened down 0s"}, says(0, broken, 50))
		require.Equal(t, []string{"overdue down 1m0s"}, says(60, broken, 100))
		w.feed(120, good, good, good)
		require.Equal(t, []string{"reopened down 5m0s"}, says(300, broken, 350))
		require.Equal(t, []string{"overdue down 6m0s"}, says(360, broken, 400))
		require.Empty(t, says(420, broken, 500))
	})
	t.Run("is none of a limit", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.policy.DownAfter = 0
		w.step(incident.Input{At: at(0), Verdict: broken, Attempts: 3, RecoverBy: at(50), Throttled: true})
		require.Zero(t, w.state.Open(probe.KindDown).RecoverBy)
		require.Empty(t, w.step(incident.Input{At: at(60), Verdict: broken, Attempts: 3, RecoverBy: at(100), Throttled: true}))
	})
}

func TestShedLoadDegrades(t *testing.T) {
	for name, tc := range map[string]struct {
		after   int
		asked   []int
		skipped int
		told    []string
	}{
		"once it has lasted, asked at every slot":    {0, []int{0, 60, 120, 180, 240}, 0, []string{"opened degraded 2m0s"}},
		"once it has lasted, though left alone":      {200, []int{0, 240}, 3, []string{"opened degraded 2m0s", "overdue degraded 4m0s"}},
		"and its word may pass unkept just the same": {100, []int{0, 120, 240}, 2, []string{"opened degraded 2m0s", "overdue degraded 4m0s"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := (&world{policy: usual(60), answer: failing(shed, 0, forEver)}).announcing(tc.after)
			w.play(0, 240)
			require.Equal(t, tc.asked, w.asked)
			require.Len(t, w.skipped, tc.skipped)
			require.Equal(t, tc.told, lines(w.told))
			require.Equal(t, probe.Warning, w.told[0].Problem.Severity)
			require.Equal(t, shed, w.told[0].Problem.Cause)
			require.Zero(t, w.state.Suspect)
			require.Empty(t, w.rechecked)
			require.Empty(t, w.spared)
		})
	}
	t.Run("and never opens down", func(t *testing.T) {
		w := (&world{policy: usual(60), answer: failing(shed, 0, forEver)}).announcing(30)
		w.play(0, 7200)
		require.Equal(t, []string{"opened degraded 2m0s"}, lines(w.told)[:1])
		require.Nil(t, w.state.Open(probe.KindDown))
	})
	t.Run("is over once answers are good", func(t *testing.T) {
		w := world{policy: usual(60)}
		require.Equal(t, []string{"opened degraded 2m0s"}, w.feed(0, shed, shed, shed))
		require.Equal(t, []string{"resolved degraded 5m0s"}, w.feed(180, good, good, good))
		require.Equal(t, []string{"reopened degraded 8m0s"}, w.feed(360, shed, shed, shed))
	})
	t.Run("is forgotten by a good answer in between", func(t *testing.T) {
		w := world{policy: usual(60)}
		require.Empty(t, w.feed(0, shed, shed, good, shed, shed))
	})
}

func TestShedLoadAndAnOutage(t *testing.T) {
	t.Run("becomes down as the same incident", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.feed(0, shed, shed, shed)
		id := w.state.Open(probe.KindDegraded).ID
		require.Equal(t, []string{"risen down 4m30s"}, append(w.feed(180, broken, broken), w.step(incident.Input{Run: probe.Recheck, At: at(270), Verdict: broken, Attempts: 1})...))
		down := w.state.Open(probe.KindDown)
		require.Equal(t, id, down.ID)
		require.Equal(t, probe.Critical, down.Severity)
		require.Equal(t, 6, down.Failures)
		require.Equal(t, []incident.CodeCount{{Code: 503, Count: 6}}, down.Codes)
		require.Equal(t, at(0), down.Since, "the trouble began then")
		require.Equal(t, 1, down.Openings)
		require.Nil(t, w.state.Open(probe.KindDegraded))
	})
	t.Run("says nothing while the target is down", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.feed(0, broken, broken, broken)
		require.NotNil(t, w.state.Open(probe.KindDown))
		require.Empty(t, w.feed(180, shed, shed, shed, shed))
		require.NotNil(t, w.state.Open(probe.KindDown), "nor does it end that")
	})
}
