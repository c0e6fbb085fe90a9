package notify_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// morning is when every test begins.
var morning = time.Date(2026, 11, 26, 5, 0, 0, 0, time.UTC)

// floor is a house of probes whose states are stepped as the recorder does it, with a desk.
type floor struct {
	t       testing.TB
	desk    *notify.Desk
	watched map[probe.ID]notify.Watched
	states  map[probe.ID]*incident.State
	ids     incident.Sequence
	now     time.Time
	stored  map[incident.ID]*notify.Held
	orders  []incident.Command
	said    []string
	told    map[incident.ID][]string
	hear    func(about probe.ID, t incident.Transition) // of what is told
	send    func(m notify.Message)                      // what each destination gets
}

// newFloor has probes 1, 2, ..., each depending on what is listed.
func newFloor(t testing.TB, parents ...[]probe.ID) *floor {
	f := &floor{t: t, watched: map[probe.ID]notify.Watched{}, states: map[probe.ID]*incident.State{}, now: morning, stored: map[incident.ID]*notify.Held{}, told: map[incident.ID][]string{}}
	for i := range parents {
		f.watched[probe.ID(i+1)] = notify.Watched{
			Subject: &notify.Subject{Name: fmt.Sprintf("p%d", i+1), Routes: notify.Routes{Default: []string{"ops"}}}, Parents: parents[i],
			Policy: &incident.Policy{
				Interval: time.Minute, DownAfter: 90 * time.Second, AuthAfter: 90 * time.Second, RecheckEvery: 30 * time.Second, ResolveAfter: 2 * time.Minute, RemindEvery: time.Hour,
			},
		}
	}
	f.restart()
	return f
}

func (f *floor) restart() {
	f.desk = notify.NewDesk(f.watched, func(id probe.ID) *incident.State { return f.states[id] })
	var held []notify.Held
	for id, h := range f.stored {
		kept := *h
		kept.Incident = id
		held = append(held, kept)
	}
	f.desk.Restore(f.states, held, f.orders)
	f.desk.Remember(f.told)
	f.release(0)
}

func (f *floor) tell(about probe.ID, t incident.Transition) {
	f.said = append(f.said, fmt.Sprintf("%s %s of p%d", t.Change, t.Problem.Kind, about))
	if f.hear != nil {
		f.hear(about, t)
	}
}

// plan has the destinations get a transition.
func (f *floor) plan(about probe.ID, t incident.Transition) {
	for _, m := range f.desk.Plan(t, notify.Subject{Name: f.watched[about].Name, Routes: f.watched[about].Routes}, "here", nil) {
		if f.send != nil {
			f.send(m)
		}
	}
	maps.Copy(f.told, f.desk.Told())
}

func (f *floor) release(about probe.ID) {
	for _, r := range append(f.desk.Expire(f.now), f.desk.Release(about, f.now)...) {
		f.plan(r.About, r.Transition)
		f.tell(r.About, r.Transition)
	}
	for id, h := range f.desk.Changes() {
		if f.stored[id] = h; h == nil {
			delete(f.stored, id)
		}
	}
}

// step gives a probe a result, and returns what people are told.
func (f *floor) step(id probe.ID, v probe.Verdict, maintained bool) []string {
	before := len(f.said)
	if f.states[id] == nil {
		f.states[id] = &incident.State{}
	}
	in := incident.Input{At: f.now, Verdict: v, Attempts: 1, Maintenance: maintained}
	fx := incident.Step(f.watched[id].Policy, f.states[id], &in, &f.ids)
	for _, t := range fx.Transitions {
		t, ok := f.desk.Take(id, t)
		if !ok {
			continue
		}
		if f.plan(id, t); !t.Quiet && t.Change != incident.ClosedNow {
			f.tell(id, t)
		}
	}
	f.release(id)
	return f.said[before:]
}

// play lets minutes pass, in each of which probes give these results, in their order.
func (f *floor) play(minutes int, verdicts ...probe.Verdict) []string {
	before := len(f.said)
	for range minutes {
		for i, v := range verdicts {
			f.step(probe.ID(i+1), v, false)
			f.now = f.now.Add(10 * time.Second)
		}
		f.now = f.now.Add(time.Minute - time.Duration(len(verdicts))*10*time.Second)
	}
	return f.said[before:]
}

func (f *floor) silence(id incident.CommandID, length time.Duration, scope incident.Scope) {
	f.orders = append(f.orders, incident.Command{ID: id, Kind: incident.Silence, From: f.now, Until: f.now.Add(length), Scope: scope})
	f.desk.Order(f.orders[len(f.orders)-1])
}

func outcome(reason probe.Reason, status int) probe.Verdict {
	v := probe.Miss(reason)
	v.Status = status
	if status > 0 {
		v.Class = probe.ClassOf(status)
	}
	return v
}

var (
	fine   = outcome(probe.OK, 200)
	broken = outcome(probe.ServerError, 503)
	denied = outcome(probe.Unauthenticated, 401)
)

func sorted(said []string) (all []string) {
	for _, prefix := range []string{"reopened", "opened"} {
		for _, s := range said {
			if len(s) > len(prefix) && s[:len(prefix)] == prefix {
				all = append(all, s)
			}
		}
	}
	return all
}

// unsaid reports whether a recovery is only told once it has lasted.
func (f *floor) unsaid(id incident.ID) bool {
	for _, s := range f.states {
		for i := range s.Problems {
			if s.Problems[i].ID == id {
				return s.Problems[i].Telling.Unsaid
			}
		}
	}
	return false
}
