package incident_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

func TestSuspectVectors(t *testing.T) {
	const forever = 1 << 30
	for name, tc := range map[string]struct {
		interval int
		outage   func(int) probe.Verdict
		until    int
		asked    []int
		told     []string
	}{
		"J1: at 60 s, two re-checks find the outage": {60, failing(broken, 0, forever), 119,
			[]int{0, 30, 60, 90}, []string{"opened down 1m30s"}},
		"J2: at 300 s, three re-checks do": {300, failing(broken, 0, forever), 299,
			[]int{0, 30, 60, 90}, []string{"opened down 1m30s"}},
		"J3: at 10 s, the slots alone do": {10, failing(broken, 0, forever), 99,
			[]int{0, 10, 20, 30, 40, 50, 60, 70, 80, 90}, []string{"opened down 1m30s"}},
		"J5: an outage that ends before 90 s is a blip": {60, failing(broken, 0, 85), 179,
			[]int{0, 30, 60, 90, 120}, nil},
		"J6: an outage of 91 s is seen at 90": {60, failing(broken, 0, 91), 119,
			[]int{0, 30, 60, 90}, []string{"opened down 1m30s"}},
		"no answer is as good a reason as 5xx": {60, failing(refused, 0, forever), 119,
			[]int{0, 30, 60, 90}, []string{"opened down 1m30s"}},
		"the clock starts with the first failure": {60, failing(broken, 50, forever), 209,
			[]int{0, 60, 90, 120, 150, 180}, []string{"opened down 2m30s"}},
		"a success at a re-check clears": {300, failing(broken, 0, 30), 299, []int{0, 30}, nil},
		"a re-check that would meet the slot is the slot": {45, failing(broken, 0, forever), 90,
			[]int{0, 30, 45, 75, 90}, []string{"opened down 1m30s"}},
		"once open, nobody is asked between slots": {60, failing(broken, 0, forever), 300,
			[]int{0, 30, 60, 90, 120, 180, 240, 300}, []string{"opened down 1m30s"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{policy: usual(tc.interval), answer: tc.outage}
			w.play(0, tc.until)
			require.Equal(t, tc.asked, w.asked)
			require.Equal(t, tc.told, lines(w.told))
		})
	}
}

func TestAnOutageOpensAtTheFirstInstantItMay(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for range rounds(2000) {
		p := usual(1 + rnd.IntN(400))
		p.RecheckEvery = time.Duration(1+rnd.IntN(60)) * time.Second
		p.DownAfter = time.Duration(rnd.IntN(300)) * time.Second
		w := world{policy: p, answer: failing(broken, 0, 1<<30), retries: rnd.IntN(3)}
		w.play(0, 2000)

		require.NotEmpty(t, w.told, "%+v", p)
		opened, attempts := w.told[0], 0
		for _, second := range w.asked {
			attempts++
			if second%int(p.Interval/time.Second) == 0 {
				attempts += w.retries
			}
			if attempts >= 3 && at(second).Sub(t0) >= p.DownAfter {
				require.Equal(t, at(second), opened.At, "%+v", p)
				break
			}
		}
		if p.DownAfter >= 2*min(p.RecheckEvery, p.Interval) {
			require.Equal(t, t0.Add(p.DownAfter), opened.At, "three attempts fit: %+v", p)
		}
	}
}

func TestDownAttempts(t *testing.T) {
	for name, tc := range map[string]struct {
		change  func(*incident.Policy)
		retries int
		told    []string
		recheck []int
	}{
		"retries of a run are attempts, but the time must pass, too": {
			func(p *incident.Policy) {}, 2, []string{"opened down 1m30s"}, []int{30, 90}},
		"with down_after 0 three attempts of one run are enough": {
			func(p *incident.Policy) { p.DownAfter = 0 }, 2, []string{"opened down 0s"}, nil},
		"with down_after 0 two attempts are not": {
			func(p *incident.Policy) { p.DownAfter = 0 }, 1, []string{"opened down 30s"}, []int{30}},
		"with down_after 0 one attempt needs two re-checks": {
			func(p *incident.Policy) { p.DownAfter, p.Interval = 0, 300*time.Second }, 0, []string{"opened down 1m0s"}, []int{30, 60}},
		"the time alone is not enough without three attempts": {
			func(p *incident.Policy) {
				p.DownAfter, p.RecheckEvery, p.Interval = 5*time.Second, 50*time.Second, 300*time.Second
			}, 0, []string{"opened down 55s"}, []int{5, 55}},
		"what may not be repeated waits for two intervals": {
			func(p *incident.Policy) { p.Repeatable = false }, 0, []string{"opened down 2m0s"}, nil},
		"what may not be repeated waits even if its runs have three attempts": {
			func(p *incident.Policy) { p.Repeatable, p.DownAfter = false, 0 }, 2, []string{"opened down 2m0s"}, nil},
		"what may not be repeated waits for down_after if it is longer": {
			func(p *incident.Policy) { p.Repeatable, p.DownAfter = false, 200*time.Second }, 0, []string{"opened down 4m0s"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{policy: usual(60), answer: failing(broken, 0, 1<<30), retries: tc.retries}
			tc.change(&w.policy)
			w.play(0, 290)
			require.Equal(t, tc.told, lines(w.told))
			require.Equal(t, tc.recheck, w.rechecked)
		})
	}
}

func TestWhatSpeaksForDown(t *testing.T) {
	cured := func(w *world, second int) {
		w.step(incident.Input{At: at(second), Verdict: broken, Attempts: 2, Cured: true})
	}
	t.Run("a 5xx that a retry cured is bad but no suspicion", func(t *testing.T) {
		w := world{policy: usual(60)}
		for i := range 10 {
			cured(&w, 60*i)
		}
		require.Empty(t, w.told)
		require.Zero(t, w.state.Suspect)
		require.Zero(t, w.state.Due)
		require.Equal(t, 10*time.Minute, w.state.Account.Run.Slots.Weight(), "the ledger counts it")
		require.Equal(t, probe.Bad, w.state.Account.Run.Outcome)
	})
	t.Run("it clears a suspicion", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.feed(0, broken)
		require.Equal(t, 1, w.state.Suspect.Results)
		cured(&w, 60)
		require.Zero(t, w.state.Suspect)
	})
	for name, v := range map[string]probe.Verdict{
		"too slow":              slow,
		"an excluded 4xx":       missing,
		"a 4xx that counts bad": gone,
		"a refused credential":  denied,
		"throttling":            throttled,
		"the prober's fault":    blind,
	} {
		t.Run(name+" never opens down", func(t *testing.T) {
			w := world{policy: usual(60), answer: failing(v, 0, 1<<30)}
			w.play(0, 3600)
			require.Nil(t, w.state.Open(probe.KindDown))
			require.Zero(t, w.state.Suspect)
			require.Empty(t, w.rechecked)
		})
	}
}

func TestWhatNeitherConfirmsNorClears(t *testing.T) {
	for name, tc := range map[string]struct {
		between probe.Verdict
		insist  bool
	}{
		"a 4xx":                 {missing, false},
		"a 4xx that counts bad": {gone, false},
		"a refused credential":  {denied, false},
		"throttling":            {throttled, false},
		"the prober's fault":    {blind, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{policy: usual(60)}
			w.feed(0, broken, broken, tc.between)
			require.Empty(t, w.told, "90 s have passed, but this result does not confirm")
			require.Equal(t, 2, w.state.Suspect.Results)
			require.Equal(t, 2, w.state.Suspect.Attempts)
			if tc.insist {
				require.Equal(t, at(150), w.state.Due)
			} else {
				require.Zero(t, w.state.Due, "who answers so is not asked more often")
			}
			require.Equal(t, []string{"opened down 3m0s"}, w.feed(180, broken), "the next failure does")
			require.Equal(t, at(0), w.state.Open(probe.KindDown).Since)
		})
	}
	t.Run("but a right answer that is slow clears", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.feed(0, broken, broken, slow)
		require.Zero(t, w.state.Suspect)
		require.Empty(t, w.feed(180, broken))
	})
}

func TestRecheckIsNeverAskedInAHotLoop(t *testing.T) {
	w := world{policy: usual(300), answer: func(second int) probe.Verdict {
		if second == 0 {
			return broken
		}
		return blind
	}}
	w.play(0, 3600)
	require.Equal(t, 1020, w.rechecked[len(w.rechecked)-1], "no longer than the suspicion lives: 90 s and 3 intervals")
	for i := 1; i < len(w.asked); i++ {
		require.GreaterOrEqual(t, w.asked[i]-w.asked[i-1], 30)
	}
	require.Empty(t, w.told)
}

func TestASuspicionThatIsNotConfirmedInTimeLapses(t *testing.T) {
	// 90 s + 3 x 60 s are its time.
	t.Run("two blips of one run each, hours apart, are no outage", func(t *testing.T) {
		w := world{policy: usual(60), retries: 1, answer: func(second int) probe.Verdict {
			if second == 0 || second == 7200 {
				return broken
			}
			return missing
		}}
		w.play(0, 7229)
		require.Empty(t, w.told)
		require.Equal(t, at(7200), w.state.Suspect.Since)
		require.Equal(t, 2, w.state.Suspect.Attempts)
	})
	t.Run("what failed before sonde stopped is not held against the target", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.feed(0, broken, broken)
		require.Empty(t, w.step(incident.Input{Run: probe.First, At: at(36_000), Verdict: broken, Attempts: 2}))
		require.Equal(t, at(36_000), w.state.Suspect.Since)
	})
	t.Run("a short interruption does not matter", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.feed(0, broken, broken)
		require.Equal(t, []string{"opened down 4m30s"}, w.step(incident.Input{Run: probe.First, At: at(270), Verdict: broken, Attempts: 1}))
	})
	t.Run("time alone is enough", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.feed(0, broken)
		w.step(incident.Input{Kind: incident.Idle, At: at(270)})
		require.Equal(t, 1, w.state.Suspect.Results)
		w.step(incident.Input{Kind: incident.Idle, At: at(271)})
		require.Zero(t, w.state.Suspect)
		require.Zero(t, w.state.Due)
	})
}

func TestSkippedSlotsDoNotDelayTheOpening(t *testing.T) {
	for name, why := range map[string]probe.Verdict{
		"the target asked to wait": broken,
		"the prober was too busy":  probe.Miss(probe.ProberOverload),
	} {
		t.Run(name, func(t *testing.T) {
			w := world{policy: usual(60), answer: failing(broken, 0, 1<<30), skip: func(second int) *probe.Verdict {
				if second == 60 {
					return &why
				}
				return nil
			}}
			w.play(0, 119)
			require.Equal(t, []int{0, 30, 90}, w.asked)
			require.Equal(t, []string{"opened down 1m30s"}, lines(w.told))
		})
	}
	t.Run("a slot skipped for a refused credential asks for nothing", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.feed(0, broken, denied)
		w.step(incident.Input{Kind: incident.Skipped, At: at(120), To: at(120), Verdict: denied})
		require.Equal(t, 1, w.state.Suspect.Results)
		require.Zero(t, w.state.Due)
	})
	t.Run("a re-check that is still to come stays as it is", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.feed(0, broken)
		w.state.Due = at(75)
		w.step(incident.Input{Kind: incident.Skipped, At: at(60), To: at(60), Verdict: blind})
		require.Equal(t, at(75), w.state.Due)
	})
	t.Run("a skip that is told late does not bring the next re-check forward", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.policy.DownAfter = 0
		w.feed(0, broken)
		w.step(incident.Input{Run: probe.Recheck, At: at(80), Verdict: missing, Attempts: 1})
		require.Zero(t, w.state.Due)
		w.step(incident.Input{Kind: incident.Skipped, At: at(60), To: at(60), Verdict: blind})
		require.Equal(t, at(110), w.state.Due)
	})
	t.Run("re-checks alone confirm while every slot is skipped", func(t *testing.T) {
		w := world{policy: usual(1)}
		w.policy.DownAfter, w.policy.RecheckEvery = 0, 3500*time.Millisecond
		w.feed(0, broken)
		for _, ms := range []int{3500, 7000} {
			w.step(incident.Input{Kind: incident.Skipped, At: t0.Add(time.Duration(ms-3000) * time.Millisecond).Truncate(time.Second),
				To: t0.Add(time.Duration(ms-500) * time.Millisecond).Truncate(time.Second), Verdict: blind})
			w.step(incident.Input{Run: probe.Recheck, At: t0.Add(time.Duration(ms) * time.Millisecond), Verdict: broken, Attempts: 1})
		}
		require.Equal(t, []string{"opened down 7s"}, lines(w.told))
	})
	t.Run("a result that does not say how often it asked has asked once", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.step(incident.Input{At: at(0), Verdict: broken})
		require.Equal(t, 1, w.state.Suspect.Attempts)
	})
}
