package incident_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// maintained gives scheduled results in maintenance, and returns what they told.
func (w *world) maintained(first int, verdicts ...probe.Verdict) []string {
	var all []string
	for i, v := range verdicts {
		all = append(all, w.step(incident.Input{At: at(first + i*60), Verdict: v, Attempts: 1, Maintenance: true})...)
	}
	return all
}

func TestMaintenanceOpensNothing(t *testing.T) {
	for name, v := range map[string]probe.Verdict{"a 5xx": broken, "no answer": refused, "a refusal": denied, "shed load": shed} {
		t.Run(name, func(t *testing.T) {
			w := &world{policy: usual(60)}
			w.feed(0, good, v)
			require.Empty(t, w.maintained(120, v, v, v, v, v))
			require.True(t, w.state.Maintained)
			require.Zero(t, w.state.Due, "nobody looks again")
			require.Nil(t, w.state.Suspect, "the suspicion from before is gone, too")
			require.Nil(t, w.state.Row)
			require.Equal(t, v, w.state.Last.Verdict, "what was seen is shown")
			require.Equal(t, 6*time.Minute, w.state.Account.Run.Slots.Weight(), "and accounted for as it was")
		})
	}
}

func TestWhatFailsAfterMaintenanceHasToLastFromThereOn(t *testing.T) {
	w := &world{policy: usual(60)}
	w.maintained(0, good, broken, broken, broken)
	require.Empty(t, w.feed(240, broken, broken))
	require.Equal(t, []string{"opened down 6m0s"}, w.feed(360, broken))
	require.Equal(t, at(240), w.state.Open(probe.KindDown).Since)
	require.False(t, w.state.Maintained)
}

func TestWhatIsOpenStaysOpenInMaintenanceAndMayResolve(t *testing.T) {
	policy := usual(60)
	policy.RemindEvery = 10 * time.Minute
	w := &world{policy: policy}
	w.feed(0, good, broken, broken)
	require.Equal(t, []string{"opened down 3m0s"}, w.feed(180, broken))
	for i := range 30 {
		require.Empty(t, w.maintained(240+60*i, gateway), "neither reminded of, nor said to have another cause")
	}
	require.NotNil(t, w.state.Open(probe.KindDown))
	require.True(t, w.state.Open(probe.KindDown).RemindAt.After(at(240+60*29)))
	require.Equal(t, []string{"resolved down 36m0s"}, w.maintained(240+60*30, good, good, good))
}

func TestALateResultSaysNothingOfMaintenance(t *testing.T) {
	w := &world{policy: usual(60)}
	w.feed(0, good, good, broken)
	w.step(incident.Input{Run: probe.Recheck, At: at(60), Verdict: good, Attempts: 1, Maintenance: true})
	require.False(t, w.state.Maintained)
	require.Equal(t, 1, w.state.Suspect.Results)
}

func TestSlotsThatAreSkippedInMaintenanceOpenNothing(t *testing.T) {
	w := &world{policy: usual(60)}
	w.feed(0, good, broken)
	told := w.step(incident.Input{Kind: incident.Skipped, At: at(120), To: at(1200), Verdict: probe.Miss(probe.ServerError), Maintenance: true})
	require.Empty(t, told)
	require.Zero(t, w.state.Suspect)
	require.True(t, w.state.Maintained)
}

func TestAccountsAreLockedInMaintenanceToo(t *testing.T) {
	w := &world{policy: usual(60)}
	w.maintained(0, denied, denied, denied, denied, denied, denied)
	require.True(t, w.state.Hold.Ours(), "refusals in a row make us careful")
	w.step(incident.Input{At: at(1200), Verdict: good, Attempts: 1, Maintenance: true})
	require.Zero(t, w.state.Denials)
}
