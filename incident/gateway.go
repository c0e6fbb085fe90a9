package incident

import (
	"slices"
	"time"

	"sonde/probe"
)

// GatewaySurge is when people hear that gateways do not reach what is behind them: when so
// many probes that share a host, or what they depend on, have had at least one more such
// answer between them than they are.
type GatewaySurge struct {
	Probes int           // 0: never
	Within time.Duration // the answers that count together
}

// The stages of a surge, as a circuit breaker has them. One that is over is closed. A surge
// that fails again and eases again goes on counting: see [HalfOpen].
const (
	SurgeOpen     = iota + 1 // gateways fail
	SurgeHalfOpen            // the first good answer since has come
)

// HalfOpen reports whether a surge in a stage is half open: good answers come again, and
// none has failed since. Every turn is the next stage.
func HalfOpen(stage int) bool { return stage > 0 && stage%2 == 0 }

// ofGateway reports whether a code is a gateway's word that it does not reach what is
// behind it (RFC 9110 sections 15.6.3 and 15.6.5, and Cloudflare's).
func ofGateway(code int) bool {
	return code == 502 || code == 504 || code >= 520 && code <= 524 || code == 530
}

// gatewayRule tells of gateways that fail several probes at the same time.
var gatewayRule = circleRule{
	speaks: func(w *watch) bool {
		return w.in.Verdict.Outcome == probe.Bad && ofGateway(w.in.Verdict.Status) && !w.in.Maintenance
	},
	step: (*watch).gateway,
}

func (w *watch) gateway(fails bool) {
	now, problem := w.m.in.At, w.m.s.Open(probe.KindGatewaySurge)
	begin := now.Add(-w.m.p.Rules.GatewaySurge.Within)
	_, hit := w.s.find(w.id)
	w.s.Hits = slices.DeleteFunc(w.s.Hits, func(h Hit) bool { return h.Last.Before(begin) })
	if fails {
		w.s.add(w.id, w.in.At, w.in.At)
		w.m.s.Goods.interrupt(w.in.At)
	}
	switch {
	case problem == nil:
		w.surge(fails, begin)
	case len(w.s.Hits) == 0:
		w.resolve(problem)
	case fails:
		if problem.count(w.in); HalfOpen(problem.Stage) {
			w.turn(problem)
		}
		if problem.Severity != probe.Critical && w.most() && now.Sub(problem.Since) >= w.m.p.DownAfter {
			w.escalate(problem)
		}
	case hit && w.in.Verdict.Outcome == probe.Good:
		switch w.m.s.Goods.extend(w.in.At); {
		case w.m.s.Goods.reached(goodResults, w.m.p.ResolveAfter, now):
			w.s.Hits = nil
			w.resolve(problem)
		case !HalfOpen(problem.Stage) && 2*int(w.m.s.Goods.Count) > problem.Stage:
			w.turn(problem)
		}
	}
}

// turn goes to the next stage. The more often a surge has failed again, the more good answers
// in a row it takes to be half open, so that answers which alternate are not told each.
func (w *watch) turn(p *Problem) {
	p.Stage++
	w.measure(p)
	w.m.tell(Staged, w.m.in.At, p)
}

// surge opens the incident if enough probes had enough such answers of late.
func (w *watch) surge(fails bool, begin time.Time) {
	probes, results := len(w.s.Hits), len(w.s.Hits)+w.s.count(begin, func(h *Hit) time.Time { return h.Prior })
	if least := w.m.p.Rules.GatewaySurge.Probes; !fails || probes < least || results <= least {
		return
	}
	problem := w.open(probe.KindGatewaySurge, probe.Warning)
	problem.Stage = SurgeOpen
	problem.Failures = results
}
