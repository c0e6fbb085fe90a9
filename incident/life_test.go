package incident_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// down is a world in which down opened at second 120, slots every 60 s.
func down(t *testing.T) *world {
	t.Helper()
	w := &world{policy: usual(60)}
	require.Equal(t, []string{"opened down 2m0s"}, w.feed(0, broken, broken, broken))
	return w
}

// recovered is that world after three good slots: recovered at second 300.
func recovered(t *testing.T) *world {
	t.Helper()
	w := down(t)
	require.Equal(t, []string{"resolved down 5m0s"}, w.feed(180, good, good, good))
	return w
}

func TestResolve(t *testing.T) {
	for name, tc := range map[string]struct {
		resolveAfter int
		then         []probe.Verdict
		told         []string
	}{
		"one good result does not":                     {0, []probe.Verdict{good}, nil},
		"two in a row do if no time must pass":         {0, []probe.Verdict{good, good}, []string{"resolved down 4m0s"}},
		"two that span resolve_after do":               {60, []probe.Verdict{good, good}, []string{"resolved down 4m0s"}},
		"two that do not span it do not":               {61, []probe.Verdict{good, good}, nil},
		"the third then does":                          {61, []probe.Verdict{good, good, good}, []string{"resolved down 5m0s"}},
		"a bad result begins anew":                     {60, []probe.Verdict{good, broken, good}, nil},
		"an excluded result begins anew":               {60, []probe.Verdict{good, throttled, good}, nil},
		"a slow result begins anew":                    {60, []probe.Verdict{good, slow, good}, nil},
		"the prober's fault freezes":                   {120, []probe.Verdict{good, blind, good}, []string{"resolved down 5m0s"}},
		"the prober's fault does not resolve":          {60, []probe.Verdict{good, blind, blind, blind}, nil},
		"a good result that warns of a certificate is": {60, []probe.Verdict{good, judge(probe.CertificateExpiring, 200)}, []string{"resolved down 4m0s"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := down(t)
			w.policy.ResolveAfter = time.Duration(tc.resolveAfter) * time.Second
			require.Equal(t, tc.told, w.feed(180, tc.then...))
			if tc.told != nil {
				p := w.told[len(w.told)-1].Problem
				require.Equal(t, incident.Recovered, p.Phase)
				require.Equal(t, p.RecoveredAt.Add(time.Hour), p.CloseAt)
				require.Nil(t, w.state.Open(probe.KindDown))
			}
		})
	}
	t.Run("a cured 5xx begins anew", func(t *testing.T) {
		w := down(t)
		w.policy.ResolveAfter = 0
		w.feed(180, good)
		w.step(incident.Input{At: at(240), Verdict: broken, Attempts: 2, Cured: true})
		require.Empty(t, w.feed(300, good))
		require.Equal(t, 3, w.state.Open(probe.KindDown).Failures, "and is no failure of the incident")
	})
	t.Run("what was good before the opening does not count", func(t *testing.T) {
		w := world{policy: usual(300)}
		w.feed(0, good)
		for i, kind := range []probe.RunKind{probe.First, probe.Recheck, probe.Recheck, probe.Recheck} {
			w.step(incident.Input{Run: kind, At: at(10 + 30*i), Verdict: broken, Attempts: 1})
		}
		require.Equal(t, []string{"opened down 1m40s"}, lines(w.told))
		require.Empty(t, w.feed(300, good))
		require.Equal(t, []string{"resolved down 10m0s"}, w.feed(600, good))
	})
	t.Run("down and auth_failed resolve together", func(t *testing.T) {
		w := down(t)
		require.Equal(t, []string{"opened auth_failed 5m0s"}, w.feed(180, denied, denied, denied))
		require.Equal(t, []string{"resolved down 8m0s", "resolved auth_failed 8m0s"}, w.feed(360, good, good, good))
	})
}

func TestOnlyScheduledResultsResolveAndAreAccounted(t *testing.T) {
	for _, kind := range []probe.RunKind{probe.First, probe.Recheck} {
		t.Run(kind.String(), func(t *testing.T) {
			w := down(t)
			grid, run := w.state.Account.Grid, w.state.Account.Run
			for second := 130; second < 1000; second += 50 {
				w.step(incident.Input{Run: kind, At: at(second), Verdict: good, Attempts: 1})
			}
			require.NotNil(t, w.state.Open(probe.KindDown))
			require.Zero(t, w.state.Goods)
			require.Equal(t, grid, w.state.Account.Grid)
			require.Equal(t, run, w.state.Account.Run)
			require.Equal(t, at(980), w.state.Last.At, "but people see them")
			require.Equal(t, at(130), w.state.Since.Time())
		})
	}
}

func TestRelapse(t *testing.T) {
	w := recovered(t)
	require.Equal(t, []string{"reopened down 1h0m0s"}, w.feed(3480, broken, broken, broken), "within the hour")
	p := w.state.Open(probe.KindDown)
	require.Equal(t, incident.FirstID, p.ID, "the same incident")
	require.Equal(t, 2, p.Openings)
	require.Equal(t, 3, p.Failures, "counted anew")
	require.Equal(t, at(3480), p.Since)
	require.Zero(t, p.RecoveredAt)
	require.Zero(t, p.CloseAt)

	t.Run("a slow probe has 30 intervals", func(t *testing.T) {
		w := world{policy: usual(600)}
		w.policy.ResolveAfter = 0
		require.Equal(t, []string{"opened down 20m0s", "resolved down 40m0s"}, w.feed(0, broken, broken, broken, good, good))
		require.Equal(t, at(2400+18_000), w.told[1].Problem.CloseAt)
		require.Equal(t, []string{"reopened down 3h40m0s"}, w.feed(12_000, broken, broken, broken))
	})
}

func TestClosing(t *testing.T) {
	t.Run("it closes at its deadline, whenever that is noticed", func(t *testing.T) {
		for name, in := range map[string]incident.Input{
			"by an idle tick at the deadline": {Kind: incident.Idle, At: at(3900)},
			"by an idle tick days later":      {Kind: incident.Idle, At: at(400_000)},
			"by a result":                     {At: at(3960), Verdict: good, Attempts: 1},
			"by slots that were skipped":      {Kind: incident.Skipped, At: at(360), To: at(3900), Verdict: blind},
		} {
			t.Run(name, func(t *testing.T) {
				w := recovered(t)
				require.Equal(t, []string{"closed down 1h5m0s"}, w.step(in))
				require.Equal(t, incident.Closed, w.told[len(w.told)-1].Problem.Phase)
				require.Nil(t, w.state.Problems)
			})
		}
	})
	t.Run("not a millisecond earlier", func(t *testing.T) {
		w := recovered(t)
		require.Empty(t, w.step(incident.Input{Kind: incident.Idle, At: at(3900).Add(-time.Millisecond)}))
	})
	t.Run("a failure after the deadline is a new incident", func(t *testing.T) {
		w := recovered(t)
		require.Equal(t, []string{"closed down 1h5m0s", "opened down 1h7m0s"}, w.feed(3900, broken, broken, broken))
		require.Equal(t, incident.FirstID+1, w.state.Open(probe.KindDown).ID)
	})
	t.Run("a failure before the deadline holds it until it is decided: relapse", func(t *testing.T) {
		w := recovered(t)
		require.Equal(t, []string{"reopened down 1h6m0s"}, w.feed(3840, broken, broken, broken))
		require.Equal(t, incident.FirstID, w.state.Open(probe.KindDown).ID)
	})
	t.Run("a failure before the deadline holds it until it is decided: blip", func(t *testing.T) {
		w := recovered(t)
		require.Empty(t, w.feed(3840, broken, broken, good), "the good result decides")
		require.Equal(t, []string{"closed down 1h5m0s"}, w.feed(4020, good), "still dated at the deadline")
	})
	t.Run("a suspicion that is never decided holds it no longer than it lives", func(t *testing.T) {
		w := recovered(t)
		require.Empty(t, w.feed(3840, broken, blind, blind, blind, blind))
		require.Equal(t, []string{"closed down 1h5m0s"}, w.feed(4140, blind))
	})
	t.Run("refusals hold auth_failed, and only that", func(t *testing.T) {
		w := &world{policy: usual(60)}
		require.Len(t, w.feed(0, denied, denied, denied, good, good, good), 2)
		require.Equal(t, []string{"reopened auth_failed 1h6m0s"}, w.feed(3840, denied, denied, denied))

		other := recovered(t)
		require.Equal(t, []string{"closed down 1h5m0s", "opened auth_failed 1h6m0s"}, other.feed(3840, denied, denied, denied))
	})
}

func TestReminders(t *testing.T) {
	every := func(w *world, d time.Duration) *world { w.policy.RemindEvery = d; return w }
	open := func(t *testing.T) *world {
		w := every(&world{policy: usual(60)}, 4*time.Hour)
		require.Len(t, w.feed(0, broken, broken, broken), 1)
		return w
	}
	idle := func(w *world, second int) []string {
		return w.step(incident.Input{Kind: incident.Idle, At: at(second)})
	}
	const hour, opened = 3600, 120

	t.Run("come at their time, by results or without", func(t *testing.T) {
		w := open(t)
		require.Empty(t, idle(w, opened+4*hour-1))
		require.Equal(t, []string{"reminded down 4h2m0s"}, idle(w, opened+4*hour))
		require.Empty(t, idle(w, opened+4*hour+1))
		require.Equal(t, []string{"reminded down 8h2m0s"}, w.feed(opened+8*hour+60, broken))
	})
	t.Run("those that were missed come once, dated when they were due", func(t *testing.T) {
		w := open(t)
		require.Equal(t, []string{"reminded down 4h2m0s"}, idle(w, opened+13*hour))
		require.Equal(t, at(opened+16*hour), w.state.Problems[0].RemindAt, "in step with the opening")
	})
	t.Run("end with the recovery, and begin anew with a relapse", func(t *testing.T) {
		w := open(t)
		w.feed(180, good, good, good)
		require.Zero(t, w.state.Problems[0].RemindAt)
		w.feed(360, broken, broken, broken)
		require.Equal(t, at(480+4*hour), w.state.Problems[0].RemindAt)
	})
	t.Run("never come if none are wanted", func(t *testing.T) {
		w := down(t)
		require.Empty(t, idle(w, 100*hour))
	})
	t.Run("stop when they are turned off", func(t *testing.T) {
		w := every(open(t), 0)
		require.Empty(t, idle(w, 100*hour))
		require.Zero(t, w.state.Problems[0].RemindAt)
	})
}

func TestWithdraw(t *testing.T) {
	w := recovered(t)
	w.feed(360, denied, denied, denied) // auth_failed is open, down has recovered
	w.state.Due = at(600)
	account, last := w.state.Account, w.state.Last

	fx := incident.Withdraw(&w.state, at(500))
	require.Equal(t, []string{"closed down 8m20s", "withdrawn auth_failed 8m20s"}, lines(fx.Transitions))
	for _, told := range fx.Transitions {
		require.Equal(t, incident.Closed, told.Problem.Phase)
	}
	require.Equal(t, incident.State{Account: account, Last: last, Known: w.state.Known, Since: w.state.Since, Worked: true}, w.state, "the account goes on")
	require.Empty(t, incident.Withdraw(&w.state, at(501)))
	require.Equal(t, []string{"opened down 11m0s"}, w.feed(540, broken, broken, broken))
	require.Equal(t, incident.FirstID+2, w.state.Open(probe.KindDown).ID)
}

func TestWhatIsRememberedOfResults(t *testing.T) {
	w := world{policy: usual(60)}
	require.False(t, w.state.Worked)
	w.feed(0, broken, missing)
	require.Equal(t, at(0), w.state.Since.Time(), "neither was good")
	require.False(t, w.state.Worked)
	w.feed(120, good, good)
	require.Equal(t, at(120), w.state.Since.Time())
	require.True(t, w.state.Worked)
	w.step(incident.Input{At: at(240), Verdict: blind, Attempts: 3, Timings: probe.Timings{Total: time.Second}})
	require.Equal(t, incident.Last{At: at(240), Verdict: blind, Latency: time.Second, Attempts: 3}, w.state.Last)
	require.Equal(t, at(240), w.state.Since.Time())
	require.True(t, w.state.Worked, "once is enough")
	w.state.Rewrite()
	require.False(t, w.state.Worked, "but not for another request")
}
