package configs_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/configs"
)

func TestParseDurationReadsUnitsUpToWeeks(t *testing.T) {
	for written, want := range map[string]time.Duration{
		"0s":     0,
		"500ms":  500 * time.Millisecond,
		"90s":    90 * time.Second,
		"1m30s":  90 * time.Second,
		"1.5h":   90 * time.Minute,
		".5s":    500 * time.Millisecond,
		"1.250s": 1250 * time.Millisecond,
		"4h":     4 * time.Hour,
		"30d":    720 * time.Hour,
		"2w":     336 * time.Hour,
		"1d12h":  36 * time.Hour,
		"3650d":  3650 * 24 * time.Hour,
	} {
		t.Run(written, func(t *testing.T) {
			got, err := configs.ParseDuration(written)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

func TestParseDurationSaysWhatIsWrong(t *testing.T) {
	for name, tc := range map[string]struct{ written, want string }{
		"a bare number has no unit":         {"60", "60 has no unit; write 60s"},
		"not even zero":                     {"0", "0 has no unit; write 0s"},
		"words are no lengths":              {"soon", `"soon" is no length of time; write it like 90s, 1m30s, 4h or 30d`},
		"nothing is no length":              {"", `"" is no length of time; write it like 90s, 1m30s, 4h or 30d`},
		"a length is not negative":          {"-5s", `"-5s" is no length of time; write it like 90s, 1m30s, 4h or 30d`},
		"a number is missing its unit":      {"1m30", `"1m30" is no length of time; write it like 90s, 1m30s, 4h or 30d`},
		"spaces do not part":                {"10 s", `"10 s" is no length of time; write it like 90s, 1m30s, 4h or 30d`},
		"units are known":                   {"5years", `"5years" has the unknown unit "years"; use ms, s, m, h, d or w`},
		"nothing is finer than 1ms":         {"1.0005s", `"1.0005s" is not a number of whole milliseconds`},
		"a dot is no number":                {".s", `".s" is not a number of whole milliseconds`},
		"two points are no number":          {"1.2.3s", `"1.2.3s" is not a number of whole milliseconds`},
		"ten years are enough":              {"3651d", `"3651d" is longer than 3650d`},
		"a sum can be too long":             {"3650d1s", `"3650d1s" is longer than 3650d`},
		"a huge number does not come round": {"99999999999999999999w", `"99999999999999999999w" is longer than 3650d`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := configs.ParseDuration(tc.written)
			require.EqualError(t, err, tc.want)
		})
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, seed := range []string{"60s", "1m30s", "1.5h", "30d", "2w", "60", "", "-1s", "1e3s", "9223372036854775807ms", ".5s", "1.s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, written string) {
		length, err := configs.ParseDuration(written)
		if err != nil {
			require.Zero(t, length)
			return
		}
		require.GreaterOrEqual(t, length, time.Duration(0))
		require.LessOrEqual(t, length, 3650*24*time.Hour)
		require.Zero(t, length%time.Millisecond)
		again, err := configs.ParseDuration(configs.FormatDuration(length))
		require.NoError(t, err)
		require.Equal(t, length, again, "what is written is read back")
	})
}
