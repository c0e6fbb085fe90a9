package incident

import (
	"time"

	"sonde/probe"
)

// ProberNetwork is when people hear that sonde's own network is at fault.
type ProberNetwork struct {
	After time.Duration // results have said so for so long; 0: never
}

// networkBack is for how long nothing may speak for a network that is down until it is
// back, although not every probe has been answered again: runs that began before its
// return still fail.
const networkBack = 15 * time.Second

// networkRule tells once that the network on our side is at fault, for all probes
// together. Only answers to probes that could not be judged show that it is back.
var networkRule = circleRule{
	speaks: func(w *watch) bool { return w.in.Verdict.Reason == probe.ProberNetwork },
	step:   (*watch).network,
}

func (w *watch) network(blind bool) {
	now, problem := w.m.in.At, w.m.s.Open(probe.KindProberNetwork)
	switch {
	case blind:
		w.s.add(w.id, now, now)
		w.m.s.Goods = Streak{}
	case w.id != 0 && w.in.Verdict.Outcome != probe.Unknown && w.s.drop(w.id):
		w.m.s.Goods.extend(now)
	}
	if problem == nil {
		if first := w.s.first(); blind && now.Sub(first) >= w.m.p.Rules.ProberNetwork.After && now.After(first) {
			w.open(probe.KindProberNetwork, w.gravity())
		}
		return
	}
	if len(w.s.Hits) == 0 || !blind && w.m.s.Goods.reached(goodResults, networkBack, now) {
		w.s.Hits = nil
		w.resolve(problem)
		return
	}
	if blind {
		problem.count(w.in)
	}
	if problem.Severity != probe.Critical && w.most() {
		w.escalate(problem)
	}
}

// gravity is how urgent it is, by how many are in trouble.
func (w *watch) gravity() probe.Severity {
	if w.most() {
		return probe.Critical
	}
	return probe.Warning
}
