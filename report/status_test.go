package report_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/report"
	"sonde/store"
)

// extraStatusKeys are those that we add to the document that is promised.
var extraStatusKeys = []string{
	"probes[].labels", "probes[].runbook", "probes[].objectives[].attained_ratio", "probes[].objectives[].kind",
	"probes[].incidents[].since", "probes[].incidents[].recovered_at",
}

// town is a lab in which a probe is in each of the states, and one has a past.
func town(t *testing.T) *lab {
	t.Helper()
	checkout := watched("checkout", 60, "99% over 24h", "99.9% over 30d")
	checkout.Subject.Group, checkout.Subject.Runbook = "payments", "https://runbooks.example.com/checkout"
	checkout.Subject.Labels = map[string]string{"team": "payments", "zone": "서울"}
	checkout.Subject.Routes = notify.Routes{Default: []string{"ops", "backup"}}
	l := newLab(t, checkout, watched("api", 60, "99.5% over 30d"), watched("blog", 60, "90% over 1h"), watched("결제", 60),
		watched("idle", 60, "99.5% over 30d"), watched("shy", 60, "99% over 1h"))
	l.play("checkout", 5*3600, slices.Concat(times(290, good), times(6, broken), times(4, gateway))...)
	l.play("api", 580, slices.Concat(times(5, good), times(4, denied), times(1, throttled))...)
	l.play("blog", 3600, slices.Concat(times(5, refused), times(54, good), times(2, good))...)
	l.play("결제", 70, good, refused)
	l.play("shy", 3000, slices.Concat(times(20, good), times(30, blind))...)
	l.feed("checkout", incident.Input{
		At: ago(0), Verdict: broken, Attempts: 2, Timings: probe.Timings{Total: 41200 * time.Microsecond},
	})
	l.deliver()
	return l
}

// deliver makes the first message to ops one that cannot be delivered.
func (l *lab) deliver() {
	l.t.Helper()
	claim, _, err := l.store.Claim(l.t.Context(), "ops", now)
	require.NoError(l.t, err)
	require.NotNil(l.t, claim)
	require.NoError(l.t, l.store.Settle(l.t.Context(), claim.Message.ID, notify.Settlement{State: notify.StateDead, At: now}))
}

func TestTheStatusDocumentIsWhatScriptsHoldOnTo(t *testing.T) {
	s := town(t).status()
	golden(t, "status.json", indented(t, s))
	requireContract(t, "contract-status.json", s, extraStatusKeys...)
}

func TestTheDocumentOfNothingHasListsNotNulls(t *testing.T) {
	s := newLab(t).status()
	requireContract(t, "contract-status.json", s)
	document := indented(t, s)
	require.Contains(t, document, `"probes": []`)
	require.Contains(t, document, `"classes_24h": {}`)
	require.Contains(t, document, `"last_write_at": null`)

	document = indented(t, newLab(t, watched("new", 60)).status())
	for _, line := range []string{`"objectives": []`, `"incidents": []`, `"since": null`, `"last": null`, `"ratio": null`} {
		require.Contains(t, document, line)
	}
	require.NotContains(t, document, "labels", "nothing was configured")
}

func TestWhatCannotBeKnownIsNull(t *testing.T) {
	for name, verdicts := range map[string][]probe.Verdict{
		"never ran":             nil,
		"nothing that is bad":   times(30, throttled),
		"only our own troubles": times(30, blind),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, watched("a", 60, "99.5% over 30d"))
			if verdicts != nil {
				l.play("a", 60*(len(verdicts)-1), verdicts...)
			}
			p := only(t, l.status())
			for window, a := range p.Availability {
				require.Nil(t, a.Ratio, window)
				require.Zero(t, a.Coverage, window)
			}
			o := p.Objectives[0]
			require.Equal(t, "no_data", o.Status)
			require.Nil(t, o.RemainingRatio)
			require.Nil(t, o.AttainedRatio)
			require.Equal(t, map[string]*float64{"1h": nil, "6h": nil}, o.BurnRate)
			require.Nil(t, o.ExhaustedAt)
			require.Zero(t, o.SpentMS)
			require.EqualValues(t, 12_960_000, o.BudgetMS, "the budget is known: half a percent of 30 days")
		})
	}
}

func TestNoAnswerHasAStatusOfNull(t *testing.T) {
	l := newLab(t, watched("a", 60))
	l.play("a", 0, refused)
	var document struct {
		Probes []struct {
			Last map[string]json.RawMessage
		}
	}
	require.NoError(t, json.Unmarshal([]byte(indented(t, l.status())), &document))
	require.Equal(t, "null", string(document.Probes[0].Last["status"]))
	require.Equal(t, `"no_response"`, string(document.Probes[0].Last["class"]))
}

func TestObjectivesSayHowMuchOfThePromiseIsLeft(t *testing.T) {
	l := newLab(t, watched("a", 60, "99% over 24h"))
	// A day of slots, of which the last 12 were bad: 12 of 14.4 minutes are spent.
	l.play("a", 86400-60, slices.Concat(times(1428, good), times(12, broken))...)
	o := only(t, l.status()).Objectives[0]
	require.Equal(t, "99% over 1d", o.String())
	require.Equal(t, "1d", o.Window)
	require.EqualValues(t, 864_000, o.BudgetMS)
	require.EqualValues(t, 720_000, o.SpentMS)
	require.Equal(t, "at_risk", o.Status)
	require.InDelta(t, 1-12/14.4, *o.RemainingRatio, 1e-12)
	require.InDelta(t, 1428.0/1440, *o.AttainedRatio, 1e-12)
	require.InDelta(t, 12.0/0.6, *o.BurnRate["1h"], 1e-9)
	require.InDelta(t, 12.0/3.6, *o.BurnRate["6h"], 1e-9)
	require.Equal(t, 1.0, o.Coverage)
	// 2.4 of 14.4 minutes at 10/3 times the promised speed: 24 h / 6 / (10/3) = 1.2 h.
	require.Equal(t, now.Add(72*time.Minute), *o.ExhaustedAt)
}

func TestAPromiseIsAtRiskWhileItsBudgetBurns(t *testing.T) {
	p := watched("a", 60, "99.9% over 30d", "99% over 30d")
	p.Policy.Budgets = incident.NewBudgets(p.Objectives, time.Minute, incident.BudgetRules{Fast: true, Levels: []int{1}})
	l := newLab(t, p)
	l.play("a", 86400-60, slices.Concat(times(1000, good), times(3, broken), times(30, good))...)
	burning := only(t, l.status())
	require.Equal(t, "at_risk", burning.Objectives[0].Status, "most of it is left, but not for long")
	require.Equal(t, "unverified", burning.Objectives[1].Status, "the other one bears that")
	require.Equal(t, 1, l.status().ExitCode())
	l.play("a", 86400-60-1033*60, times(407, good)...)
	calm := only(t, l.status())
	require.Equal(t, "met", calm.Objectives[0].Status)
	require.Equal(t, report.Degraded, calm.State, "what of it is spent is an incident, and open")
	require.Equal(t, probe.KindBudgetThreshold, calm.Incidents[len(calm.Incidents)-1].Kind)
	require.Equal(t, report.ExitWarning, l.status().ExitCode())
}

func TestAnObjectiveOverAPeriodOfTheCalendar(t *testing.T) {
	// Now is 5:00 UTC on a Monday, and 14:00 in Seoul.
	l := newLab(t, watched("a", 60, "99% over day in Asia/Seoul", "99% over week", "99% over day", "99% over 24h"))
	l.play("a", 16*3600, slices.Concat(
		times(60, broken), // 22:00 to 23:00 in Seoul, 13:00 to 14:00 UTC: of yesterday in both, and of last week
		times(60, good),
		times(10, broken), // from midnight in Seoul on, 15:00 UTC: of yesterday in UTC
		times(9*60-10, good),
		times(1, broken), // at midnight UTC
		times(299, good),
		times(1, good), // now
	)...)
	all := only(t, l.status()).Objectives
	for i, want := range []struct {
		window, zone string
		budget       time.Duration
		spent        time.Duration
	}{
		{"day", "Asia/Seoul", 864 * time.Second, 11 * time.Minute},
		{"week", "UTC", 6048 * time.Second, time.Minute},
		{"day", "UTC", 864 * time.Second, time.Minute},
		{"1d", "", 864 * time.Second, 71 * time.Minute},
	} {
		o := all[i]
		require.Equal(t, want.window, o.Window)
		require.Equal(t, want.zone, o.Zone)
		require.Equal(t, want.budget.Milliseconds(), o.BudgetMS, o.String())
		require.Equal(t, want.spent.Milliseconds(), o.SpentMS, o.String())
	}
	require.Nil(t, all[1].ExhaustedAt, "the week ends before its budget does")
	require.Equal(t, "99% over day in Asia/Seoul", all[0].String())
}

func TestAShortTroubleIsNotProjectedToTheEnd(t *testing.T) {
	l := newLab(t, watched("a", 60, "99% over 24h"))
	l.play("a", 7200, slices.Concat(times(120, good), times(1, slow))...)
	o := only(t, l.status()).Objectives[0]
	require.Greater(t, *o.BurnRate["1h"], 1.0)
	require.Less(t, *o.BurnRate["6h"], 1.0)
	require.Nil(t, o.ExhaustedAt, "six hours like these would not use it up")
}

func TestAStatusWithoutServiceSaysSo(t *testing.T) {
	l := newLab(t, watched("a", 60))
	l.play("a", 60, good, good)
	require.True(t, l.status().Service.Running)
	l.stop()
	s := l.status()
	require.False(t, s.Service.Running)
	require.Equal(t, "1.2.3", s.Service.Version)
	require.Equal(t, ago(7200), *s.Service.StartedAt)
	require.Equal(t, ago(0), *s.Service.LastWrite)
}

func TestAllNumbersAreFinite(t *testing.T) {
	// Budgets of next to nothing and of nearly everything, spent, and a clock that lies.
	l := newLab(t, watched("a", 60, "99.9999% over 1h", "0.0001% over 400d"), watched("b", 1, "99% over 1h"))
	l.play("a", 600, times(11, broken)...)
	l.play("b", 3, good, broken, good)
	reader, err := store.OpenReader(t.Context(), l.path)
	require.NoError(t, err)
	defer func() { require.NoError(t, reader.Close()) }()
	for _, at := range []time.Time{now, now.AddDate(0, 0, -1), now.AddDate(-50, 0, 0), now.AddDate(5, 0, 0)} {
		snapshot, err := reader.Snapshot(t.Context(), at)
		require.NoError(t, err)
		s := report.NewStatus(snapshot, at)
		_, err = json.Marshal(s) // refuses NaN and infinity
		require.NoError(t, err, at)
		for i := range s.Probes {
			for window, a := range s.Probes[i].Availability {
				require.True(t, a.Ratio == nil || *a.Ratio >= 0 && *a.Ratio <= 1, window)
				require.True(t, a.Coverage >= 0 && a.Coverage <= 1 && !math.IsNaN(a.Coverage), window)
			}
		}
		require.NoError(t, s.WriteText(new(strings.Builder), report.Palette{}))
	}
}

func TestTimesAreUTCWhateverTheClocksZone(t *testing.T) {
	l := newLab(t, watched("a", 60, "99% over 24h"))
	l.play("a", 840, slices.Concat(times(7, good), times(8, broken))...)
	seoul := now.In(time.FixedZone("KST", 9*3600))
	reader, err := store.OpenReader(t.Context(), l.path)
	require.NoError(t, err)
	defer func() { require.NoError(t, reader.Close()) }()
	snapshot, err := reader.Snapshot(t.Context(), seoul)
	require.NoError(t, err)
	s := report.NewStatus(snapshot, seoul)
	require.NotNil(t, only(t, s).Objectives[0].ExhaustedAt)
	requireContract(t, "contract-status.json", s, extraStatusKeys...)
	require.Contains(t, indented(t, s), `"generated_at": "2026-11-23T05:00:00Z"`)
}
