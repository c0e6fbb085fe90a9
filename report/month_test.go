package report_test

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/report"
	"sonde/slo"
	"sonde/store"
)

// november is a month in which checkout was down twice, and of which the end is yet to come.
func november(t *testing.T) *report.Month {
	t.Helper()
	members := inGroup("payments", slo.Worst, "99.9% over 30d", watched("checkout", 60, "99.9% over 30d", "99% over 7d", "99.9% over month"), watched("login", 60))
	l := newLab(t, append(members, watched(`<b>images & "more"</b>`, 60, "99.5% over 30d"), watched("never", 60, "99% over 30d"))...)
	l.play("checkout", 7200, slices.Concat(times(10, good), times(5, broken), times(20, good), times(4, broken), times(82, good))...)
	l.play("login", 7200, slices.Concat(times(8, good), times(4, denied), times(109, good))...)
	l.play(`<b>images & "more"</b>`, 7200, times(121, good)...)
	span, err := report.ParseMonth("2026-11", "Europe/Berlin")
	require.NoError(t, err)
	return l.month(span, now)
}

func (l *lab) month(span slo.Span, at time.Time) *report.Month {
	l.t.Helper()
	reader, err := store.OpenReader(l.t.Context(), l.path)
	require.NoError(l.t, err)
	defer func() { require.NoError(l.t, reader.Close()) }()
	month, err := report.ReadMonth(l.t.Context(), reader, span, at)
	require.NoError(l.t, err)
	month.Month, month.Zone = "2026-11", "Europe/Berlin"
	return month
}

func TestAMonthInEveryFormat(t *testing.T) {
	month := november(t)
	for _, format := range []string{"text", "csv", "json", "html"} {
		require.True(t, report.IsMonthFormat(format))
		var out strings.Builder
		require.NoError(t, month.Write(&out, format))
		golden(t, "month."+format, out.String())
	}
	var out strings.Builder
	require.EqualError(t, month.Write(&out, "pdf"), `"pdf" is no format; use text, csv, json or html`)
	require.False(t, report.IsMonthFormat("pdf"))
}

func TestAMonthCountsWhatOpenedInIt(t *testing.T) {
	month := november(t)
	require.Equal(t, []string{`<b>images & "more"</b>`, "checkout", "checkout", "login", "never"}, names(month.Probes))
	checkout := month.Probes[1]
	require.InDelta(t, 0.999, *checkout.Target, 1e-12)
	require.EqualValues(t, 2_592_000, *checkout.BudgetMS, "November has 720 hours in Berlin")
	require.EqualValues(t, 9*60_000, checkout.SpentMS)
	require.InDelta(t, 1-540.0/2592, *checkout.RemainingRatio, 1e-12)
	require.Equal(t, 1, checkout.Incidents, "a relapse is the same incident")
	require.EqualValues(t, 2*60_000, *checkout.MTTDMS)
	require.NotNil(t, checkout.MTTRMS)
	require.Nil(t, checkout.MTTAMS, "nobody acknowledged")
	require.InDelta(t, 0.99, *month.Probes[2].Target, 1e-12, "each target once")
	require.Nil(t, month.Probes[3].Target, "login promises nothing")
	require.Equal(t, "no_objective", month.Probes[3].Status)
	require.Equal(t, "no_data", month.Probes[4].Status)
	require.Nil(t, month.Probes[4].AttainedRatio)
	require.Equal(t, []string{"payments"}, names(month.Groups))
	require.EqualValues(t, 9*60_000, month.Groups[0].SpentMS)
	require.Equal(t, 2, month.Groups[0].Incidents)
	require.False(t, month.Complete)
}

func names(rows []report.MonthRow) (all []string) {
	for _, r := range rows {
		all = append(all, r.Name)
	}
	return all
}

func TestAMonthIsItsOwn(t *testing.T) {
	l := newLab(t, watched("a", 60, "99% over 30d"))
	l.play("a", 7200, slices.Concat(times(60, broken), times(61, good))...) // 3:00 to 4:00 on the 23rd
	october, err := report.ParseMonth("2026-10", "")
	require.NoError(t, err)
	row := l.month(october, now).Probes[0]
	require.Equal(t, "no_data", row.Status, "there was no slot in October")
	require.Zero(t, row.SpentMS)
	require.Zero(t, row.Incidents)
	require.True(t, l.month(october, now).Complete)

	november, err := report.ParseMonth("2026-11", "")
	require.NoError(t, err)
	late := l.month(november, now.AddDate(0, 1, 0)).Probes[0]
	require.EqualValues(t, time.Hour.Milliseconds(), late.SpentMS)
	require.InDelta(t, 61.0/121, *late.AttainedRatio, 1e-12)
	require.Less(t, late.Coverage, 0.2, "after that nothing was seen until the month was over")
}

func TestParseMonth(t *testing.T) {
	for name, tc := range map[string]struct{ month, zone, says string }{
		"no month":        {"", "", `"" is no month; write it like 2026-11`},
		"a day":           {"2026-11-01", "", "is no month"},
		"a month too far": {"2026-13", "", "is no month"},
		"a word":          {"november", "", "is no month"},
		"no zone":         {"2026-11", "Mars", "no zone of the IANA database"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := report.ParseMonth(tc.month, tc.zone)
			require.ErrorContains(t, err, tc.says)
		})
	}
	span, err := report.ParseMonth("2026-03", "Europe/Berlin")
	require.NoError(t, err)
	require.Equal(t, 743*time.Hour, span.Length)
}

func TestThePageOfAMonthHoldsNothingForeign(t *testing.T) {
	var out strings.Builder
	require.NoError(t, november(t).Write(&out, "html"))
	page := out.String()
	require.Contains(t, page, "&lt;b&gt;images &amp; &#34;more&#34;&lt;/b&gt;")
	for _, foreign := range []string{"<b>", "http://", "https://", "<script", "<img", "src=", "href=", "url("} {
		require.NotContains(t, page, foreign)
	}
}

func TestScriptsReadAMonth(t *testing.T) {
	month := november(t)
	var out strings.Builder
	require.NoError(t, month.Write(&out, "json"))
	var back report.Month
	require.NoError(t, json.Unmarshal([]byte(out.String()), &back))
	require.Equal(t, month.Probes, back.Probes)

	out.Reset()
	require.NoError(t, month.Write(&out, "csv"))
	lines, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 1+len(month.Probes)+len(month.Groups))
	require.Equal(t, "", lines[5][5], "what is not known is empty")
}
