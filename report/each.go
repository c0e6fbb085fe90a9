package report

import (
	"time"

	"sonde/store"
)

// EachProbe calls f for every probe of a snapshot as [NewStatus] has it, but for its
// availability, and without keeping them all: whoever only looks at them needs one at a time, while f runs.
func EachProbe(s *store.Snapshot, now time.Time, f func(p *Probe)) {
	spans := spansAt(now)
	var p Probe
	for i := range s.Probes {
		p = newProbe(&s.Probes[i], now, spans)
		p.attend(&s.Probes[i], s)
		f(&p)
	}
}
