package slo_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/slo"
)

func TestParseWindowThatTrails(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1h": time.Hour, "60m": time.Hour, "61m": 61 * time.Minute, "36h": 36 * time.Hour, "30d": 30 * day,
		"1w": 7 * day, "57w": 399 * day, "400d": 400 * day, "9600h": 400 * day, "576000m": 400 * day, "030d": 30 * day,
	} {
		t.Run(text, func(t *testing.T) {
			got, err := slo.ParseWindow(text)
			require.NoError(t, err)
			require.Equal(t, slo.Rolling(want), got)
		})
	}
}

func TestParseWindowRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ text, says string }{
		"nothing":                       {"", "no length of time; write it like 30d"},
		"a unit alone":                  {"d", "no length of time; write it like 30d"},
		"an unknown unit":               {"30s", "no length of time; write it like 30d"},
		"a month":                       {"1M", "no length of time; write it like 30d"},
		"a sign":                        {"+30d", "no length of time; write it like 30d"},
		"a fraction":                    {"1.5d", "no length of time; write it like 30d"},
		"two units":                     {"1d12h", "no length of time; write it like 30d"},
		"an underscore":                 {"3_0d", "no length of time; write it like 30d"},
		"no time at all":                {"0d", "not between 1h and 400d; 30d is usual"},
		"a period in capitals":          {"Month", "no length of time; write it like 30d"},
		"a zone of a trailing window":   {"30d in Asia/Seoul", "which only day, week, month and quarter have"},
		"a zone without a name":         {"month in ", "no zone of the IANA database"},
		"a zone that is nowhere":        {"day in Mars/Base", "no zone of the IANA database"},
		"the zone of the machine":       {"day in Local", "no zone of the IANA database"},
		"a path in place of a zone":     {"day in ../../etc/passwd", "no zone of the IANA database"},
		"less than an hour":             {"59m", "not between 1h and 400d; 30d is usual"},
		"more than 400 days":            {"401d", "not between 1h and 400d; 30d is usual"},
		"weeks beyond 400 days":         {"58w", "not between 1h and 400d; 30d is usual"},
		"minutes beyond 400 days":       {"576001m", "not between 1h and 400d; 30d is usual"},
		"a length that would overflow":  {"15250285w", "not between 1h and 400d; 30d is usual"},
		"a length beyond every integer": {strings.Repeat("9", 30) + "w", "not between 1h and 400d; 30d is usual"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := slo.ParseWindow(tc.text)
			require.ErrorContains(t, err, tc.says)
			require.Zero(t, got)
		})
	}
}

func TestParseWindowOfACalendar(t *testing.T) {
	for text, want := range map[string]slo.Window{
		"day": {Period: slo.Day}, "week": {Period: slo.Week}, "month": {Period: slo.Month}, "quarter": {Period: slo.Quarter},
		"month in UTC":           {Period: slo.Month},
		"month in Europe/Berlin": {Period: slo.Month, Zone: "Europe/Berlin"},
		"day  in  Asia/Seoul":    {Period: slo.Day, Zone: "Asia/Seoul"},
	} {
		t.Run(text, func(t *testing.T) {
			got, err := slo.ParseWindow(text)
			require.NoError(t, err)
			require.Equal(t, want, got)
			again, err := slo.ParseWindow(got.String())
			require.NoError(t, err)
			require.Equal(t, want, again)
		})
	}
}

// instant reads an instant.
func instant(t *testing.T, text string) time.Time {
	t.Helper()
	read, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return read
}

func TestPeriods(t *testing.T) {
	for name, tc := range map[string]struct{ window, now, begin, end string }{
		"a day of UTC":                          {"day", "2026-11-26T01:30:00Z", "2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z"},
		"a day of Seoul began yesterday":        {"day in Asia/Seoul", "2026-11-26T01:30:00Z", "2026-11-25T15:00:00Z", "2026-11-26T15:00:00Z"},
		"a week begins on Monday":               {"week", "2026-11-26T01:30:00Z", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"},
		"Sunday is its last day":                {"week", "2026-11-29T23:59:59Z", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"},
		"Monday is its first":                   {"week", "2026-11-30T00:00:00Z", "2026-11-30T00:00:00Z", "2026-12-07T00:00:00Z"},
		"a week over the turn of the year":      {"week", "2027-01-01T00:00:00Z", "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z"},
		"December ends the year":                {"month", "2026-12-31T23:59:59.999Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		"February of a leap year":               {"month", "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"},
		"the fourth quarter":                    {"quarter", "2026-11-26T01:30:00Z", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		"the first quarter":                     {"quarter", "2026-03-31T23:00:00Z", "2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z"},
		"a quarter of Berlin":                   {"quarter in Europe/Berlin", "2026-03-31T21:59:59Z", "2025-12-31T23:00:00Z", "2026-03-31T22:00:00Z"},
		"the day that clocks are set forward":   {"day in Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		"the day that clocks are set back":      {"day in Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
		"a day that begins at one o'clock":      {"day in America/Sao_Paulo", "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"},
		"the day before ends there":             {"day in America/Sao_Paulo", "2018-11-04T02:00:00Z", "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z"},
		"a day whose midnight comes twice":      {"day in America/Havana", "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
		"a day that was left out":               {"day in Pacific/Apia", "2011-12-31T00:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"},
		"and the one before it":                 {"day in Pacific/Apia", "2011-12-30T00:00:00Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"},
		"a zone with half an hour":              {"month in Asia/Kolkata", "2026-11-26T01:30:00Z", "2026-10-31T18:30:00Z", "2026-11-30T18:30:00Z"},
		"a day before zones had standard times": {"day in Europe/Berlin", "1890-01-01T12:00:00Z", "1889-12-31T23:06:32Z", "1890-01-01T23:06:32Z"},
	} {
		t.Run(name, func(t *testing.T) {
			window, err := slo.ParseWindow(tc.window)
			require.NoError(t, err)
			span := window.Span(instant(t, tc.now))
			require.Equal(t, instant(t, tc.begin).Add(-time.Millisecond), span.After)
			require.Equal(t, instant(t, tc.end), span.End)
			require.Equal(t, span.End.Sub(instant(t, tc.begin)), span.Length)
		})
	}
}

func TestG10TheBudgetOfAMonthFollowsItsClocks(t *testing.T) {
	o := objective(t, "99.9% over month in Europe/Berlin")
	for name, tc := range map[string]struct {
		now    string
		hours  time.Duration
		budget time.Duration
	}{
		"March 2026 has 743 hours":   {"2026-03-10T00:00:00Z", 743, 2_674_800 * time.Millisecond},
		"October 2026 has 745 hours": {"2026-10-01T00:00:00Z", 745, 2_682_000 * time.Millisecond},
		"November 2026 has 720":      {"2026-11-30T22:59:59Z", 720, 2_592_000 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			span := o.Window.Span(instant(t, tc.now))
			require.Equal(t, tc.hours*time.Hour, span.Length)
			require.Equal(t, tc.budget, o.Budget(slo.Tally{}, span).Total)
		})
	}
}

func TestG6ADayOfTheCalendar(t *testing.T) {
	o := objective(t, "99% over day")
	midnight := instant(t, "2026-11-26T00:00:00Z")
	span := o.Window.Span(midnight.Add(24*time.Hour - time.Millisecond))
	b := o.Budget(slo.Tally{Good: 18*time.Hour - 300*time.Second, Bad: 300 * time.Second, Unknown: 6 * time.Hour}, span)
	require.Equal(t, 864*time.Second, b.Total)
	left, _ := b.RemainingRatio()
	require.InDelta(t, 0.347222222, 1-left, 1e-9)
	require.Equal(t, 0.75, b.Coverage)
	require.Equal(t, slo.Unverified, b.Status)

	first := o.Window.Span(midnight)
	require.Equal(t, midnight.Add(-time.Millisecond), first.After, "it is another day now")
	require.Equal(t, 864*time.Second, o.Budget(slo.Tally{}, first).Total, "all of the budget is there from the first moment on")
}

func TestPeriodsFollowOneAnother(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	zones := []string{
		"", "Europe/Berlin", "Asia/Seoul", "America/New_York", "America/Sao_Paulo", "America/Havana", "America/St_Johns", "Africa/Cairo", "Asia/Beirut",
		"Asia/Gaza", "Asia/Tehran", "Atlantic/Azores", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kwajalein", "Antarctica/Troll", "America/Nuuk",
	}
	from, to := instant(t, "1975-01-01T00:00:00Z").Unix(), instant(t, "2035-01-01T00:00:00Z").Unix()
	for range 20_000 {
		w := slo.Window{Period: slo.Day + slo.Period(rnd.IntN(4)), Zone: zones[rnd.IntN(len(zones))]}
		now := time.Unix(from+rnd.Int64N(to-from), 0).UTC()
		span := w.Span(now)
		require.True(t, span.After.Before(now) && now.Before(span.End), "%v lies in its %s", now, w)
		require.Equal(t, span.Length, span.End.Sub(span.After)-time.Millisecond)
		require.LessOrEqual(t, span.Length, w.Longest())
		next, before := w.Span(span.End), w.Span(span.After)
		require.Equal(t, span.End.Add(-time.Millisecond), next.After, "the %s after that of %v", w, now)
		require.Equal(t, span.After.Add(time.Millisecond), before.End, "the %s before that of %v", w, now)
	}
}

func FuzzParseWindow(f *testing.F) {
	for _, seed := range []string{"30d", "1h", "400d", "60m", "4w", "month", "week in Asia/Seoul", "quarter in UTC", "day in Local", "99999999999999999999w", "-1d", "0h", "d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := slo.ParseWindow(text)
		if err != nil {
			require.Zero(t, got)
			return
		}
		require.GreaterOrEqual(t, got.Usual(), time.Hour)
		require.LessOrEqual(t, got.Usual(), 400*day)
		span := got.Span(t0)
		require.True(t, span.After.Before(t0) && !span.End.Before(t0))
		require.LessOrEqual(t, span.Length, got.Longest())
		again, err := slo.ParseWindow(got.String())
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}
