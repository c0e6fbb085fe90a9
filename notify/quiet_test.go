package notify_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

func TestInQuietHoursWhatIsNotCriticalWaits(t *testing.T) {
	h := newHall(t, notify.Manners{Quiet: nights(probe.Warning, probe.Info), Mentions: map[probe.Severity]bool{probe.Warning: true, probe.Critical: true}})
	require.Empty(t, h.warns(1), "it is 5 in the morning")
	require.Empty(t, h.warns(2))
	critical := h.opens(3)
	require.Equal(t, []string{"opened p003"}, posts(critical), "what is critical is told")
	require.False(t, critical[0].Body.Uncalled)
	require.Empty(t, h.recovers(2), "nobody heard of it")
	require.Equal(t, []string{"resolved p003"}, posts(h.recovers(3)))
	require.Empty(t, h.passes(110*time.Minute))
	h.restart()
	told := h.passes(10 * time.Minute)
	require.Equal(t, []string{"digest of 1", "opened p001"}, posts(told))
	digest := told[0].Body.Digest
	require.Equal(t, "p002", digest.Over[0].Probe)
	require.Equal(t, morning, digest.Over[0].Until)
	require.Equal(t, notify.HeldFor{Why: notify.WhyQuiet, Since: morning}, told[1].Body.Held)
	require.Empty(t, h.rows)
}

func TestWhatGetsCriticalInQuietHoursIsTold(t *testing.T) {
	h := newHall(t, notify.Manners{Quiet: nights(probe.Warning)})
	h.warns(1)
	told := h.change(1, incident.Risen, func(p *incident.Problem) { p.Kind, p.Severity = probe.KindDown, probe.Critical })
	require.Equal(t, []string{"opened p001"}, posts(told), "they hear of it for the first time")
	require.Equal(t, []string{"resolved p001"}, posts(h.recovers(1)))
}

func TestWhatDoesNotWaitInQuietHoursMentionsNobody(t *testing.T) {
	h := newHall(t, notify.Manners{Quiet: nights(probe.Info), Mentions: map[probe.Severity]bool{probe.Warning: true}})
	told := h.warns(1)
	require.Len(t, told, 1)
	require.True(t, told[0].Body.Uncalled)
}

func TestInQuietHoursNobodyIsDisturbedByWhatWasToldBefore(t *testing.T) {
	h := newHall(t, notify.Manners{Quiet: nights(probe.Warning)})
	h.now = morning.Add(-7*time.Hour - time.Minute) // 21:59
	require.Equal(t, []string{"opened p001"}, posts(h.warns(1)))
	h.now = h.now.Add(5 * time.Minute)
	require.Empty(t, h.change(1, incident.Reminded, nil))
	require.Equal(t, []string{"resolved p001, quiet"}, posts(h.recovers(1)))
}

func TestWhatSomethingElseKeepsBackWaitsOnAfterQuietHours(t *testing.T) {
	h := newHall(t, notify.Manners{Quiet: nights(probe.Warning)})
	h.warns(1)
	h.kept = true
	require.Empty(t, h.passes(3*time.Hour))
	h.kept = false
	require.Equal(t, []string{"opened p001"}, posts(h.passes(15*time.Second)))
}

func TestManyThatWaitedForTheMorningAreAStorm(t *testing.T) {
	h := newHall(t, notify.Manners{Quiet: nights(probe.Warning)})
	for id := probe.ID(1); id <= 30; id++ {
		h.warns(id)
		h.passes(time.Minute)
	}
	require.Equal(t, []string{"opened p001", "opened p002", "opened p003", "opened p004", "opened p005", "opened storm 6/6"}, posts(h.passes(2*time.Hour)))
}

func TestWhatIsToldAgainInTheNightIsToldAsItIs(t *testing.T) {
	h := newHall(t, notify.Manners{Quiet: nights(probe.Warning)})
	h.warns(1)
	h.recovers(1)
	h.now = h.now.Add(time.Minute)
	require.Empty(t, h.change(1, incident.Reopened, nil))
	require.Equal(t, []string{"opened p001"}, posts(h.passes(3*time.Hour)))
}
