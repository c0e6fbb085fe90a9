package report

import (
	"context"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
	"sonde/store"
)

// History is how a probe was over a range: the JSON of `sonde history NAME --json`.
type History struct {
	GeneratedAt time.Time      `json:"generated_at"`
	Name        string         `json:"name"`
	URL         string         `json:"url"`
	RetiredAt   *time.Time     `json:"retired_at"`           // null while it is configured
	Unverified  bool           `json:"unverified,omitempty"` // its certificates are not verified, because the configuration says so
	StepMS      int64          `json:"step_ms"`
	Total       HistoryRow     `json:"total"`
	Rows        []HistoryRow   `json:"rows"` // the oldest first; the first and the last may be shorter than the step
	Stretches   []Stretch      `json:"stretches"`
	Incidents   []PastIncident `json:"incidents"` // the newest first
	Evidence    []Sight        `json:"evidence"`  // the newest first
}

// HistoryRow sums up what came of a probe in [From, To).
type HistoryRow struct {
	From         time.Time               `json:"from"`
	To           time.Time               `json:"to"`
	Results      int64                   `json:"results"`
	Availability Availability            `json:"availability"`
	Outcomes     map[probe.Outcome]int64 `json:"outcomes"`
	Codes        map[int]int64           `json:"codes"`   // 0: no answer
	Reasons      map[probe.Reason]int64  `json:"reasons"` // of results that were not good
	Latency      Latency                 `json:"latency"`

	time slo.Tally
}

// Latency is how long runs took; null without any.
type Latency struct {
	P50 *float64 `json:"p50_ms"`
	P95 *float64 `json:"p95_ms"`
	P99 *float64 `json:"p99_ms"`
	Max *float64 `json:"max_ms"` // to one per cent, like the others
}

// Stretch is slots in a row that were not good, all for one reason.
type Stretch struct {
	From    time.Time     `json:"from"`
	To      time.Time     `json:"to"` // the slot after the last one
	Outcome probe.Outcome `json:"outcome"`
	Reason  probe.Reason  `json:"reason"`
}

// Sight is what the last attempt of a run that was not good saw.
type Sight struct {
	At         time.Time    `json:"at"`
	Attempts   int          `json:"attempts"`
	Status     *int         `json:"status"` // null when no status came
	Reason     probe.Reason `json:"reason"`
	AnsweredBy string       `json:"answered_by"`
	Error      string       `json:"error"`
}

// Past is what a database has of a probe over a range.
type Past struct {
	Probe     *store.Probe
	Step      time.Duration
	Summaries []store.Summary // the oldest first
	Ledger    *store.Ledger
	Incidents []store.IncidentRecord
	Sights    []store.Sight
}

// maxSights is how much evidence a history shows.
const maxSights = 5

// exactRange is up to which length a range begins at the instant that was asked for. A
// longer one begins at the whole hour before, because single results may be gone.
const exactRange = 2 * day

// steps are the resolutions of a history.
var steps = []time.Duration{
	time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, day, 3 * day, 7 * day, 30 * day, 90 * day,
}

// maxRows is how many rows a history has, but for the first one, which may be a part.
const maxRows = 60

// stepFor is the finest resolution that shows a range in rows that a page has room for.
func stepFor(length time.Duration) time.Duration {
	for _, step := range steps {
		if length <= maxRows*step {
			return step
		}
	}
	return steps[len(steps)-1]
}

// ReadPast reads what a database has of a probe in [from, to). Rows are cut on the clock.
func ReadPast(ctx context.Context, r *store.Reader, p *store.Probe, from, to time.Time) (*Past, error) {
	if to.Sub(from) > exactRange {
		from = from.Truncate(time.Hour)
	}
	past := &Past{Probe: p, Step: stepFor(to.Sub(from))}
	var err error
	if past.Summaries, err = summaries(ctx, r, p.ID, from, to, past.Step); err != nil {
		return nil, err
	}
	after, until := window(from, to)
	if past.Ledger, err = r.Ledger(ctx, p.ID, after, until); err != nil {
		return nil, err
	}
	if past.Incidents, err = r.Incidents(ctx, p.ID, from, to, 0); err != nil {
		return nil, err
	}
	past.Sights, err = r.Sights(ctx, p.ID, from, to, maxSights)
	return past, err
}

// summaries cuts a range on the clock. Roll-ups answer only what lies between whole
// hours, so the ends of the range are cut apart.
func summaries(ctx context.Context, r *store.Reader, id probe.ID, from, to time.Time, step time.Duration) ([]store.Summary, error) {
	var cuts []store.Cut
	cut := func(from, to time.Time, step time.Duration) {
		if from.Before(to) {
			cuts = append(cuts, store.Cut{From: from, To: to, Step: step})
		}
	}
	first, last := from, to.Truncate(min(step, time.Hour))
	if edge := from.Truncate(step); edge.Before(from) {
		first = edge.Add(step)
		if first.After(last) {
			first = to // all of it is within one row, or an end of it
		}
		cut(from, first, first.Sub(from))
	}
	cut(first, last, step)
	if last.Before(first) {
		last = first
	}
	cut(last, to, step)
	all, err := r.SummariesOf(ctx, id, cuts...)
	if err != nil {
		return nil, err
	}
	// The last row may have been cut in two.
	whole := len(all) - 1
	if whole > 0 && last.Before(to) && all[whole].From.Equal(last) && !last.Truncate(step).Equal(last) {
		all[whole-1].Merge(&all[whole])
		all[whole-1].To, all = to, all[:whole]
	}
	return all, nil
}

// NewHistory says how a probe was.
func NewHistory(past *Past, now time.Time) *History {
	h := &History{
		GeneratedAt: now.UTC().Truncate(time.Millisecond), Name: past.Probe.Name(), URL: past.Probe.Subject.URL,
		RetiredAt: maybe(past.Probe.RetiredAt), Unverified: past.Probe.Subject.Unverified, StepMS: past.Step.Milliseconds(),
		Rows: make([]HistoryRow, 0, len(past.Summaries)), Stretches: []Stretch{}, Evidence: []Sight{},
		Incidents: NewIncidents(past.Incidents, now),
	}
	var total store.Summary
	for i := range past.Summaries {
		s := &past.Summaries[i]
		h.Rows = append(h.Rows, newHistoryRow(s, past.Ledger, s.From, s.To))
		total.Merge(s)
	}
	if n := len(past.Summaries); n > 0 {
		from, to := past.Summaries[0].From, past.Summaries[n-1].To
		h.Total = newHistoryRow(&total, past.Ledger, from, to)
		for _, e := range past.Ledger.Stretches(window(from, to)) {
			h.Stretches = append(h.Stretches, newStretch(e))
		}
	}
	for i := range past.Sights {
		if s := &past.Sights[i]; len(s.Attempts) > 0 {
			h.Evidence = append(h.Evidence, newSight(s))
		}
	}
	return h
}

// window is [from, to) as a ledger has it: (after, until]. Instants are whole
// milliseconds.
func window(from, to time.Time) (after, until time.Time) {
	return from.Add(-time.Millisecond), to.Add(-time.Millisecond)
}

func newHistoryRow(s *store.Summary, ledger *store.Ledger, from, to time.Time) HistoryRow {
	row := HistoryRow{
		From: from.UTC(), To: to.UTC(), Results: s.Results(), Outcomes: map[probe.Outcome]int64{},
		Codes: map[int]int64{}, Reasons: map[probe.Reason]int64{}, time: ledger.Tally(window(from, to)),
	}
	row.Availability = Availability{ratio(row.time.Ratio()), row.time.Coverage()}
	for outcome, n := range s.Outcomes {
		row.Outcomes[probe.Outcome(outcome)] = n
	}
	for code, n := range s.Codes {
		row.Codes[code] = n
	}
	for reason, n := range s.Reasons {
		row.Reasons[reason] = n
	}
	quantile := func(q float64) *float64 {
		d, ok := s.Latency.Quantile(q)
		return ratio(milliseconds(d), ok)
	}
	row.Latency = Latency{quantile(0.5), quantile(0.95), quantile(0.99), quantile(1)}
	return row
}

func newStretch(e incident.Entry) Stretch {
	return Stretch{e.Slots.First, e.Slots.Last.Add(e.Slots.Step), e.Outcome, e.Reason}
}

func newSight(s *store.Sight) Sight {
	last := &s.Attempts[len(s.Attempts)-1]
	for i := len(s.Attempts) - 1; i >= 0; i-- { // a retry may have been good
		if s.Attempts[i].Verdict.Outcome != probe.Good {
			last = &s.Attempts[i]
			break
		}
	}
	sight := Sight{
		At: s.At.UTC(), Attempts: len(s.Attempts), Reason: last.Verdict.Reason,
		AnsweredBy: last.Evidence.AnsweredBy, Error: last.Evidence.Error,
	}
	if status := last.Verdict.Status; status != 0 {
		sight.Status = &status
	}
	return sight
}
