package slo_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/slo"
)

const day = 24 * time.Hour

func TestParseObjective(t *testing.T) {
	for name, tc := range map[string]struct {
		text    string
		badPPM  int64
		window  time.Duration
		written string
	}{
		"the usual promise":                         {"99.9% over 30d", 1000, 30 * day, "99.9% over 30d"},
		"a whole percentage":                        {"99% over 7d", 10_000, 7 * day, "99% over 7d"},
		"the finest objective":                      {"99.9999% over 90d", 1, 90 * day, "99.9999% over 90d"},
		"the loosest objective":                     {"0.0001% over 1h", 999_999, time.Hour, "0.0001% over 1h"},
		"zeros at the end change nothing":           {"99.5000% over 30d", 5000, 30 * day, "99.5% over 30d"},
		"a zero between digits stays":               {"99.05% over 30d", 9500, 30 * day, "99.05% over 30d"},
		"weeks are written in days":                 {"95% over 4w", 50_000, 28 * day, "95% over 28d"},
		"whole days in hours are written in days":   {"95% over 48h", 50_000, 2 * day, "95% over 2d"},
		"hours that are no days stay hours":         {"95% over 36h", 50_000, 36 * time.Hour, "95% over 36h"},
		"minutes that are no hours stay minutes":    {"95% over 90m", 50_000, 90 * time.Minute, "95% over 90m"},
		"spaces around the numbers are no matter":   {" 99.9 %  over  30d ", 1000, 30 * day, "99.9% over 30d"},
		"a binary float cannot spoil 99.95 percent": {"99.95% over 1w", 500, 7 * day, "99.95% over 7d"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := slo.ParseObjective(tc.text)
			require.NoError(t, err)
			require.Equal(t, slo.Objective{BadPPM: tc.badPPM, Window: slo.Rolling(tc.window)}, got)
			require.Equal(t, tc.written, got.String())
			require.InDelta(t, 1-float64(tc.badPPM)/1e6, got.Target(), 1e-12)
		})
	}
}

func TestParseObjectiveRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ text, says, wayOut string }{
		"nothing":                           {"", "has no window", "99.9% over 30d"},
		"a promise without a window":        {"99.9%", "has no window", "99.9% over 30d"},
		"a bare number":                     {"99.9 over 30d", "has no percent sign", "99.9% over 30d"},
		"B8: one hundred percent":           {"100% over 30d", "leaves no budget", "down alert"},
		"one hundred percent with decimals": {"100.0000% over 30d", "leaves no budget", "down alert"},
		"more than everything":              {"100.1% over 30d", "leaves no budget", "below 100%"},
		"nothing promised":                  {"0% over 30d", "leaves no budget", "above 0%"},
		"a finer objective than ppm":        {"99.99999% over 30d", "more than four decimals", "99.9999%"},
		"a negative percentage":             {"-1% over 30d", "not a percentage", "99.9% over 30d"},
		"a signed decimal":                  {"99.-9% over 30d", "not a percentage", "99.9% over 30d"},
		"a point without decimals":          {"99.% over 30d", "not a percentage", "99.9% over 30d"},
		"a point without a whole":           {".9% over 30d", "not a percentage", "99.9% over 30d"},
		"a decimal comma":                   {"99,9% over 30d", "not a percentage", "99.9% over 30d"},
		"a ratio with two points":           {"99.9.9% over 30d", "not a percentage", "99.9% over 30d"},
		"an exponent":                       {"1e1% over 30d", "not a percentage", "99.9% over 30d"},
		"a word":                            {"NaN% over 30d", "not a percentage", "99.9% over 30d"},
		"digits of another script":          {"٩٩% over 30d", "not a percentage", "99.9% over 30d"},
		"a huge number":                     {strings.Repeat("9", 40) + "% over 30d", "not a percentage", "99.9% over 30d"},
		"a window without a unit":           {"99.9% over 30", "no length of time", "30d"},
		"an empty window":                   {"99.9% over ", "no length of time", "30d"},
		"a period of the stars":             {"99.9% over moon", "no length of time", "month"},
		"a zone that is nowhere":            {"99.9% over month in Europe/Atlantis", "no zone of the IANA database", "month in Europe/Berlin"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := slo.ParseObjective(tc.text)
			require.ErrorContains(t, err, tc.says)
			require.ErrorContains(t, err, tc.wayOut)
			require.Zero(t, got)
		})
	}
}

func TestFormatPPM(t *testing.T) {
	for ppm, want := range map[int64]string{
		0: "0", 1: "0.0001", 10_000: "1", 999_000: "99.9", 999_999: "99.9999", 1_000_000: "100", 100_000: "10", 950_500: "95.05",
	} {
		require.Equal(t, want, slo.FormatPPM(ppm))
	}
}

func TestObjectiveText(t *testing.T) {
	text, err := json.Marshal(map[string]slo.Objective{"o": {BadPPM: 1000, Window: slo.Rolling(30 * day)}})
	require.NoError(t, err)
	require.JSONEq(t, `{"o":"99.9% over 30d"}`, string(text))

	var back map[string]slo.Objective
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, slo.Objective{BadPPM: 1000, Window: slo.Rolling(30 * day)}, back["o"])
	require.ErrorContains(t, json.Unmarshal([]byte(`{"o":"100% over 30d"}`), &back), "leaves no budget")
}

func FuzzParseObjective(f *testing.F) {
	for _, seed := range []string{"99.9% over 30d", "0.0001% over 1h", " 99.50 %  over 4w", "100% over 30d", "99.% over 30d", "99.9% over month in Europe/Berlin", "99% over week", "latency 800ms for 99% over 30d", "latency 0s for 1% over day", "% over d", "9.9% over  over 1d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := slo.ParseObjective(text)
		if err != nil {
			require.Zero(t, got)
			return
		}
		require.Greater(t, got.BadPPM, int64(0))
		require.Less(t, got.BadPPM, int64(1_000_000))
		require.Positive(t, got.Total(got.Window.Usual()), "the whole budget of a promise is never nothing")
		require.LessOrEqual(t, got.Total(got.Window.Usual()), got.Window.Usual())
		again, err := slo.ParseObjective(got.String())
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}
