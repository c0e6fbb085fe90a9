package slo_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/slo"
)

func zone(t testing.TB, name string) *time.Location {
	loc, err := slo.Zone(name)
	require.NoError(t, err)
	return loc
}

// spells writes spells by the clock of their zone, with its offset.
func spells(all []slo.Spell, loc *time.Location) []string {
	var written []string
	for _, s := range all {
		const layout = "Mon 2006-01-02T15:04Z07:00"
		written = append(written, s.From.In(loc).Format(layout)+" to "+s.Until.In(loc).Format(layout))
	}
	return written
}

func TestARecurringScheduleHasItsSpells(t *testing.T) {
	for name, tc := range map[string]struct {
		rule, zone, from, until string
		want                    []string
	}{
		"on a weekday": {
			"Sun 02:00-03:00", "Asia/Seoul", "2026-11-20", "2026-12-01",
			[]string{"Sun 2026-11-22T02:00+09:00 to Sun 2026-11-22T03:00+09:00", "Sun 2026-11-29T02:00+09:00 to Sun 2026-11-29T03:00+09:00"},
		},
		"over midnight, from weekdays in a row": {
			"Fri-Sat 22:00-06:00", "UTC", "2026-11-26", "2026-11-30",
			[]string{"Fri 2026-11-27T22:00Z to Sat 2026-11-28T06:00Z", "Sat 2026-11-28T22:00Z to Sun 2026-11-29T06:00Z"},
		},
		"weekdays in a row go around the end of the week": {
			"sat-monday 00:00-01:00", "UTC", "2026-11-27", "2026-12-02",
			[]string{"Sat 2026-11-28T00:00Z to Sat 2026-11-28T01:00Z", "Sun 2026-11-29T00:00Z to Sun 2026-11-29T01:00Z", "Mon 2026-11-30T00:00Z to Mon 2026-11-30T01:00Z"},
		},
		"every day up to midnight": {
			"day 23:30-24:00", "UTC", "2026-11-27", "2026-11-29",
			[]string{"Fri 2026-11-27T23:30Z to Sat 2026-11-28T00:00Z", "Sat 2026-11-28T23:30Z to Sun 2026-11-29T00:00Z"},
		},
		"a spell under way at the beginning counts": {
			"Thu 22:00-06:00", "UTC", "2026-11-27", "2026-11-28",
			[]string{"Thu 2026-11-26T22:00Z to Fri 2026-11-27T06:00Z"},
		},
		"a spell that has just ended does not": {"Thu 20:00-24:00", "UTC", "2026-11-27", "2026-11-28", nil},
		"on a day of the month": {
			"31st 03:00-04:00", "UTC", "2026-01-01", "2026-04-01",
			[]string{"Sat 2026-01-31T03:00Z to Sat 2026-01-31T04:00Z", "Tue 2026-03-31T03:00Z to Tue 2026-03-31T04:00Z"},
		},
		"on the last day of the month, leap years too": {
			"last 03:00-04:00", "UTC", "2028-02-01", "2028-03-01", []string{"Tue 2028-02-29T03:00Z to Tue 2028-02-29T04:00Z"},
		},
		"on a weekday of the month": {
			"1st Tue 03:00-04:00", "UTC", "2026-11-01", "2027-01-01",
			[]string{"Tue 2026-11-03T03:00Z to Tue 2026-11-03T04:00Z", "Tue 2026-12-01T03:00Z to Tue 2026-12-01T04:00Z"},
		},
		"on the last such weekday": {
			"last Sun 03:00-04:00", "UTC", "2026-11-01", "2026-12-01", []string{"Sun 2026-11-29T03:00Z to Sun 2026-11-29T04:00Z"},
		},
		"on a fifth one where the month has it": {
			"5th Mon 03:00-04:00", "UTC", "2026-10-01", "2026-12-01", []string{"Mon 2026-11-30T03:00Z to Mon 2026-11-30T04:00Z"},
		},

		// On 2026-03-08 New York's clocks leap from 02:00 to 03:00, on 2026-11-01 they repeat 01:00 to 02:00.
		"a spell around a leap keeps its times": {
			"Sun 01:00-04:00", "America/New_York", "2026-03-07", "2026-03-10", []string{"Sun 2026-03-08T01:00-05:00 to Sun 2026-03-08T04:00-04:00"},
		},
		"a beginning that is leapt over is the leap": {
			"Sun 02:30-04:00", "America/New_York", "2026-03-07", "2026-03-10", []string{"Sun 2026-03-08T03:00-04:00 to Sun 2026-03-08T04:00-04:00"},
		},
		"an end that is leapt over lies as long behind the leap": {
			"Sun 01:30-02:30", "America/New_York", "2026-03-07", "2026-03-10", []string{"Sun 2026-03-08T01:30-05:00 to Sun 2026-03-08T03:30-04:00"},
		},
		"a spell that is leapt over is behind the leap": {
			"Sun 02:15-02:45", "America/New_York", "2026-03-07", "2026-03-10", []string{"Sun 2026-03-08T03:00-04:00 to Sun 2026-03-08T03:45-04:00"},
		},
		"an hour that is leapt over is the hour behind the leap": {
			"Sun 02:00-03:00", "America/New_York", "2026-03-07", "2026-03-10", []string{"Sun 2026-03-08T03:00-04:00 to Sun 2026-03-08T04:00-04:00"},
		},
		"an hour that is repeated counts twice": {
			"Sun 01:00-02:00", "America/New_York", "2026-10-31", "2026-11-03", []string{"Sun 2026-11-01T01:00-04:00 to Sun 2026-11-01T02:00-05:00"},
		},
		"part of it reaches from its first to its last instant": {
			"Sun 01:15-01:45", "America/New_York", "2026-10-31", "2026-11-03", []string{"Sun 2026-11-01T01:15-04:00 to Sun 2026-11-01T01:45-05:00"},
		},
		"a beginning that is repeated is the first one": {
			"Sun 01:30-03:00", "America/New_York", "2026-10-31", "2026-11-03", []string{"Sun 2026-11-01T01:30-04:00 to Sun 2026-11-01T03:00-05:00"},
		},
		"half an hour is repeated on Lord Howe Island": {
			"Sun 01:30-02:00", "Australia/Lord_Howe", "2026-04-03", "2026-04-06", []string{"Sun 2026-04-05T01:30+11:00 to Sun 2026-04-05T02:00+10:30"},
		},
		"a leap at midnight, in Beirut": {
			"day 00:00-00:30", "Asia/Beirut", "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", []string{"Sun 2026-03-29T01:00+03:00 to Sun 2026-03-29T01:30+03:00"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			loc := zone(t, tc.zone)
			s, err := slo.Every(tc.rule, loc)
			require.NoError(t, err)
			require.Equal(t, tc.want, spells(s.Spells(at(t, tc.from), at(t, tc.until)), loc))
		})
	}
}

func at(t testing.TB, s string) time.Time {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if moment, err := time.Parse(layout, s); err == nil {
			return moment
		}
	}
	t.Fatalf("%q is no moment", s)
	return time.Time{}
}

func TestARuleThatIsNoneIsRefused(t *testing.T) {
	for rule, want := range map[string]string{
		"":                        "has no days and hours",
		"02:00-03:00":             "has no days and hours",
		"Sun":                     "has no days and hours",
		"Sun 2:00-3:00":           "are no hours",
		"Sun 02:00":               "are no hours",
		"Sun 24:00-03:00":         "are no hours",
		"Sun 02:60-03:00":         "are no hours",
		"Sun 02:00-24:01":         "are no hours",
		"Sun -2:00-03:00":         "are no hours",
		"Sun 02:00-02:00":         "begins when it ends",
		"Sonntag 02:00-03:00":     "are no days",
		"Sun- 02:00-03:00":        "are no days",
		"Sun,,Mon 02:00-03:00":    "are no days",
		"0th 02:00-03:00":         "are no days",
		"32nd 02:00-03:00":        "are no days",
		"1nd 02:00-03:00":         "are no days",
		"6th Sun 02:00-03:00":     "are no days",
		"next Sun 02:00-03:00":    "are no days",
		"1st of Nov 02:00-03:00":  "names too much",
		"Sun and Mon 02:00-03:00": "names too much",
	} {
		_, err := slo.Every(rule, time.UTC)
		require.ErrorContains(t, err, want, rule)
	}
	for _, name := range []string{"", "Local", "Seoul", "Asia/Seoul ", "../etc/passwd", "KST"} {
		_, err := slo.Zone(name)
		require.ErrorContains(t, err, "is no time zone", name)
	}
}

func TestOneSpellHasAnEndBehindItsBeginning(t *testing.T) {
	from := time.Date(2026, 11, 26, 2, 0, 0, 0, time.UTC)
	_, err := slo.Once(from, from)
	require.ErrorContains(t, err, "does not lie before")
	_, err = slo.Once(from, from.AddDate(2, 0, 0))
	require.ErrorContains(t, err, "longer than 400 days")
	s, err := slo.Once(from, from.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, []slo.Spell{{From: from, Until: from.Add(time.Hour)}}, s.Spells(from.Add(59*time.Minute), from.AddDate(1, 0, 0)))
	require.Empty(t, s.Spells(from.Add(time.Hour), from.AddDate(1, 0, 0)), "the end is not part of it")
	require.Equal(t, s.Spells(from, from.Add(1))[0], s.Next(from.AddDate(-5, 0, 0)), "however far off")
	require.Zero(t, s.Next(from.Add(time.Hour)))
}

func TestSpellsThatTouchAreOne(t *testing.T) {
	h := func(n int) time.Time { return time.Date(2026, 11, 26, n, 0, 0, 0, time.UTC) }
	require.Equal(t, []slo.Spell{{From: h(1), Until: h(5)}, {From: h(6), Until: h(7)}},
		slo.MergeSpells([]slo.Spell{{From: h(6), Until: h(7)}, {From: h(3), Until: h(5)}, {From: h(1), Until: h(3)}, {From: h(2), Until: h(3)}, {From: h(9), Until: h(9)}}))
}

// FuzzSchedule holds schedules to their laws: what is read is written as it is read, and
// spells are neither empty nor endless, in every zone and over every leap.
func FuzzSchedule(f *testing.F) {
	for _, rule := range []string{"Sun 02:00-03:00", "Mon-Fri 22:00-06:00", "day 00:00-24:00", "1st 03:00-04:00", "last Sun 02:30-02:31", "Sat,Sun 23:59-00:00"} {
		for _, name := range []string{"UTC", "Asia/Seoul", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu"} {
			f.Add(rule, name, int64(1_772_000_000))
		}
	}
	f.Add("day 00:00-24:00", "Pacific/Apia", int64(1_325_200_000)) // a day that never was
	f.Fuzz(func(t *testing.T, rule, name string, seconds int64) {
		loc, err := slo.Zone(name)
		if err != nil {
			return
		}
		s, err := slo.Every(rule, loc)
		if err != nil {
			return
		}
		again, err := slo.ParseSchedule(s.String())
		require.NoError(t, err)
		require.Equal(t, s.String(), again.String())
		now := time.Unix(seconds%8_000_000_000, 0)
		all := s.Spells(now, now.AddDate(0, 0, 40))
		for i, spell := range all {
			require.False(t, spell.IsZero())
			require.LessOrEqual(t, spell.Until.Sub(spell.From), 3*24*time.Hour)
			require.False(t, spell.Within(now, now.AddDate(0, 0, 40)).IsZero())
			require.Equal(t, []slo.Spell{spell}, overlapping(s.Spells(spell.From, spell.Until), spell), "it is found by its own time")
			require.True(t, i == 0 || !spell.From.Before(all[i-1].From), "in their order")
		}
		if len(all) > 0 {
			require.False(t, s.Next(now).IsZero())
			require.True(t, s.Next(now).Until.After(now))
		}
	})
}

// overlapping are the spells that are the same as one.
func overlapping(all []slo.Spell, one slo.Spell) (same []slo.Spell) {
	for _, s := range all {
		if s == one && len(same) == 0 {
			same = append(same, s)
		}
	}
	return same
}

func ExampleSchedule_Next() {
	zone, _ := slo.Zone("Asia/Seoul")
	s, _ := slo.Every("Sun 02:00-03:00", zone)
	next := s.Next(time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC))
	fmt.Println(next.From.Format(time.RFC3339), s)
	// Output: 2026-11-28T17:00:00Z Sun 02:00-03:00 Asia/Seoul
}
