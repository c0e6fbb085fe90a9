package report_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/report"
	"sonde/store"
)

// reader opens the lab's database to look at it.
func (l *lab) reader() *store.Reader {
	l.t.Helper()
	reader, err := store.OpenReader(l.t.Context(), l.path)
	require.NoError(l.t, err)
	l.t.Cleanup(func() { require.NoError(l.t, reader.Close()) })
	return reader
}

// history is how a probe was from so long ago until so long ago.
func (l *lab) history(name string, since, until time.Duration) *report.History {
	l.t.Helper()
	return report.NewHistory(l.past(name, since, until), now)
}

func (l *lab) past(name string, since, until time.Duration) *report.Past {
	l.t.Helper()
	reader := l.reader()
	p, err := reader.Find(l.t.Context(), name)
	require.NoError(l.t, err)
	past, err := report.ReadPast(l.t.Context(), reader, p, now.Add(-since), now.Add(-until))
	require.NoError(l.t, err)
	return past
}

// story is a lab whose checkout was seen for 100 minutes: a day with everything in it.
func story(t *testing.T) *lab {
	l := newLab(t, watched("checkout", 60), watched("quiet", 60))
	l.play("checkout", 6000, slices.Concat(
		times(30, good), times(4, broken), times(2, gateway), times(20, good), times(3, missing), times(2, blind), times(39, good))...)
	return l
}

// seen is a past with evidence.
func seen(past *report.Past) *report.Past {
	past.Sights = []store.Sight{
		{At: ago(3900), Attempts: []probe.Attempt{
			{Verdict: gateway, Evidence: probe.Evidence{AnsweredBy: "edge/2.1"}}, {Verdict: good, Evidence: probe.Evidence{AnsweredBy: "shop"}},
		}},
		{At: ago(4000), Attempts: []probe.Attempt{{Verdict: refused, Evidence: probe.Evidence{Error: "dial tcp: connection refused"}}}},
	}
	return past
}

// even is a history whose quantiles, which are right to one per cent, are what was played.
func even(t *testing.T, h *report.History) *report.History {
	t.Helper()
	settle := func(l *report.Latency) {
		for _, ms := range []*float64{l.P50, l.P95, l.P99, l.Max} {
			if ms != nil {
				require.InEpsilon(t, 41.2, *ms, 0.011)
				*ms = 41.2
			}
		}
	}
	settle(&h.Total.Latency)
	require.NotNil(t, h.Total.Latency.P50)
	for i := range h.Rows {
		settle(&h.Rows[i].Latency)
	}
	return h
}

func TestAHistoryIsAChartThenTotalsThenWhatWasNotGood(t *testing.T) {
	h := even(t, report.NewHistory(seen(story(t).past("checkout", 2*time.Hour, 0)), now))
	golden(t, "history.json", indented(t, h))
	requireContract(t, "contract-history.json", h)
	var out strings.Builder
	require.NoError(t, h.WriteText(&out))
	golden(t, "history.txt", out.String())
	for line := range strings.Lines(out.String()) {
		require.Equal(t, strings.TrimRight(line, " \n")+"\n", line, "no line ends in a space")
	}
}

func TestAHistoryWithoutDataHasNullsAndNoZeros(t *testing.T) {
	h := story(t).history("quiet", 24*time.Hour, 0)
	requireContract(t, "contract-history.json", h)
	require.Len(t, h.Rows, 24)
	for _, row := range append(h.Rows, h.Total) {
		require.Nil(t, row.Availability.Ratio)
		require.Nil(t, row.Latency.P50)
		require.Zero(t, row.Availability.Coverage)
	}
	var document map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(indented(t, h)), &document))
	for _, key := range []string{"stretches", "incidents", "evidence"} {
		require.Equal(t, "[]", string(document[key]), key)
	}
	var out strings.Builder
	require.NoError(t, h.WriteText(&out))
	require.NotContains(t, out.String(), "%")
}

func TestTheRowsOfAHistoryAddUpToItsTotal(t *testing.T) {
	l := story(t)
	for _, since := range []time.Duration{17 * time.Minute, 63 * time.Minute, 100 * time.Minute, 5*time.Hour + 7*time.Second, 47 * time.Hour, 90 * 24 * time.Hour} {
		for _, until := range []time.Duration{0, 11*time.Minute + 13*time.Millisecond} {
			t.Run(fmt.Sprintf("%s until %s", since, until), func(t *testing.T) {
				h := l.history("checkout", since, until)
				require.LessOrEqual(t, len(h.Rows), 62)
				results, codes := int64(0), map[int]int64{}
				at := h.Total.From
				for _, row := range h.Rows {
					require.Equal(t, at, row.From, "rows follow each other without a gap")
					at = row.To
					results += row.Results
					for code, n := range row.Codes {
						codes[code] += n
					}
				}
				require.Equal(t, h.Total.To, at)
				require.Equal(t, h.Total.Results, results)
				require.Equal(t, h.Total.Codes, codes)
				for _, row := range h.Rows[1:] {
					require.Zero(t, row.From.Sub(row.From.Truncate(time.Duration(h.StepMS)*time.Millisecond)), "rows are cut on the clock")
				}
			})
		}
	}
}

func TestARangeOfTwoDaysIsExactAndALongerOneBeginsOnTheHour(t *testing.T) {
	l := story(t)
	require.Equal(t, now.Add(-47*time.Hour-13*time.Minute), l.history("checkout", 47*time.Hour+13*time.Minute, 0).Total.From)
	require.Equal(t, now.Add(-50*time.Hour), l.history("checkout", 49*time.Hour+13*time.Minute, 0).Total.From)
}

func TestTheResolutionOfAHistoryFitsAPage(t *testing.T) {
	l := story(t)
	for since, step := range map[time.Duration]time.Duration{
		90 * time.Second: time.Minute, time.Hour: time.Minute, 2 * time.Hour: 5 * time.Minute, 12 * time.Hour: 15 * time.Minute,
		24 * time.Hour: time.Hour, 48 * time.Hour: time.Hour, 7 * 24 * time.Hour: 6 * time.Hour, 30 * 24 * time.Hour: 24 * time.Hour,
		90 * 24 * time.Hour: 3 * 24 * time.Hour, 365 * 24 * time.Hour: 7 * 24 * time.Hour, 3650 * 24 * time.Hour: 90 * 24 * time.Hour,
	} {
		h := l.history("checkout", since, 0)
		require.Equal(t, step.Milliseconds(), h.StepMS, since)
	}
}

func TestAnAvailabilityThatRestsOnLittleSaysSoEverywhere(t *testing.T) {
	l := newLab(t, watched("checkout", 60))
	l.play("checkout", 3540, slices.Concat(times(30, good), times(20, blind), times(10, good))...)
	h := l.history("checkout", time.Hour, 0)
	require.InDelta(t, 2.0/3, h.Total.Availability.Coverage, 0.02)
	var out strings.Builder
	require.NoError(t, h.WriteText(&out))
	require.Contains(t, out.String(), "availability  100.00% (seen 66.")
	require.Contains(t, out.String(), "unknown  prober_network")
}

func TestAHistoryListsTheLatestStretchesOnly(t *testing.T) {
	l := newLab(t, watched("checkout", 60))
	var verdicts []probe.Verdict
	for range 25 {
		verdicts = append(verdicts, broken, good)
	}
	l.play("checkout", 3000, verdicts...)
	h := l.history("checkout", time.Hour, 0)
	require.Len(t, h.Stretches, 25, "scripts get all of them")
	var out strings.Builder
	require.NoError(t, h.WriteText(&out))
	require.Contains(t, out.String(), "  and 5 before these\n")
	require.Equal(t, 20, strings.Count(out.String(), "bad  server_error"))
}

func TestTheBarOfARowShowsEvenASingleBadSlot(t *testing.T) {
	l := newLab(t, watched("checkout", 60))
	l.play("checkout", 3600, slices.Concat(times(40, good), times(1, broken), times(19, good))...)
	l.feed("checkout", incident.Input{At: now, Verdict: good, Attempts: 1})
	var out strings.Builder
	require.NoError(t, l.history("checkout", 24*time.Hour, 0).WriteText(&out))
	require.Contains(t, out.String(), strings.Repeat("#", 23)+"x  98.33%")
}

func TestAHistoryOfARetiredProbeSaysSo(t *testing.T) {
	past := story(t).past("checkout", time.Hour, 0)
	past.Probe.RetiredAt = ago(600)
	h := report.NewHistory(past, now)
	require.Contains(t, indented(t, h), `"retired_at": "2026-11-23T04:50:00Z"`)
	var out strings.Builder
	require.NoError(t, h.WriteText(&out))
	require.Contains(t, out.String(), "not configured any more since 2026-11-23 04:50 UTC")
}

func TestASlotAtTheBeginningOfARangeBelongsToItAndOneAtItsEndDoesNot(t *testing.T) {
	l := newLab(t, watched("checkout", 60))
	l.play("checkout", 3600, slices.Concat(times(20, good), times(1, broken), times(9, good), times(1, broken), times(20, good))...)
	h := l.history("checkout", 40*time.Minute, 30*time.Minute)
	require.Equal(t, int64(10), h.Total.Results)
	require.Equal(t, int64(1), h.Total.Outcomes[probe.Bad])
	require.InDelta(t, 0.9, *h.Total.Availability.Ratio, 1e-9)
	require.Equal(t, []report.Stretch{{From: ago(2400), To: ago(2340), Outcome: probe.Bad, Reason: probe.ServerError}}, h.Stretches)
}
