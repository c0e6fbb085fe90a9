package report_test

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"sonde/probe"
	"sonde/report"
)

func written(t *testing.T, s *report.Status, palette report.Palette) string {
	t.Helper()
	var out strings.Builder
	require.NoError(t, s.WriteText(&out, palette))
	return out.String()
}

func TestTheTableIsWhatPeopleRead(t *testing.T) {
	l := town(t)
	golden(t, "status.txt", written(t, l.status(), report.Palette{}))
	l.stop()
	golden(t, "status-stopped.txt", written(t, l.status(), report.Palette{}))
	golden(t, "status-empty.txt", written(t, newLab(t).status(), report.Palette{}))
	quiet := newLab(t, watched("a", 60, "99.5% over 30d"))
	quiet.play("a", 60, good, good)
	golden(t, "status-quiet.txt", written(t, quiet.status(), report.Palette{}))
}

var colour = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestColourTakesNoRoomAndIsOnlyOnOurWords(t *testing.T) {
	s := town(t).status()
	plain, coloured := written(t, s, report.Palette{}), written(t, s, report.Palette{On: true})
	require.NotContains(t, plain, "\x1b")
	require.Equal(t, plain, colour.ReplaceAllString(coloured, ""))
	golden(t, "status-colour.txt", coloured)
	for _, painted := range regexp.MustCompile("\x1b\\[[0-9;]+m(.*?)\x1b\\[0m").FindAllStringSubmatch(coloured, -1) {
		require.Contains(t, []string{"up", "degraded", "down", "unknown"}, painted[1])
	}
	require.Equal(t, "paused", report.Palette{}.State(report.Paused))
	require.Contains(t, report.Palette{On: true}.State(report.Maintenance), "maintenance")
}

// Names come from the configuration, which refuses such ones, and from a database, which
// somebody may have written.
func TestHostileNamesAreShownAsWhatTheyAre(t *testing.T) {
	s := &report.Status{GeneratedAt: now, Service: report.Service{Running: true}}
	for _, name := range []string{
		"\x1b[2J\x1b[31mall is well", "two\nlines", "tab\there", "\u202egnp.exe", "bell\a", "bad \xff bytes", strings.Repeat("long", 50), "", "평범한-이름",
	} {
		s.Probes = append(s.Probes, report.Probe{Name: name, State: report.Up})
		s.Summary.Up++
	}
	out := written(t, s, report.Palette{})
	golden(t, "status-hostile.txt", out)
	require.True(t, utf8.ValidString(out))
	require.NotRegexp(t, `[\x00-\x09\x0b-\x1f\x7f]|\x{202e}`, out, "nothing steers a terminal")
	require.Len(t, strings.Split(strings.TrimSuffix(out, "\n"), "\n"), 3+len(s.Probes), "a row is a line")
	for line := range strings.Lines(out) {
		require.LessOrEqual(t, utf8.RuneCountInString(line), 140)
	}
}

func TestTheWorstStandsFirst(t *testing.T) {
	s := &report.Status{GeneratedAt: now}
	states := []report.State{report.Paused, report.Up, report.Unknown, report.Down, report.Maintenance, report.Degraded, report.Down}
	for i, state := range states {
		s.Probes = append(s.Probes, report.Probe{Name: string(rune('g' - i)), State: state})
	}
	var order []string
	for _, line := range strings.Split(written(t, s, report.Palette{}), "\n")[3 : 3+len(states)] {
		order = append(order, strings.Join(strings.Fields(line)[:2], " "))
	}
	require.Equal(t, []string{"down a", "down d", "degraded b", "unknown e", "up f", "maintenance c", "paused g"}, order)
	require.Equal(t, report.Paused, s.Probes[0].State, "the status itself keeps its order")
}

func TestRowsStandInColumnsInEveryScript(t *testing.T) {
	s := &report.Status{GeneratedAt: now, Service: report.Service{Running: true}}
	for _, name := range []string{"checkout", "결제", "支払い", "ﾊﾝｶｸ", "e\u0301clair", "\u1100\u1167\u11af\u110c\u1166", "🚀", "ＡＢ"} {
		s.Probes = append(s.Probes, report.Probe{Name: name, State: report.Up})
	}
	golden(t, "status-scripts.txt", written(t, s, report.Palette{}))
}

func TestAvailabilityIsNeverRoundedToCertaintyAndNeverStandsAloneWhenLittleWasSeen(t *testing.T) {
	for name, tc := range map[string]struct {
		ratio, coverage float64
		want            string
	}{
		"all good":                        {1, 1, "100.00%"},
		"a slot in a year is not nothing": {1 - 1.0/525600, 1, "99.99%"},
		"the last number before 1":        {0.9999999999999999, 1, "99.99%"},
		"four nines":                      {0.9999, 1, "99.99%"},
		"half":                            {0.5, 1, "50.00%"},
		"next to nothing is something":    {1e-9, 1, "0.01%"},
		"nothing":                         {0, 1, "0.00%"},
		"99% seen is enough":              {1, 0.99, "100.00%"},
		"less than 99% seen is said":      {1, 0.9899, "100.00% (seen 98.99%)"},
		"hardly anything seen is said":    {0.5, 1e-7, "50.00% (seen 0.01%)"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, report.Availability{Ratio: &tc.ratio, Coverage: tc.coverage}.String())
		})
	}
	require.Equal(t, "-", report.Availability{Coverage: 1}.String(), "what is not known is not 0%")
}

func TestTheBudgetThatIsShownIsTheTightest(t *testing.T) {
	budget := func(status string, left float64) report.Objective {
		return report.Objective{Status: status, BudgetMS: 100_000, SpentMS: int64(100_000 * (1 - left)), RemainingRatio: &left}
	}
	for name, tc := range map[string]struct {
		objectives []report.Objective
		want       string
	}{
		"no promise has no budget":             {nil, "-"},
		"a promise without data has none":      {[]report.Objective{{Status: "no_data", BudgetMS: 1000}}, "-"},
		"a whole budget":                       {[]report.Objective{budget("met", 1)}, "100.00% (1m 40s)"},
		"a tenth of it":                        {[]report.Objective{budget("at_risk", 0.1)}, "10.00% (10s) at risk"},
		"just used up":                         {[]report.Objective{budget("spent", 0)}, "0.00% (0s) spent"},
		"overspent by a hair":                  {[]report.Objective{budget("spent", -0.00001)}, "-0.01% (0s) spent"},
		"far overspent":                        {[]report.Objective{budget("spent", -2.5)}, "-250.00% (-4m 10s) spent"},
		"of several the one with the least":    {[]report.Objective{budget("met", 0.5), budget("spent", -1), {Status: "no_data"}}, "-100.00% (-1m 40s) spent"},
		"the promise with data before another": {[]report.Objective{{Status: "no_data"}, budget("met", 1)}, "100.00% (1m 40s)"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &report.Status{GeneratedAt: now, Probes: []report.Probe{{Name: "a", State: report.Up, Objectives: tc.objectives}}}
			require.Regexp(t, "  "+regexp.QuoteMeta(tc.want)+" +-\n", written(t, s, report.Palette{}))
		})
	}
}

func TestSpanNamesTheTwoLargestUnits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                               "0s",
		999 * time.Millisecond:          "0s",
		-time.Millisecond:               "0s",
		59900 * time.Millisecond:        "59s",
		time.Minute:                     "1m",
		90 * time.Second:                "1m 30s",
		time.Hour + 59*time.Second:      "1h",
		3*time.Hour + 20*time.Minute:    "3h 20m",
		24 * time.Hour:                  "1d",
		25*time.Hour + 59*time.Minute:   "1d 1h",
		-(3*time.Hour + 20*time.Minute): "-3h 20m",
		400 * 24 * time.Hour:            "400d",
		23*time.Hour + 3599*time.Second: "23h 59m",
	} {
		require.Equal(t, want, report.Span(d), d)
	}
}

func TestCountKnowsOneFromMany(t *testing.T) {
	require.Equal(t, []string{"0 probes", "1 probe", "2 probes"}, []string{report.Count(0, "probe"), report.Count(1, "probe"), report.Count(2, "probe")})
}

func TestInterimAnswersAreOnlyNamedWhenThereAreSome(t *testing.T) {
	s := &report.Status{Summary: report.Summary{Classes24h: map[string]int64{}}}
	require.NotContains(t, written(t, s, report.Palette{}), "1xx")
	s.Summary.Classes24h[probe.ClassInformational.String()] = 3
	require.Contains(t, written(t, s, report.Palette{}), ", 1xx 3")
}

func TestAWriterThatFailsIsReported(t *testing.T) {
	closed, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	s := &report.Status{GeneratedAt: now, Probes: slices.Repeat([]report.Probe{{Name: "a", State: report.Up}}, 3)}
	for name, err := range map[string]error{
		"a status":       s.WriteText(closed, report.Palette{}),
		"a check":        (&report.Check{}).WriteText(closed, report.Screen{}),
		"an explanation": report.Explanation{}.WriteText(closed, probe.English),
		"all of them":    report.WriteExplanations(closed, probe.English, make([]report.Explanation, 2)),
	} {
		require.True(t, errors.Is(err, os.ErrClosed), name)
	}
}
