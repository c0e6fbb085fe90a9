package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"sonde/probe"
)

// Repeat is several runs of a target one after the other: the JSON of
// `sonde check --repeat N --json`.
type Repeat struct {
	URL     string   `json:"url"`
	Checks  []*Check `json:"checks"`
	Summary Repeated `json:"summary"`
}

// Repeated sums up several runs.
type Repeated struct {
	Runs      int                   `json:"runs"`
	Outcomes  map[probe.Outcome]int `json:"outcomes"`
	Reasons   map[string]int        `json:"reasons"` // of the runs that were not good
	LatencyMS RepeatedLatency       `json:"latency_ms"`
	ElapsedMS float64               `json:"elapsed_ms"`

	latencies []float64 // of the runs that were answered
	exitCode  int
}

// RepeatedLatency is how the latencies of the answered runs are spread; null if none was.
type RepeatedLatency struct {
	Min *float64 `json:"min"`
	P50 *float64 `json:"p50"`
	P90 *float64 `json:"p90"`
	Max *float64 `json:"max"`
}

// Add counts one more run.
func (r *Repeated) Add(v Last, exitCode int) {
	if r.Outcomes == nil {
		r.Outcomes, r.Reasons = map[probe.Outcome]int{}, map[string]int{}
	}
	r.Runs++
	r.Outcomes[v.Outcome]++
	if v.Outcome != probe.Good {
		r.Reasons[v.cause()]++
	}
	if v.Class != probe.ClassNoResponse {
		i, _ := slices.BinarySearch(r.latencies, v.LatencyMS)
		r.latencies = slices.Insert(r.latencies, i, v.LatencyMS)
	}
	r.exitCode = worse(r.exitCode, exitCode)
}

// End ends the count, after all that it took.
func (r *Repeated) End(elapsed time.Duration) {
	r.ElapsedMS = milliseconds(elapsed)
	r.LatencyMS = RepeatedLatency{r.quantile(0), r.quantile(0.5), r.quantile(0.9), r.quantile(1)}
}

// ExitCode is what the runs mean for the caller: the worst of them. Without any run
// nothing is known.
func (r *Repeated) ExitCode() int {
	if r.Runs == 0 {
		return ExitUnknown
	}
	return r.exitCode
}

// quantile is the latency that a share of the answered runs does not exceed: the
// nearest rank.
func (r *Repeated) quantile(q float64) *float64 {
	n := len(r.latencies)
	if n == 0 {
		return nil
	}
	return &r.latencies[max(0, min(n-1, int(q*float64(n)+0.999999)-1))]
}

// cause is why a run was not good, in two words.
func (v Verdict) cause() string {
	if v.Status == nil {
		return v.Reason.String()
	}
	return fmt.Sprintf("%d %s", *v.Status, v.Reason)
}

// Line is a run in a line, as one of several.
func (c *Check) Line(n int, palette Palette) string {
	v := c.Verdict
	line := fmt.Sprintf("#%-4d %s  %s", n, v.At.Format("15:04:05"), palette.Outcome(v.Outcome)+": "+v.reply())
	if v.Reason != probe.OK {
		line += ", " + v.Reason.String()
	}
	if attempts := len(c.Attempts); attempts > 0 {
		if phases := c.Attempts[attempts-1].Timings.String(); phases != "" {
			line += "  " + phases
		}
		if attempts > 1 {
			line += fmt.Sprintf("  (%d attempts)", attempts)
		}
	}
	return line
}

// WriteText writes the sums as people read them.
func (r *Repeated) WriteText(w io.Writer, palette Palette) error {
	var outcomes []string
	for _, o := range []probe.Outcome{probe.Good, probe.Bad, probe.Excluded, probe.Unknown} {
		if n := r.Outcomes[o]; n > 0 {
			outcomes = append(outcomes, fmt.Sprintf("%d %s", n, palette.Outcome(o)))
		}
	}
	lines := []string{"", fmt.Sprintf("%s in %.1f s: %s", Count(r.Runs, "run"), r.ElapsedMS/1000, strings.Join(outcomes, ", "))}
	if r.Runs == 0 {
		lines[1] = "no run ended"
	}
	for _, cause := range slices.Sorted(maps.Keys(r.Reasons)) {
		lines = append(lines, fmt.Sprintf("  %d x %s", r.Reasons[cause], cause))
	}
	if l := r.LatencyMS; l.Min != nil {
		lines = append(lines, fmt.Sprintf("latency min %.1f, p50 %.1f, p90 %.1f, max %.1f ms over %s",
			*l.Min, *l.P50, *l.P90, *l.Max, Count(len(r.latencies), "answer")))
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}
