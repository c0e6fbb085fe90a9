package configs_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/configs"
)

func TestAMomentIsNamedByItsAgeOrItsTime(t *testing.T) {
	now := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"30d":                       now.AddDate(0, 0, -30),
		"36h":                       now.Add(-36 * time.Hour),
		"90s":                       now.Add(-90 * time.Second),
		"0s":                        now,
		"2026-11-20":                time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC),
		"2026-11-20T09:30:00Z":      time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC),
		"2026-11-20T09:30:00+09:00": time.Date(2026, 11, 20, 0, 30, 0, 0, time.UTC),
	} {
		got, err := configs.ParseInstant(s, now)
		require.NoError(t, err, s)
		require.Equal(t, want, got, s)
	}
	for _, s := range []string{"", "30", "-1h", "yesterday", "2026-13-01", "2026-11-20 09:30", "5000d"} {
		_, err := configs.ParseInstant(s, now)
		require.ErrorContains(t, err, "is no moment; write how long ago", s)
	}
}

func TestASuggestionNamesTheNearestOrSomeOfAll(t *testing.T) {
	var many []string
	for i := range 1000 {
		many = append(many, fmt.Sprintf("probe-%04d", i))
	}
	require.Equal(t, "use checkout", configs.Suggest("database", []string{"checkout"}))
	require.Equal(t, "use one of checkout, login", configs.Suggest("database", []string{"checkout", "login"}))
	require.Equal(t, `did you mean "probe-0999"?`, configs.Suggest("Probe-0999", many))
	require.Regexp(t, "^use one of probe-0000, .*, probe-0019 and 980 more$", configs.Suggest("checkout", many))
}

func ExampleParseInstant() {
	at, err := configs.ParseInstant("36h", time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC))
	fmt.Println(at, err)
	// Output: 2026-11-21 17:00:00 +0000 UTC <nil>
}

func ExampleSuggest() {
	fmt.Println(configs.Suggest("chekout", []string{"checkout", "login"}))
	// Output: did you mean "checkout"?
}
