package web

import (
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sonde/incident"
	"sonde/probe"
	"sonde/store"
)

// maxVerdicts is how many verdicts of one probe are counted apart. The target chooses
// its status codes, but not how many series there are.
const maxVerdicts = 64

// otherCode stands for the status code of further verdicts, and is no status code.
const otherCode = -1

// Tallies count results since the start, per probe. They are safe for use by several
// goroutines.
type Tallies struct {
	mu     sync.Mutex
	counts map[probe.ID]map[probe.Verdict]uint64
	phases map[probe.ID]probe.Timings // of the latest result that asked
}

// NewTallies makes empty tallies.
func NewTallies() *Tallies {
	return &Tallies{counts: map[probe.ID]map[probe.Verdict]uint64{}, phases: map[probe.ID]probe.Timings{}}
}

// Add counts the results among entries.
func (t *Tallies) Add(entries []store.Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range entries {
		e := &entries[i]
		if e.Input.Kind != incident.Ran {
			continue
		}
		t.count(e.Probe, e.Input.Verdict)
		if e.Input.Attempts > 0 {
			t.phases[e.Probe] = e.Input.Timings
		}
	}
}

func (t *Tallies) count(id probe.ID, v probe.Verdict) {
	counts := t.counts[id]
	if counts == nil {
		counts = map[probe.Verdict]uint64{}
		t.counts[id] = counts
	}
	if _, known := counts[v]; !known && len(counts) >= maxVerdicts {
		v.Status = otherCode
	}
	counts[v]++
}

// tally is how often a probe had a verdict.
type tally struct {
	probe   probe.ID
	verdict probe.Verdict
	n       uint64
}

// copy returns what was counted so far. Whoever adds does not wait for a scrape.
func (t *Tallies) copy() ([]tally, map[probe.ID]probe.Timings) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tallies := make([]tally, 0, 2*len(t.counts))
	for id, counts := range t.counts {
		for v, n := range counts {
			tallies = append(tallies, tally{id, v, n})
		}
	}
	return tallies, maps.Clone(t.phases)
}

// collect sends the counts of those probes that are still configured.
func (t *Tallies) collect(out chan<- prometheus.Metric, names map[probe.ID]string) {
	tallies, phases := t.copy()
	for _, c := range tallies {
		if name, ok := names[c.probe]; ok {
			v := c.verdict
			counter(out, resultsTotal, float64(c.n), name, v.Class.String(), codeLabel(v.Status), v.Retry.String(), v.Reason.String(), v.Outcome.String())
		}
	}
	for id, timings := range phases {
		if name, ok := names[id]; ok {
			sendPhases(out, name, timings)
		}
	}
}

func codeLabel(status int) string {
	if status == otherCode {
		return "other"
	}
	return strconv.Itoa(status)
}

func sendPhases(out chan<- prometheus.Metric, name string, phases probe.Timings) {
	for phase, d := range map[string]time.Duration{
		"dns": phases.DNS, "connect": phases.Connect, "tls": phases.TLS, "first_byte": phases.FirstByte, "transfer": phases.Transfer, "total": phases.Total,
	} {
		gauge(out, probeDuration, d.Seconds(), name, phase)
	}
}
