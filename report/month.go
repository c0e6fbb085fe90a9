package report

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"sonde/incident"
	"sonde/slo"
	"sonde/store"
)

// Month is what became of the promises in a month: the JSON of `sonde slo report`.
type Month struct {
	GeneratedAt time.Time  `json:"generated_at"`
	Month       string     `json:"month"` // such as 2026-11
	Zone        string     `json:"zone"`  // whose midnight begins it
	From        time.Time  `json:"from"`
	To          time.Time  `json:"to"`       // the beginning of the next
	Complete    bool       `json:"complete"` // it is over
	Probes      []MonthRow `json:"probes"`
	Groups      []MonthRow `json:"groups"`
}

// MonthRow is what became of a probe or a group, for one target. A target that is promised
// over another window is held against the month.
type MonthRow struct {
	Name           string   `json:"name"`
	Target         *float64 `json:"target"`               // null: nothing is promised
	LatencyMS      int64    `json:"latency_ms,omitempty"` // it is promised that good answers take no longer
	AttainedRatio  *float64 `json:"attained_ratio"`
	Coverage       float64  `json:"coverage"`
	BudgetMS       *int64   `json:"budget_ms"`
	SpentMS        int64    `json:"spent_ms"` // bad time
	RemainingRatio *float64 `json:"remaining_ratio"`
	Status         string   `json:"status"`
	Incidents      int      `json:"incidents"`    // that opened in the month
	FalseAlarms    int      `json:"false_alarms"` // of those, what people said of that nothing was wrong
	MTTDMS         *int64   `json:"mttd_ms"`      // mean time from the first failure to the opening
	MTTAMS         *int64   `json:"mtta_ms"`      // from the opening until somebody acknowledged
	MTTRMS         *int64   `json:"mttr_ms"`      // from the opening to the recovery
}

// ParseMonth finds a month such as 2026-11 in a zone, which is UTC if it is empty.
func ParseMonth(month, zone string) (slo.Span, error) {
	middle, err := time.Parse("2006-01", month)
	if err != nil {
		return slo.Span{}, fmt.Errorf("%q is no month; write it like 2026-11", month)
	}
	name := "month"
	if zone != "" {
		name += " in " + zone
	}
	window, err := slo.ParseWindow(name)
	if err != nil {
		return slo.Span{}, err
	}
	return window.Span(middle.AddDate(0, 0, 14)), nil
}

// ReadMonth reads what became of all probes in a month: of those that are configured, and
// of those that were while it lasted.
func ReadMonth(ctx context.Context, r *store.Reader, span slo.Span, now time.Time) (*Month, error) {
	month := &Month{
		GeneratedAt: now.UTC().Truncate(time.Millisecond), From: span.Begin().UTC(), To: span.End.UTC(), Complete: !now.Before(span.End),
		Probes: []MonthRow{}, Groups: []MonthRow{},
	}
	until := slo.Earliest(now, span.End.Add(-time.Millisecond))
	stories, err := readMeans(ctx, r, span)
	if err != nil {
		return nil, err
	}
	probes, err := r.Probes(ctx)
	if err != nil {
		return nil, err
	}
	groups := &together{span: span, until: until, members: map[string][]*store.Probe{}, of: map[string]*store.Together{}, pledges: map[string]store.Pledge{}, means: map[string]*Means{}}
	for i := range probes {
		p := &probes[i]
		if p.ID < 0 {
			continue // what several share is no probe
		}
		ledger, err := r.Ledger(ctx, p.ID, span.After, until)
		if err != nil {
			return nil, err
		}
		tally := ledger.Tally(span.After, until)
		if !p.RetiredAt.IsZero() && tally == (slo.Tally{}) {
			continue
		}
		x := stories[p.Name()]
		if x == nil {
			x = &Means{}
		}
		promised := ledger.Promised(p.Policy)
		if len(availability(p.Objectives)) > 0 {
			tally = promised.Tally(span.After, until)
		}
		month.Probes = append(month.Probes, rows(p.Name(), availability(p.Objectives), tally, span, x)...)
		for _, o := range p.Objectives {
			if o.Kind != slo.Latency {
				continue
			}
			latency, err := r.Latency(ctx, p.ID, o.Threshold, span.After, until)
			if err != nil {
				return nil, err
			}
			month.Probes = append(month.Probes, rows(p.Name(), []slo.Objective{o}, latency.Promised(p.Policy).Tally(span.After, until), span, x)...)
		}
		groups.add(p, promised, x)
	}
	slices.SortStableFunc(month.Probes, func(a, b MonthRow) int { return cmp.Compare(a.Name, b.Name) })
	month.Groups, err = groups.rows(ctx, r, stories)
	return month, err
}

// readMeans reads the incidents that opened in a month, by the names of their probes, or by what
// several share.
func readMeans(ctx context.Context, r *store.Reader, span slo.Span) (map[string]*Means, error) {
	records, err := r.Incidents(ctx, 0, span.Begin(), span.End, 0)
	if err != nil {
		return nil, err
	}
	all := map[string]*Means{}
	for i := range records {
		x := &records[i]
		name := x.Name
		if x.Scope != "" {
			name = x.Scope
		}
		if !x.OpenedAt.After(span.After) || !x.OpenedAt.Before(span.End) {
			continue
		}
		timeline, err := r.Timeline(ctx, x.ID)
		if err != nil {
			return nil, err
		}
		if all[name] == nil {
			all[name] = &Means{}
		}
		all[name].Add(x, timeline)
	}
	return all, nil
}

// availability are the objectives of that kind.
func availability(all []slo.Objective) []slo.Objective {
	return slices.DeleteFunc(slices.Clone(all), func(o slo.Objective) bool { return o.Kind != slo.Availability })
}

// rows are a row for each target, the first one first; one if nothing is promised.
func rows(name string, objectives []slo.Objective, t slo.Tally, span slo.Span, m *Means) []MonthRow {
	row := MonthRow{
		Name: name, AttainedRatio: ratio(t.Ratio()), Coverage: t.Coverage(), SpentMS: t.Bad.Milliseconds(), Status: "no_objective",
		Incidents: m.incidents, FalseAlarms: m.falsely, MTTDMS: m.detect.of(), MTTAMS: m.ack.of(), MTTRMS: m.recover.of(),
	}
	var all []MonthRow
	var seen []int64
	for _, o := range objectives {
		if slices.Contains(seen, o.BadPPM) {
			continue
		}
		seen = append(seen, o.BadPPM)
		b := o.Budget(t, span)
		target, budget := o.Target(), b.Total.Milliseconds()
		held := row
		held.LatencyMS = o.Threshold.Milliseconds()
		held.Target, held.BudgetMS, held.Status = &target, &budget, b.Status.String()
		if b.Status != slo.NoData {
			held.RemainingRatio = ratio(b.RemainingRatio())
		}
		all = append(all, held)
	}
	if len(all) == 0 {
		return []MonthRow{row}
	}
	return all
}

// together gathers the members of groups.
type together struct {
	span    slo.Span
	until   time.Time
	members map[string][]*store.Probe
	of      map[string]*store.Together
	pledges map[string]store.Pledge
	means   map[string]*Means
}

func (t *together) add(p *store.Probe, ledger *store.Ledger, m *Means) {
	name := p.Subject.Group
	if name == "" {
		return
	}
	if t.of[name] == nil {
		t.of[name], t.means[name] = &store.Together{}, &Means{}
	}
	g, sum := t.of[name], t.means[name]
	g.Members = append(g.Members, ledger)
	t.members[name] = append(t.members[name], p)
	if p.RetiredAt.IsZero() {
		g.Combine, t.pledges[name] = p.Pledge.Combine, p.Pledge
	}
	sum.plus(m)
}

// rows are a row for each target of each group, those of latency behind the others. Incidents of
// the members count, and those about the promise itself.
func (t *together) rows(ctx context.Context, r *store.Reader, stories map[string]*Means) ([]MonthRow, error) {
	all := []MonthRow{}
	for _, name := range slices.Sorted(maps.Keys(t.of)) {
		objectives := t.pledges[name].Objectives
		if own := stories[incident.Bond{Tie: incident.TiePromise, Key: name}.String()]; own != nil {
			t.means[name].plus(own)
		}
		all = append(all, rows(name, availability(objectives), t.of[name].Tally(t.span.After, t.until), t.span, t.means[name])...)
		for _, o := range objectives {
			if o.Kind != slo.Latency {
				continue
			}
			paced := store.Together{Combine: t.of[name].Combine}
			for _, p := range t.members[name] {
				latency, err := r.Latency(ctx, p.ID, o.Threshold, t.span.After, t.until)
				if err != nil {
					return nil, err
				}
				paced.Members = append(paced.Members, latency.Promised(p.Policy))
			}
			all = append(all, rows(name, []slo.Objective{o}, paced.Tally(t.span.After, t.until), t.span, t.means[name])...)
		}
	}
	return all, nil
}
