package report

import (
	"time"

	"sonde/slo"
	"sonde/store"
)

// burnWindows are those over which a status shows burn rates.
var burnWindows = []struct {
	name   string
	length time.Duration
}{{"1h", time.Hour}, {"6h", 6 * time.Hour}}

// projectionWindow is what the projection of exhaustion rests on.
const projectionWindow = 6 * time.Hour

// Objective is how a promise stands.
type Objective struct {
	Objective      float64             `json:"objective"`
	Kind           string              `json:"kind"`                    // availability or latency
	LatencyMS      int64               `json:"latency_ms,omitempty"`    // of kind latency: good answers that take longer are bad
	LatencySince   *time.Time          `json:"latency_since,omitempty"` // before that, another threshold decided, and its verdict stays
	Window         string              `json:"window"`                  // 30d, or day, week, month, quarter
	Zone           string              `json:"zone,omitempty"`          // whose midnight begins such a period
	Status         string              `json:"status"`
	BudgetMS       int64               `json:"budget_ms"`
	SpentMS        int64               `json:"spent_ms"`
	RemainingRatio *float64            `json:"remaining_ratio"`
	BurnRate       map[string]*float64 `json:"burn_rate"`
	ExhaustedAt    *time.Time          `json:"exhausted_at"`
	Coverage       float64             `json:"coverage"`
	AttainedRatio  *float64            `json:"attained_ratio"`

	promise slo.Objective
	more    more
}

// more is what those want to know of a promise who ask for promises.
type more struct {
	span    slo.Span
	history time.Duration // how much of the window, so far as it has passed, there are slots of
	burn3d  *float64
	outlook slo.Outlook
}

// String is the promise as it is written in the configuration.
func (o Objective) String() string { return o.promise.String() }

// spans are where windows lie at a moment. Many probes have the same ones.
type spans struct {
	now  time.Time
	seen map[slo.Window]slo.Span
}

func spansAt(now time.Time) spans { return spans{now, map[slo.Window]slo.Span{}} }

func (s spans) of(w slo.Window) slo.Span {
	span, ok := s.seen[w]
	if !ok {
		span = w.Span(s.now)
		s.seen[w] = span
	}
	return span
}

// ledger is the time of a probe or of a group.
type ledger interface {
	Tally(after, until time.Time) slo.Tally
	Begin() time.Time
}

// objectiveOf is how an objective of a probe stands.
func objectiveOf(w *store.Watched, i int, now time.Time, spans spans) Objective {
	o := w.Objectives[i]
	span := spans.of(o.Window)
	if o.Kind != slo.Latency {
		return newObjective(o, w.Ledger.Promised(w.Policy), now, span)
	}
	out := newObjective(o, w.Latencies[i], now, span)
	if since := w.Latencies[i].Since(o.Threshold); since.After(span.Begin()) && w.Latencies[i].Begin().Before(since) {
		out.LatencySince = &since
	}
	return out
}

func newObjective(o slo.Objective, ledger ledger, now time.Time, span slo.Span) Objective {
	tally := ledger.Tally(span.After, now)
	b := o.Budget(tally, span)
	out := Objective{
		Objective: o.Target(), Kind: o.Kind.String(), LatencyMS: o.Threshold.Milliseconds(), Window: o.Window.Name(), Zone: zoneOf(o.Window), Status: b.Status.String(),
		BudgetMS: b.Total.Milliseconds(), SpentMS: b.Spent.Milliseconds(), Coverage: b.Coverage, AttainedRatio: ratio(tally.Ratio()), promise: o,
		BurnRate: make(map[string]*float64, len(burnWindows)),
	}
	if b.Status != slo.NoData {
		out.RemainingRatio = ratio(b.RemainingRatio())
	}
	burn := func(length time.Duration) (float64, bool) {
		return o.BurnRate(ledger.Tally(now.Add(-length), now), length)
	}
	for _, window := range burnWindows {
		out.BurnRate[window.name] = ratio(burn(window.length))
	}
	rate, known := burn(projectionWindow)
	var at time.Time
	out.more = more{span: span, burn3d: ratio(burn(3 * day))}
	if out.more.outlook, at = b.Outlook(now, rate, known); out.more.outlook == slo.RunsOut {
		out.ExhaustedAt = maybe(at.UTC().Truncate(time.Second))
	}
	if begin := ledger.Begin(); !begin.IsZero() {
		out.more.history = max(0, now.Sub(slo.Latest(begin, span.Begin())))
	}
	return out
}

// zoneOf is the zone of a window of a calendar; a trailing one has none.
func zoneOf(w slo.Window) string {
	if w.Period != slo.Trailing && w.Zone == "" {
		return "UTC"
	}
	return w.Zone
}
