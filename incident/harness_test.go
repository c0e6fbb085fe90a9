package incident_test

import (
	"testing"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// t0 is the first slot of every test.
var t0 = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)

// rounds is how often something is tried: a tenth of it where the race detector makes each try slow.
// There is nothing in this package for it to find: there are no goroutines.
func rounds(all int) int {
	if testing.Short() {
		return all / 10
	}
	return all
}

// at is the instant so many seconds after t0.
func at(seconds int) time.Time { return t0.Add(time.Duration(seconds) * time.Second) }

// judge is the verdict that a reason and a status code stand for.
func judge(reason probe.Reason, status int) probe.Verdict {
	v := probe.Miss(reason)
	if status > 0 {
		v.Status, v.Class = status, probe.ClassOf(status)
	}
	return v
}

// The answers of the target, as the tests speak of them.
var (
	good      = judge(probe.OK, 200)
	broken    = judge(probe.ServerError, 503)
	gateway   = judge(probe.ServerError, 502)
	refused   = judge(probe.ConnectRefused, 0)
	slow      = judge(probe.TooSlow, 200)
	denied    = judge(probe.Unauthenticated, 401)
	forbidden = judge(probe.Forbidden, 403)
	throttled = judge(probe.Throttled, 429)
	missing   = judge(probe.ClientError, 404).Settle(probe.CountNever, false)
	gone      = judge(probe.ClientError, 410).Settle(probe.CountAlways, false)
	blind     = judge(probe.ProberNetwork, 0)
	shed      = judge(probe.LoadShed, 503)
)

// usual is the policy of the defaults, at an interval of so many seconds.
func usual(interval int) incident.Policy {
	return incident.Policy{
		Interval: time.Duration(interval) * time.Second, DownAfter: 90 * time.Second, AuthAfter: 90 * time.Second,
		RecheckEvery: 30 * time.Second, ResolveAfter: 120 * time.Second, Repeatable: true,
	}
}

// world is a probe whose target answers by a script, and a scheduler that keeps
// the grid of slots and the re-checks that state asks for.
type world struct {
	policy  incident.Policy
	state   incident.State
	ids     incident.Sequence
	retries int                             // attempts of a failing scheduled run, but one
	answer  func(second int) probe.Verdict  // of the target
	after   func(second int) int            // the seconds that a 429 or 5xx announces; below 0: none
	skip    func(second int) *probe.Verdict // nil: the slot is asked

	asked     []int // the seconds of all runs
	skipped   []int // of slots that a hold took away
	spared    []int // of re-checks that it did
	rechecked []int
	told      []incident.Transition
	ledger    []incident.Entry
	grids     int
}

// failing is a target that fails with a verdict from one second up to, without,
// another.
func failing(v probe.Verdict, from, to int) func(int) probe.Verdict {
	return func(second int) probe.Verdict {
		if second >= from && second < to {
			return v
		}
		return good
	}
}

// play lets the seconds from..to pass.
func (w *world) play(from, to int) {
	step := int(w.policy.Interval / time.Second)
	for second := from; second <= to; second++ {
		slot, due := second%step == 0, w.state.Due.Equal(at(second))
		switch {
		case slot && w.skip != nil && w.skip(second) != nil:
			w.step(incident.Input{Kind: incident.Skipped, At: at(second), To: at(second), Verdict: *w.skip(second)})
		case slot && w.held(second):
			w.skipped = append(w.skipped, second)
			w.step(incident.Input{Kind: incident.Skipped, At: at(second), To: at(second), Verdict: probe.Miss(w.state.Hold.Why)})
		case slot:
			w.run(probe.Scheduled, second)
		case due && w.held(second):
			w.spared = append(w.spared, second)
			w.step(incident.Input{Kind: incident.Skipped, Run: probe.Recheck, At: at(second), To: at(second), Verdict: probe.Miss(w.state.Hold.Why)})
		case due:
			w.rechecked = append(w.rechecked, second)
			w.run(probe.Recheck, second)
		}
	}
}

// held reports whether the probe is not to be asked at a second.
func (w *world) held(second int) bool { return w.state.Hold.Until.After(at(second)) }

// announcing is a target whose 5xx, 429 and shed load say when to come back.
func (w *world) announcing(seconds int) *world {
	w.after = func(int) int { return seconds }
	return w
}

// run makes a run at a second.
func (w *world) run(kind probe.RunKind, second int) {
	w.asked = append(w.asked, second)
	in := incident.Input{Run: kind, At: at(second), Verdict: w.answer(second), Attempts: 1}
	if kind == probe.Scheduled && in.Verdict.Outcome == probe.Bad {
		in.Attempts += w.retries
	}
	if w.after != nil && w.after(second) >= 0 && in.Verdict.Status >= 429 {
		in.RecoverBy, in.Throttled = at(second+w.after(second)), in.Verdict.Reason == probe.Throttled
		in.Attempts, in.Forgone = 1, in.Attempts-1
	}
	w.step(in)
}

// feed gives scheduled results, a slot after another, and returns what they told.
func (w *world) feed(first int, verdicts ...probe.Verdict) []string {
	before := len(w.told)
	for i, v := range verdicts {
		w.step(incident.Input{At: at(first + i*int(w.policy.Interval/time.Second)), Verdict: v, Attempts: 1})
	}
	return lines(w.told[before:])
}

func (w *world) step(in incident.Input) []string {
	fx := incident.Step(&w.policy, &w.state, &in, &w.ids)
	w.told = append(w.told, fx.Transitions...)
	w.ledger = append(w.ledger, fx.Ledger...)
	w.grids += len(fx.Grids)
	return lines(fx.Transitions)
}

// lines says transitions as "opened down 90": change, kind and seconds since t0.
func lines(told []incident.Transition) []string {
	var all []string
	for _, t := range told {
		all = append(all, t.Change.String()+" "+t.Problem.Kind.String()+" "+seconds(t.At))
	}
	return all
}

// seconds says an instant as seconds since t0, "" if it is zero.
func seconds(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Sub(t0).String()
}
