package web

import (
	"strconv"
	"sync"
	"time"

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
	probes map[probe.ID]*tallied
}

// tallied is what is counted of one probe. Most probes have had one verdict for ever, and
// take no map for it.
type tallied struct {
	verdict probe.Verdict // the first one
	n       uint64        // how often it came
	others  map[probe.Verdict]uint64
	asked   bool
	phases  probe.Timings // of the latest result that asked
}

// NewTallies makes empty tallies.
func NewTallies() *Tallies {
	return &Tallies{probes: map[probe.ID]*tallied{}}
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
		p := t.probes[e.Probe]
		if p == nil {
			p = &tallied{verdict: e.Input.Verdict}
			t.probes[e.Probe] = p
		}
		p.count(e.Input.Verdict)
		if e.Input.Attempts > 0 {
			p.asked, p.phases = true, e.Input.Timings
		}
	}
}

func (p *tallied) count(v probe.Verdict) {
	if v == p.verdict {
		p.n++
		return
	}
	if p.others == nil {
		p.others = map[probe.Verdict]uint64{}
	}
	if _, known := p.others[v]; !known && 1+len(p.others) >= maxVerdicts {
		v.Status = otherCode
	}
	p.others[v]++
}

// tally is how often a probe had a verdict.
type tally struct {
	probe   probe.ID
	verdict probe.Verdict
	n       uint64
}

// latest is how long the phases of a probe took.
type latest struct {
	probe  probe.ID
	phases probe.Timings
}

// copy returns what was counted so far. Whoever adds does not wait for a scrape.
func (t *Tallies) copy() ([]tally, []latest) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tallies := make([]tally, 0, len(t.probes)+len(t.probes)/8)
	phases := make([]latest, 0, len(t.probes))
	for id, p := range t.probes {
		tallies = append(tallies, tally{id, p.verdict, p.n})
		for v, n := range p.others {
			tallies = append(tallies, tally{id, v, n})
		}
		if p.asked {
			phases = append(phases, latest{id, p.phases})
		}
	}
	return tallies, phases
}

// collect adds the counts of those probes that are still configured.
func (t *Tallies) collect(out *exposition, names map[probe.ID]string) {
	tallies, phases := t.copy()
	for _, c := range tallies {
		if name, ok := names[c.probe]; ok {
			v := c.verdict
			out.add(resultsTotal, float64(c.n), name, v.Class.String(), codeLabel(v.Status), v.Retry.String(), v.Reason.String(), v.Outcome.String())
		}
	}
	for _, p := range phases {
		if name, ok := names[p.probe]; ok {
			addPhases(out, name, p.phases)
		}
	}
}

func codeLabel(status int) string {
	if status == otherCode {
		return "other"
	}
	return strconv.Itoa(status)
}

func addPhases(out *exposition, name string, phases probe.Timings) {
	for _, phase := range [...]struct {
		name string
		took time.Duration
	}{
		{"dns", phases.DNS}, {"connect", phases.Connect}, {"tls", phases.TLS}, {"first_byte", phases.FirstByte}, {"transfer", phases.Transfer}, {"total", phases.Total},
	} {
		out.add(probeDuration, phase.took.Seconds(), name, phase.name)
	}
}
