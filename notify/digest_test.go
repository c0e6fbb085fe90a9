package notify_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/notify"
	"sonde/slo"
)

func planned(t *testing.T, zone, daily, weekly string) notify.DigestPlan {
	where, err := slo.Zone(zone)
	require.NoError(t, err)
	plan := notify.DigestPlan{Zone: where}
	if daily != "" {
		plan.Daily, err = slo.Every(daily, where)
		require.NoError(t, err)
	}
	if weekly != "" {
		plan.Weekly, err = slo.Every(weekly, where)
		require.NoError(t, err)
	}
	return plan
}

func TestADigestIsDueForSixHours(t *testing.T) {
	plan := planned(t, "Asia/Seoul", "day 09:00-09:01", "")
	at := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC) // 09:00 in Seoul
	require.Empty(t, plan.Due(at.Add(-time.Millisecond)))
	for _, late := range []time.Duration{0, time.Minute, 6 * time.Hour} {
		due := plan.Due(at.Add(late))
		require.Equal(t, []notify.DigestDue{{Period: notify.DigestDaily, From: at.Add(-24 * time.Hour), At: at, Name: "2026-11-26"}}, due)
		require.Equal(t, "digest:daily:2026-11-26:ops", due[0].Key("ops"))
	}
	require.Empty(t, plan.Due(at.Add(6*time.Hour+time.Millisecond)), "an older one is skipped")
}

func TestADayOfADigestIsAsLongAsTheDayIs(t *testing.T) {
	plan := planned(t, "Europe/Berlin", "day 09:00-09:01", "")
	for day, hours := range map[string]int{"2026-03-28": 24, "2026-03-29": 23, "2026-03-30": 24, "2026-10-25": 25} {
		local, err := time.ParseInLocation("2006-01-02 15:04", day+" 09:00", plan.Zone)
		require.NoError(t, err)
		due := plan.Due(local.UTC())
		require.Len(t, due, 1, day)
		require.Equal(t, day, due[0].Name)
		require.Equal(t, time.Duration(hours)*time.Hour, due[0].At.Sub(due[0].From), day)
	}
}

func TestADigestIsDueOnceADayWhateverTheClockDoes(t *testing.T) {
	// At 02:30 the clock is leapt over on 29 March, and shown twice on 25 October.
	plan := planned(t, "Europe/Berlin", "day 02:30-02:31", "")
	for _, month := range []time.Month{3, 10} {
		names := map[string]map[time.Time]bool{}
		for now := time.Date(2026, month, 20, 0, 0, 0, 0, time.UTC); now.Month() == month; now = now.Add(7 * time.Minute) {
			for _, due := range plan.Due(now) {
				if names[due.Name] == nil {
					names[due.Name] = map[time.Time]bool{}
				}
				names[due.Name][due.At] = true
			}
		}
		require.Len(t, names, 12)
		for name, instants := range names {
			require.Len(t, instants, 1, name)
		}
	}
}

func TestADigestOfAWeekIsNamedByIt(t *testing.T) {
	plan := planned(t, "UTC", "day 08:00-08:01", "Mon 09:00-09:01")
	at := time.Date(2027, 1, 4, 9, 30, 0, 0, time.UTC)
	due := plan.Due(at)
	require.Len(t, due, 2)
	require.Equal(t, notify.DigestDue{Period: notify.DigestWeekly, From: at.AddDate(0, 0, -7).Truncate(time.Hour), At: at.Truncate(time.Hour), Name: "2027-W01"}, due[1])
	require.Empty(t, (&notify.DigestPlan{}).Due(at))
}

func ExampleDigestDue_Key() {
	due := notify.DigestDue{Period: notify.DigestWeekly, Name: "2026-W44"}
	fmt.Println(due.Key("ops"))
	// Output: digest:weekly:2026-W44:ops
}
