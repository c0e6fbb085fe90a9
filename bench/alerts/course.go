package main

import (
	"math/rand/v2"
	"slices"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// watched is a probe as the configuration has it.
type watched struct {
	policy  incident.Policy
	subject notify.Subject
	retries int
}

// course is one probe going on: its slots, the re-checks that its state asks for, and what
// follows.
type course struct {
	*watched
	rnd     *rand.Rand
	sky     *sky
	trouble *trouble // nil: nothing is wrong
	began   time.Time

	state incident.State
	desk  *notify.Desk
	ids   incident.Sequence
	slot  time.Time   // the next one
	due   []time.Time // re-checks that were asked for, soonest first

	runs, failed, rechecks int
	told                   []told
}

// told is a transition, or that one is told which was kept back, and how many messages it
// led to.
type told struct {
	kind     probe.Kind
	change   incident.Change
	at       time.Time
	messages int
}

// opens reports whether an incident began, or began again.
func (t told) opens() bool { return t.change == incident.Opened || t.change == incident.Reopened }

// start is when all courses begin.
var start = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func newCourse(w *watched, sees weather, rnd *rand.Rand) *course {
	phase := time.Duration(rnd.Int64N(w.policy.Interval.Milliseconds())) * time.Millisecond
	c := &course{watched: w, rnd: rnd, sky: newSky(sees, rnd, start), slot: start.Add(phase)}
	here := map[probe.ID]notify.Watched{me: {Subject: &w.subject, Policy: &w.policy}}
	c.desk = notify.NewDesk(here, func(probe.ID) *incident.State { return &c.state })
	return c
}

// me is the only probe of a course.
const me probe.ID = 1

// run goes on until an instant.
func (c *course) run(until time.Time) {
	for {
		at, kind := c.slot, probe.Scheduled
		if len(c.due) > 0 && !c.due[0].After(c.slot) {
			at, kind = c.due[0], probe.Recheck
		}
		if !at.Before(until) {
			return
		}
		switch {
		case kind == probe.Scheduled:
			c.slot = c.slot.Add(c.policy.Interval)
		case at.Equal(c.slot): // the probe is being asked anyway
			c.due = c.due[1:]
			continue
		default:
			c.due = c.due[1:]
			c.rechecks++
		}
		c.step(c.ask(at, kind))
	}
}

// sight is what a run sees.
type sight int

const (
	fine sight = iota
	broken
	lost
)

var verdicts = [...]probe.Verdict{
	fine: verdict(probe.OK, 200), broken: verdict(probe.ServerError, 503), lost: verdict(probe.ConnectTimeout, 0),
}

func verdict(reason probe.Reason, status int) probe.Verdict {
	v := probe.Miss(reason)
	v.Status, v.Class = status, probe.ClassOf(status)
	return v
}

// sees is what a run at an instant sees.
func (c *course) sees(at time.Time) sight {
	blip, alone := c.sky.at(at)
	switch {
	case c.trouble.fails(at.Sub(c.began), c.rnd), alone:
		return broken
	case blip:
		return lost
	}
	return fine
}

// ask makes up a run. What fails has failed with all its retries; a re-check has none.
func (c *course) ask(at time.Time, kind probe.RunKind) incident.Input {
	sight := c.sees(at)
	in := incident.Input{Kind: incident.Ran, Run: kind, At: at, Verdict: verdicts[sight], Attempts: 1, Timings: probe.Timings{Total: 80 * time.Millisecond}}
	if kind == probe.Scheduled {
		c.runs++
		if sight != fine {
			c.failed++
			in.Attempts += c.retries
		}
	}
	return in
}

// step moves the state on, in the way of package record, and asks for what is due.
func (c *course) step(in incident.Input) {
	if c.state.Stale(&in) {
		return
	}
	for _, r := range c.desk.Expire(in.Until()) {
		c.told = append(c.told, told{kind: r.Problem.Kind, at: r.At, messages: c.messages(r.Transition)})
	}
	before := c.state.Due
	effects := incident.Step(&c.policy, &c.state, &in, &c.ids)
	if due := c.state.Due; !due.IsZero() && !due.Equal(before) {
		c.recheck(due)
	}
	for _, t := range effects.Transitions {
		seen := told{kind: t.Problem.Kind, change: t.Change, at: t.At}
		if said, ok := c.desk.Take(me, t); ok {
			seen.messages = c.messages(said)
		}
		c.told = append(c.told, seen)
	}
	for _, r := range c.desk.Release(me, in.Until()) {
		c.told = append(c.told, told{kind: r.Problem.Kind, at: r.At, messages: c.messages(r.Transition)})
	}
}

// messages is how many a transition leads to. Those that only whoever follows the incident
// sees, in its thread, do not count.
func (c *course) messages(t incident.Transition) (n int) {
	for _, m := range notify.Plan(t, c.subject, "here", nil) {
		if !m.Body.Quiet {
			n++
		}
	}
	return n
}

// bucket is how finely the scheduler times re-checks.
const bucket = 100 * time.Millisecond

// recheck asks once more at an instant, or up to a bucket later.
func (c *course) recheck(at time.Time) {
	if cut := at.Truncate(bucket); !cut.Equal(at) {
		at = cut.Add(bucket)
	}
	i, _ := slices.BinarySearchFunc(c.due, at, time.Time.Compare)
	c.due = slices.Insert(c.due, i, at)
}
