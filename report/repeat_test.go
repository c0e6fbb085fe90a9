package report_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/probe"
	"sonde/report"
)

func run(v probe.Verdict, ms float64) report.Last {
	return report.Last{At: now, Verdict: report.NewVerdict(v), LatencyMS: ms, Attempts: 1}
}

func ExampleRepeated_WriteText() {
	var sums report.Repeated
	for i, ms := range []float64{12, 10, 14, 11, 250} {
		if i == 4 {
			sums.Add(run(gateway, ms), report.ExitCritical)
			continue
		}
		sums.Add(run(good, ms), report.ExitOK)
	}
	sums.Add(run(refused, 0.4), report.ExitCritical)
	sums.End(5 * time.Second)
	if err := sums.WriteText(os.Stdout, report.Palette{}); err != nil {
		fmt.Println(err)
	}
	fmt.Println("exit", sums.ExitCode())
	// Output:
	// 6 runs in 5.0 s: 4 good, 2 bad
	//   1 x 502 server_error
	//   1 x connect_refused
	// latency min 10.0, p50 12.0, p90 250.0, max 250.0 ms over 5 answers
	// exit 2
}

func TestWithoutARunNothingIsKnown(t *testing.T) {
	var sums report.Repeated
	sums.End(time.Second)
	require.Equal(t, report.ExitUnknown, sums.ExitCode())
	require.Nil(t, sums.LatencyMS.P50, "a latency without data is null")
	var out strings.Builder
	require.NoError(t, sums.WriteText(&out, report.Palette{}))
	require.Equal(t, "\nno run ended\n", out.String())
}

func TestTheWorstRunDecidesHowARepeatedCheckExits(t *testing.T) {
	for name, tc := range map[string]struct {
		codes []int
		want  int
	}{
		"all good":                      {[]int{0, 0}, 0},
		"critical comes before warning": {[]int{1, 2, 1}, 2},
		"warning comes before unknown":  {[]int{3, 1, 0}, 1},
		"unknown comes before good":     {[]int{0, 3, 0}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			var sums report.Repeated
			for _, code := range tc.codes {
				sums.Add(run(good, 1), code)
			}
			require.Equal(t, tc.want, sums.ExitCode())
		})
	}
}

func TestARunIsALine(t *testing.T) {
	c := report.NewCheck("http://a/", &probe.Result{At: now, Verdict: gateway, Attempts: []probe.Attempt{
		{Verdict: gateway, Timings: probe.Timings{Connect: time.Millisecond, FirstByte: 2 * time.Millisecond, Total: 3 * time.Millisecond}},
	}})
	require.Equal(t, "#12   05:00:00  bad: 502 Bad Gateway (5xx server error), server_error  connect 1.0, first byte 2.0, total 3.0 ms", c.Line(12, report.Palette{}))
}

func TestAnAnswerThatBrokeOffIsNotCalledNone(t *testing.T) {
	broke := probe.Verdict{Status: 200, Class: probe.ClassNoResponse, Reason: probe.BodyTruncated, Outcome: probe.Bad}
	c := report.NewCheck("http://a/", &probe.Result{At: now, Verdict: broke, Attempts: []probe.Attempt{{Verdict: broke}}})
	require.Contains(t, c.Line(1, report.Palette{}), "bad: 200 OK, but no complete answer, body_truncated")
}
