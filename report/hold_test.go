package report_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/report"
)

// away is a result so many seconds ago, of a target that announces to be back so many
// seconds later.
func away(seconds int, v probe.Verdict, after int) incident.Input {
	at := ago(seconds)
	return incident.Input{At: at, Verdict: v, Attempts: 1, RecoverBy: at.Add(time.Duration(after) * time.Second), Throttled: v.Reason == probe.Throttled}
}

// spared is a slot so many seconds ago at which nothing was asked.
func spared(seconds int, why probe.Reason) incident.Input {
	return incident.Input{Kind: incident.Skipped, At: ago(seconds), To: ago(seconds), Verdict: probe.Miss(why)}
}

func told(t *testing.T, s *report.Status) string {
	t.Helper()
	var out strings.Builder
	require.NoError(t, s.WriteText(&out, report.Palette{}))
	return out.String()
}

func TestAProbeThatIsLeftAloneIsNotUnknown(t *testing.T) {
	l := newLab(t, watched("checkout", 60))
	l.feed("checkout", away(310, throttled, 600))
	for n := 250; n > 0; n -= 60 {
		l.feed("checkout", spared(n, probe.Throttled))
	}
	p := only(t, l.status())
	require.Equal(t, report.Degraded, p.State, "its slots are looked after")
	require.Equal(t, &report.Hold{Until: ago(-290), Reason: probe.Throttled}, p.Hold)
	requireContract(t, "contract-status.json", l.status(), append(slices.Clone(extraStatusKeys), "probes[].hold")...)
	require.Contains(t, told(t, l.status()), "checkout is not asked until 2026-11-23 05:04:50 UTC (throttled)\n")

	t.Run("unless nobody looks after it", func(t *testing.T) {
		l := newLab(t, watched("checkout", 60))
		l.feed("checkout", away(310, throttled, 600))
		require.Equal(t, report.Unknown, only(t, l.status()).State)
	})
	t.Run("and once it may be asked it is as any", func(t *testing.T) {
		l := newLab(t, watched("checkout", 60))
		l.feed("checkout", away(310, throttled, 100))
		require.Nil(t, only(t, l.status()).Hold)
		require.NotContains(t, told(t, l.status()), "not asked")
	})
}

func TestAnAnnouncedTimeIsShown(t *testing.T) {
	outage := func(l *lab, after int) {
		l.feed("checkout", away(310, broken, after), spared(250, probe.ServerError), spared(190, probe.ServerError))
	}
	l := newLab(t, watched("checkout", 60))
	outage(l, 600)
	status := l.status()
	x := only(t, status).Incidents[0]
	require.Equal(t, ago(-290), *x.RecoverBy)
	require.False(t, x.Unkept)
	require.Contains(t, told(t, status), ": down on checkout since 2026-11-23 04:54:50 UTC (server_error), announced to be back by 2026-11-23 05:04:50 UTC\n")

	l = newLab(t, watched("checkout", 60))
	outage(l, 250)
	l.feed("checkout", incident.Input{At: ago(10), Verdict: broken, Attempts: 2})
	status = l.status()
	require.True(t, only(t, status).Incidents[0].Unkept)
	require.Contains(t, told(t, status), "(server_error), had announced to be back by 2026-11-23 04:59:00 UTC\n")
	document, err := json.Marshal(only(t, status).Incidents[0])
	require.NoError(t, err)
	require.Contains(t, string(document), `"recover_by":"2026-11-23T04:59:00Z","unkept":true`)

	reader := l.reader()
	records, err := reader.Incidents(t.Context(), 0, now.Add(-24*time.Hour), now, 0)
	require.NoError(t, err)
	timeline, err := reader.Timeline(t.Context(), records[0].ID)
	require.NoError(t, err)
	var out strings.Builder
	require.NoError(t, report.NewStory(&records[0], timeline, now).WriteText(&out))
	story := out.String()
	require.Contains(t, story, "announced  2026-11-23 04:59:00")
	require.Regexp(t, `04:56:50  opened +server_error \(503\)`, story)
	require.Regexp(t, `04:59:50  overdue +server_error \(503\)`, story)
}
