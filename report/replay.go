package report

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/store"
)

// longIncident is how long an incident must last to be counted apart: what was over sooner
// was perhaps not worth waking anybody for.
const longIncident = 5 * time.Minute

// Replay is what the rules of a configuration would have made of results of the past: the
// JSON of `sonde replay --json`.
type Replay struct {
	From      time.Time          `json:"from"`
	To        time.Time          `json:"to"`
	Probes    int                `json:"probes"`
	Results   int                `json:"results"`
	Incidents []ReplayedIncident `json:"incidents"` // in the order in which they open
	Rules     []RuleCost         `json:"rules"`     // of those kinds that would have opened, the costliest first

	Destinations []DestinationCost `json:"destinations"` // in the order of their names; none if nothing says who is told
}

// DestinationCost is how many messages a destination would have got.
type DestinationCost struct {
	Name     string `json:"name"`
	Messages int    `json:"messages"`
}

// Teller says what people would have heard: it keeps back what the service would have kept
// back.
type Teller interface {
	// Hear hears of a change of an incident, and says which destinations hear of it; and, if it
	// is open, why people do not.
	Hear(about probe.ID, t incident.Transition, told func(id incident.ID, at time.Time, destinations []string)) (why string)

	// Expire says what was to be kept back until an instant that has passed.
	Expire(now time.Time, told func(id incident.ID, at time.Time, destinations []string))

	// Release says what nothing keeps back any more, after something has changed about a probe.
	Release(about probe.ID, now time.Time, told func(id incident.ID, at time.Time, destinations []string))
}

// ReplayedIncident is an incident that would have opened.
type ReplayedIncident struct {
	Probe       string         `json:"probe"` // or what several probes share
	Kind        probe.Kind     `json:"kind"`  // as it was in the end
	Severity    probe.Severity `json:"severity"`
	Cause       probe.Reason   `json:"cause"`
	Status      *int           `json:"status"` // null when no status came
	Since       time.Time      `json:"since"`
	OpenedAt    time.Time      `json:"opened_at"`
	RecoveredAt *time.Time     `json:"recovered_at"`      // null if it is still open at the end of the range
	LastedMS    int64          `json:"lasted_ms"`         // from its opening on; up to the end of the range while it is open
	Openings    int            `json:"openings"`          // 1, and one more for every relapse
	Messages    int            `json:"messages"`          // that a destination which hears of it would have got
	ToldAt      *time.Time     `json:"told_at"`           // when people would have heard of it first; null if they would not have
	HeldBy      string         `json:"held_by,omitempty"` // what would have kept an opening back from them
}

func (x *ReplayedIncident) lasted() time.Duration {
	return time.Duration(x.LastedMS) * time.Millisecond
}

// RuleCost is what the rule of one kind costs people.
type RuleCost struct {
	Kind          probe.Kind `json:"kind"`
	Opened        int        `json:"opened"`
	LongerThan5m  int        `json:"longer_than_5m"`
	Relapses      int        `json:"relapses"`
	Messages      int        `json:"messages"`
	LastedMS      int64      `json:"lasted_ms"`
	PerProbe30d   float64    `json:"opened_per_probe_30d"`
	StillOpen     int        `json:"still_open"`
	ProbesTouched int        `json:"probes"`
}

// Rehearsal plays results of the past through the rules of a configuration. It asks
// nobody, stores nothing and tells nobody.
type Rehearsal struct {
	memory    *store.Memory
	probes    map[probe.ID]*store.Probe
	circles   *incident.Circles  // what several of them share
	calendar  *incident.Calendar // of the maintenance that the configuration plans
	incidents []*ReplayedIncident
	byID      map[incident.ID]*ReplayedIncident
	from, to  time.Time
	results   int

	teller   Teller         // nil: everybody hears of everything
	messages map[string]int // by destination
}

// NewRehearsal begins a rehearsal of [from, to), for probes that have ids. What is planned is
// maintenance, whose scopes are ids, or names if there are none; results that lie in it open nothing.
func NewRehearsal(probes []store.Probe, from, to time.Time, planned ...incident.Command) *Rehearsal {
	r := &Rehearsal{
		memory: store.NewMemory(), probes: make(map[probe.ID]*store.Probe, len(probes)), byID: map[incident.ID]*ReplayedIncident{}, messages: map[string]int{},
		from: from, to: to, circles: store.Circles(probes),
	}
	for i := range probes {
		r.probes[probes[i].ID] = &probes[i]
	}
	planned = slices.Clone(planned)
	for i := range planned {
		if len(planned[i].Scope.Probes) > 0 {
			continue
		}
		planned[i].Scope.Probes, _ = incident.Resolve(planned[i].Scope.Names, func(add func(id probe.ID, name, group string)) {
			for j := range probes {
				add(probes[j].ID, probes[j].Name(), probes[j].Subject.Group)
			}
		})
	}
	r.calendar = incident.NewCalendar(planned)
	return r
}

// States are the states of the probes, and of what they share, as they are at any moment.
func (r *Rehearsal) States() map[probe.ID]*incident.State { return r.memory.States }

// Tell has a teller say what people hear of. Without one they hear of everything.
func (r *Rehearsal) Tell(t Teller) { r.teller = t }

// Take plays one result. Results of a probe come in the order of time; one that says
// nothing new, or is of no known probe, is left out.
func (r *Rehearsal) Take(id probe.ID, in *incident.Input) {
	p := r.probes[id]
	if p == nil {
		return
	}
	state := r.memory.State(id)
	if state.Stale(in) {
		return
	}
	if in.Kind == incident.Ran {
		r.results++
	}
	e := store.Entry{Probe: id, Input: *in}
	e.Input.Verdict = e.Input.Verdict.Settle(p.Policy.Count4xx, state.Worked)
	e.Input.Maintenance = r.calendar.Covers(id, in.Until())
	r.step(p, &e)
}

// step moves a probe on, and what it shares with others.
func (r *Rehearsal) step(p *store.Probe, e *store.Entry) {
	if r.teller != nil {
		r.teller.Expire(e.Input.Until(), r.told)
	}
	effects := r.memory.Step(p.Policy, e)
	var changed []probe.ID
	for _, f := range r.memory.Correlate(r.circles, e, &effects) {
		r.hear(f.Circle.ID, f.Circle.Title, f.Transitions)
		changed = append(changed, f.Circle.ID)
	}
	r.hear(e.Probe, p.Name(), effects.Transitions)
	if r.teller == nil {
		return
	}
	for _, id := range append(changed, e.Probe) {
		r.teller.Release(id, e.Input.Until(), r.told)
	}
}

// hear notes what has become of the incidents of a probe, or of what several share, and what
// people hear of that.
func (r *Rehearsal) hear(about probe.ID, name string, transitions []incident.Transition) {
	for i := range transitions {
		t := &transitions[i]
		x := r.note(name, t)
		switch {
		case r.teller != nil:
			if why := r.teller.Hear(about, *t, r.told); why != "" {
				x.HeldBy = why
			}
		case !t.Quiet && t.Change != incident.ClosedNow:
			r.told(t.Problem.ID, t.At, nil)
		}
	}
}

// told counts a message about an incident.
func (r *Rehearsal) told(id incident.ID, at time.Time, destinations []string) {
	x := r.byID[id]
	if x == nil {
		return
	}
	if x.Messages++; x.ToldAt == nil {
		utc := at.UTC()
		x.ToldAt = &utc
	}
	for _, name := range destinations {
		if name != "" {
			r.messages[name]++
		}
	}
}

// note notes what has become of an incident.
func (r *Rehearsal) note(about string, t *incident.Transition) *ReplayedIncident {
	x := r.byID[t.Problem.ID]
	if x == nil {
		x = &ReplayedIncident{
			Probe: about, Cause: t.Problem.Cause.Reason, Status: statusOf(t.Problem.Cause.Status),
			Since: t.Problem.Since.UTC(), OpenedAt: t.At.UTC(),
		}
		r.byID[t.Problem.ID] = x
		r.incidents = append(r.incidents, x)
	}
	x.Kind, x.Openings = t.Problem.Kind, t.Problem.Openings
	x.Severity = max(x.Severity, t.Problem.Severity)
	switch t.Change {
	case incident.Resolved:
		at := t.At.UTC()
		x.RecoveredAt = &at
	case incident.Reopened:
		x.RecoveredAt = nil
	}
	return x
}

// End fires the deadlines that pass before the end of the range, and sums up.
func (r *Rehearsal) End() *Replay {
	for _, id := range slices.Sorted(maps.Keys(r.probes)) {
		if r.memory.States[id] != nil {
			r.step(r.probes[id], &store.Entry{Probe: id, Input: incident.Input{Kind: incident.Idle, At: r.to}})
		}
	}
	if r.teller != nil {
		r.teller.Release(0, r.to, r.told)
	}
	out := &Replay{From: r.from.UTC(), To: r.to.UTC(), Probes: len(r.probes), Results: r.results, Incidents: []ReplayedIncident{}}
	for _, x := range r.incidents {
		end := r.to
		if x.RecoveredAt != nil {
			end = *x.RecoveredAt
		}
		x.LastedMS = max(0, end.Sub(x.OpenedAt)).Milliseconds()
		out.Incidents = append(out.Incidents, *x)
	}
	slices.SortStableFunc(out.Incidents, func(a, b ReplayedIncident) int {
		return cmp.Or(a.OpenedAt.Compare(b.OpenedAt), cmp.Compare(a.Probe, b.Probe))
	})
	out.Rules, out.Destinations = out.costs(), []DestinationCost{}
	for _, name := range slices.Sorted(maps.Keys(r.messages)) {
		out.Destinations = append(out.Destinations, DestinationCost{name, r.messages[name]})
	}
	return out
}

// costs sums the incidents up by the rule that opened them.
func (r *Replay) costs() []RuleCost {
	costs := []RuleCost{}
	touched := map[probe.Kind]map[string]bool{}
	for i := range r.Incidents {
		x := &r.Incidents[i]
		at := slices.IndexFunc(costs, func(c RuleCost) bool { return c.Kind == x.Kind })
		if at < 0 {
			at = len(costs)
			costs = append(costs, RuleCost{Kind: x.Kind})
			touched[x.Kind] = map[string]bool{}
		}
		costs[at].add(x)
		touched[x.Kind][x.Probe] = true
	}
	for i := range costs {
		costs[i].ProbesTouched = len(touched[costs[i].Kind])
		if months := float64(r.To.Sub(r.From)) / float64(30*day) * float64(r.Probes); months > 0 {
			costs[i].PerProbe30d = float64(costs[i].Opened) / months
		}
	}
	slices.SortFunc(costs, func(a, b RuleCost) int {
		return cmp.Or(cmp.Compare(b.Opened, a.Opened), cmp.Compare(a.Kind, b.Kind))
	})
	return costs
}

func (c *RuleCost) add(x *ReplayedIncident) {
	c.Opened++
	c.Relapses += x.Openings - 1
	c.Messages += x.Messages
	c.LastedMS += x.LastedMS
	if x.lasted() > longIncident {
		c.LongerThan5m++
	}
	if x.RecoveredAt == nil {
		c.StillOpen++
	}
}
