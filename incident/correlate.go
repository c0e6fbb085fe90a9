package incident

import (
	"maps"
	"slices"
	"time"

	"sonde/probe"
	"sonde/slo"
)

// States are the states of all probes, and below 0 those of what they share.
type States = map[probe.ID]*State

// Follow is what follows for those who share something.
type Follow struct {
	Circle *Circle
	Effects
}

// Correlate moves the states of what a probe shares on, by an input that has stepped the
// probe's own state with the effects fx, and returns what follows from it. Transitions in
// fx that are a part of something larger are marked as such. The input of no probe (0) is
// idle, and about the prober as a whole. Correlate is pure, as [Step] is.
func Correlate(c *Circles, states States, id probe.ID, in *Input, fx *Effects, ids *Sequence) []Follow {
	if !c.Concern(id, in, states) {
		return nil // as almost always
	}
	w := &watch{c: c, states: states, id: id, own: states[id], in: in, fx: fx, ids: ids}
	if id == 0 {
		w.idle()
		return w.follows
	}
	if w.accounts() {
		for _, circle := range c.of[id] {
			if circle.Tie == TiePromise {
				w.look(circle, promiseRule)
			}
		}
	}
	if in.Kind != Ran || in.Run == probe.Manual || in.Verdict.Reason == probe.Canceled || w.own == nil || !in.At.Equal(w.own.Last.At) {
		return w.follows // nothing new of the target
	}
	if c.heard(id, in.Verdict.Outcome, states) {
		w.look(c.network, networkRule)
	}
	for _, circle := range c.of[id] {
		switch circle.Tie {
		case TieCredential:
			w.look(circle, authRule)
		case TieHost, TieParent:
			w.look(circle, gatewayRule)
		case TieGroup:
			w.look(circle, rateRule)
		}
	}
	return w.follows
}

// Apart reports whether a result of a probe with an outcome moves on nothing that several share,
// whatever else it says.
func (c *Circles) Apart(id probe.ID, outcome probe.Outcome, states States) bool {
	return id != 0 && len(c.of[id]) == 0 && !c.heard(id, outcome, states)
}

// Concern reports whether a result with an outcome may move anything on that its probe
// shares. Most probes share nothing; of those that do, a good result says something only
// while anything is wrong with it.
func (c *Circles) Concern(id probe.ID, in *Input, states States) bool {
	outcome := in.Verdict.Outcome
	if id == 0 || c.heard(id, outcome, states) {
		return true
	}
	for _, circle := range c.of[id] {
		if outcome != probe.Good || circle.Tie == TieGroup || states[circle.ID] != nil {
			return true // of a group with a rate every result counts
		}
		if circle.Tie == TiePromise && circle.policy.Budgets.spends(in) {
			return true // it is good, but slow
		}
	}
	return false
}

// accounts reports whether the input has just accounted for slots of the probe.
func (w *watch) accounts() bool {
	slots := w.in.Kind == Ran && w.in.Run == probe.Scheduled || w.in.Kind == Skipped && w.in.Run != probe.Recheck
	return slots && w.own != nil && w.own.Account.Grid.Last.Equal(w.in.Until())
}

// heard reports whether a result says something of the prober's own network: that it is in
// trouble, or that it is not any more.
func (c *Circles) heard(id probe.ID, outcome probe.Outcome, states States) bool {
	return c.network != nil && (outcome == probe.Unknown || states[c.network.ID] != nil) && c.network.has(id)
}

// watch is one look at what a probe shares.
type watch struct {
	c      *Circles
	states States
	id     probe.ID
	own    *State // of the probe; nil for none
	in     *Input
	fx     *Effects // of the probe
	ids    *Sequence

	follows []Follow

	// Of the circle that is being looked at:
	circle *Circle
	now    Input   // as of the circle's latest instant
	m      machine // of its state
	s      *Shared
}

// circleRule is a rule about a circle: whether an input speaks for its trouble, and what
// to do with one.
type circleRule struct {
	speaks func(*watch) bool
	step   func(w *watch, speaks bool)
}

// look lets a rule look at a circle. Nothing is remembered where nothing is wrong.
func (w *watch) look(circle *Circle, rule circleRule) {
	state := w.states[circle.ID]
	w.circle = circle
	speaks := (w.id == 0) == (circle.Tie == TieProber) && rule.speaks(w)
	if state == nil {
		if !speaks {
			return
		}
		state = &State{Shared: &Shared{}}
		w.states[circle.ID] = state
	}
	if state.Shared == nil { // it comes from rows of incidents
		state.Shared = &Shared{}
	}
	w.s = state.Shared
	w.now = *w.in
	w.now.At = slo.Latest(w.now.At, w.s.At) // of several probes, results do not come in order
	w.s.At = w.now.At
	w.m = machine{p: &circle.policy, s: state, in: &w.now, ids: w.ids}
	w.m.expire(w.now.At)
	hits := w.s.named() // a rule that resolves forgets them
	rule.step(w, speaks)
	if now := w.s.named(); len(now) > 0 {
		hits = now
	}
	for i := range w.m.fx.Transitions {
		w.m.fx.Transitions[i].Hits = hits
	}
	if len(w.m.fx.Transitions) > 0 {
		w.follows = append(w.follows, Follow{circle, w.m.fx})
	}
	if len(w.s.Hits) == 0 {
		w.s.Hits = nil
	}
	if len(state.Problems) == 0 && w.s.Hits == nil && w.s.Rate == nil && w.s.Pool == nil {
		delete(w.states, circle.ID)
	}
}

// open opens the incident of a kind about the circle, or reopens the one that has
// recovered lately.
func (w *watch) open(kind probe.Kind, severity probe.Severity) *Problem {
	problem, change := w.m.begin(kind)
	now := w.m.in.At
	since := slo.Earliest(w.s.first(), now)
	if since.IsZero() {
		since = now
	}
	*problem = Problem{
		ID: problem.ID, Kind: kind, Phase: Open, Severity: severity, Cause: w.in.Verdict,
		Since: since, OpenedAt: now, Openings: problem.Openings + 1, Failures: len(w.s.Hits), Telling: problem.Telling,
	}
	problem.RemindAt = w.m.p.FirstReminder(problem)
	w.m.s.Goods = Streak{}
	w.measure(problem)
	w.m.tell(change, now, problem)
	return problem
}

// measure notes how many of the circle are in trouble.
func (w *watch) measure(p *Problem) {
	if w.circle.Tie == TieGroup {
		p.Reading = w.rated()
		return
	}
	hit := len(w.s.Hits)
	if w.circle.Tie == TieProber {
		hit = w.in.Attempts // the input says how many have no data
	}
	p.Reading = Reading{
		Now: float64(hit), Usual: float64(len(w.circle.Members)), Samples: p.Failures, Over: w.m.in.At.Sub(p.Since),
	}
}

// most reports whether at least half of the circle is in trouble.
func (w *watch) most() bool { return 2*len(w.s.Hits) >= len(w.circle.Members) }

// resolve ends the incident of the circle.
func (w *watch) resolve(p *Problem) {
	w.m.s.Goods = Streak{}
	w.measure(p)
	w.m.resolve(p)
}

// escalate makes a warning critical.
func (w *watch) escalate(p *Problem) {
	p.Severity = probe.Critical
	w.measure(p)
	w.m.tell(Escalated, w.m.in.At, p)
}

// part marks transitions of the probe's own, of a kind, as a part of an incident.
func (w *watch) part(kind probe.Kind, of *Problem) {
	for i := range w.fx.Transitions {
		t := &w.fx.Transitions[i]
		if t.Problem.Kind != kind || t.Change != Opened && t.Change != Reopened {
			continue
		}
		t.Problem.Within = of.ID
		if own := w.own.problem(kind); own != nil {
			own.Within = of.ID
		}
	}
}

// Reconfigure drops what nobody shares any more. Those who heard of an open incident hear
// that nobody looks any longer.
func Reconfigure(before, after *Circles, states States, now time.Time) []Follow {
	var all []Follow
	for _, id := range slices.Sorted(maps.Keys(states)) {
		if id >= 0 {
			break
		}
		state, circle := states[id], after.byID[id]
		if circle != nil {
			if state.Shared != nil {
				state.Shared.Hits = slices.DeleteFunc(state.Shared.Hits, func(h Hit) bool { return !circle.has(h.Probe) })
				if pool := state.Shared.Pool; pool != nil {
					pool.Ill = slices.DeleteFunc(pool.Ill, func(x Standing) bool { return !circle.has(x.Probe) })
				}
			}
			continue
		}
		if circle = before.byID[id]; circle == nil {
			circle = &Circle{ID: id} // nobody knows any more
		}
		all = append(all, Follow{circle, Withdraw(state, now)})
		delete(states, id)
	}
	return all
}
