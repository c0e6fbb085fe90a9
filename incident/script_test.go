package incident_test

import (
	"time"

	"sonde/incident"
	"sonde/probe"
)

// move is one input, and the policy that holds when it comes.
type move struct {
	policy incident.Policy
	in     incident.Input
}

// script turns arbitrary bytes into inputs as a scheduler could give them: mostly
// in order, sometimes twice, late, or after a long silence, with policies that
// change in between. The state is stepped along, because re-checks come when it
// asks for them.
type script struct {
	maintained bool
	data       []byte
	policy     incident.Policy
	now        time.Time
	phase      time.Duration
	past       []incident.Input
}

var answers = []probe.Verdict{
	good, broken, good, broken, denied, refused, gateway, slow, throttled, missing, gone, blind, forbidden,
	judge(probe.CertificateExpiring, 200), judge(probe.ServerError, 500), judge(probe.JSONMismatch, 200),
	judge(probe.AuthBypass, 200), judge(probe.BusinessError, 500),
}

// next returns the next byte, 0 at the end.
func (s *script) next() int {
	if len(s.data) == 0 {
		return 0
	}
	b := s.data[0]
	s.data = s.data[1:]
	return int(b)
}

// slot is the first slot of the grid after an instant.
func (s *script) slot(after time.Time) time.Time {
	step := s.policy.Interval
	return t0.Add(s.phase%step + (after.Sub(t0.Add(s.phase%step))/step+1)*step)
}

// moves plays the bytes from the first slot on, and gives each move to do, which
// steps the state and says when a re-check is due.
func moves(data []byte, do func(move) (due time.Time)) {
	s := script{data: data, now: t0, policy: usual(60)}
	s.policy.Conditional, s.policy.MinCacheRatio = true, 0.5
	s.policy.Rules = incident.UsualRules()
	s.promise(len(data))
	due := time.Time{}
	for len(s.data) > 0 {
		in, ok := s.input(due)
		if !ok {
			continue
		}
		if in.At.After(s.now) {
			s.now = in.At
		}
		if in.Kind == incident.Skipped {
			s.now = in.To
		}
		s.past = append(s.past, in)
		due = do(move{s.policy, in})
	}
}

// input makes the next input; false if the bytes only changed the policy.
func (s *script) input(due time.Time) (incident.Input, bool) {
	op, n := s.next(), s.next()
	in := incident.Input{At: s.slot(s.now), Verdict: answers[s.which(n)], Attempts: n / 16 % 4}
	in.Cured = in.Verdict.Reason == probe.ServerError && n >= 224
	in.Maintenance = s.maintained
	s.announce(&in, n)
	switch op % 7 { // of the certificate nothing was seen, or that it ends soon, or that it lasts
	case 0, 1:
		in.CertificateEnds, in.Expiring = in.At.Add(time.Duration(n)*3*time.Hour).Truncate(time.Second), true
	case 2, 3, 4, 5:
		in.CertificateEnds = t0.Add(90 * 24 * time.Hour)
	}
	if s.policy.Conditional {
		in.Cache = []probe.CacheOutcome{probe.CacheNone, probe.CacheHit, probe.CacheMiss, probe.CacheChanged}[op/4%4]
	}
	switch op % 16 {
	default: // a slot, most often the very next one
		in.At = in.At.Add(time.Duration(max(0, op/16-11)) * s.policy.Interval)
	case 7, 8:
		in.Run, in.At = probe.Recheck, s.now.Add(time.Duration(op)*100*time.Millisecond)
		if due.After(s.now) {
			in.At = due
		}
		if op >= 128 { // on hold
			in.Kind, in.To, in.Attempts = incident.Skipped, in.At, 0
		}
	case 9:
		in.Run, in.At = probe.First, s.now.Add(time.Duration(op)*time.Second)
	case 10:
		in.Kind, in.To = incident.Skipped, in.At.Add(time.Duration(op/16)*s.policy.Interval)
	case 11:
		in.Kind, in.At = incident.Idle, s.now.Add(time.Duration(op*op/64)*time.Second)
	case 12:
		s.change(op/16, n)
		return in, false
	case 13:
		if len(s.past) == 0 {
			return in, false
		}
		in = s.past[max(0, len(s.past)-1-op/16)] // once more
	case 14:
		in.Run = probe.Manual
	case 15:
		in.At = s.slot(s.now.Add(time.Duration(op) * 4 * s.policy.Interval)) // sonde did not run
	}
	return in, true
}

// announce has an answer say when to come back.
func (s *script) announce(in *incident.Input, n int) {
	if in.Verdict == throttled && n < 192 {
		in.Verdict = shed
	} else if n < 128 {
		return
	}
	switch in.Verdict.Reason {
	case probe.ServerError, probe.LoadShed, probe.Throttled:
		in.RecoverBy = in.At.Add(time.Duration(n%128) * 10 * time.Second)
		in.Throttled = in.Verdict == throttled || in.Verdict.Reason == probe.ServerError && n >= 192
		in.Forgone = n % 3
	}
}

// which says which answer a byte means: mostly one of the first sixteen.
func (s *script) which(n int) int {
	if n%16 >= 14 && n >= 128 {
		return n%16 + 2
	}
	return n % 16
}

// change changes one thing in the policy.
func (s *script) change(what, to int) {
	p := &s.policy
	switch what % 10 {
	case 0, 1:
		p.Interval = []time.Duration{time.Second, 10 * time.Second, time.Minute, 5 * time.Minute, 77 * time.Second}[to%5]
	case 2:
		p.DownAfter = time.Duration(to) * 2 * time.Second
	case 3:
		p.RecheckEvery = time.Duration(1+to%64) * time.Second
	case 4:
		p.ResolveAfter = time.Duration(to) * 2 * time.Second
	case 5:
		s.promise(to)
		p.AuthAfter = time.Duration(to) * 2 * time.Second
	case 6:
		p.RemindEvery = time.Duration(to%8) * 10 * time.Minute
		p.Conditional, p.MinCacheRatio = to%16 < 12, float64(to%16%4)/4
		s.maintained = to >= 192
	case 8:
		p.Rules = incident.UsualRules()
		p.Rules.Degraded.Fire = time.Duration(to/16) * 10 * time.Minute
		p.Rules.Degraded.Weight = 1 + to%64
		p.Rules.AuthBypass = to%4 > 0
		p.Rules.ClientFault.On = to%8 > 1
		p.Rules.RateLimited.Results = to / 32 % 4
		if to%16 >= 8 {
			p.Rules.Rate = &incident.Rate{Class: probe.ClassServerError, Over: time.Duration(1+to%7) * time.Minute, Above: to * 100, MinSamples: 1 + to%5}
			p.Rules.CodeAnomaly = &incident.CodeAnomaly{Codes: [8]int16{503, 401 + int16(to%4)}, Factor: 2, MinCount: 2 + to%3, Window: time.Duration(1+to%3) * 20 * time.Minute}
		}
	case 9:
		p.Rules = incident.Rules{}
		for _, kind := range []probe.Kind{probe.KindDown, probe.KindDegraded, probe.KindAuthFailed} {
			if to%8 == int(kind) {
				p.Rules.Off = p.Rules.Off.With(kind)
			}
		}
	case 7:
		p.Repeatable = to%2 == 0
		s.phase = time.Duration(to) * 100 * time.Millisecond
	}
}

// promise changes what is promised, or what people want to hear of it.
func (s *script) promise(to int) {
	promises := [][]string{{"50% over 1h"}, {"99% over 30d", "80% over day"}, {"99.9% over 7d"}, {"90% over 1d"}}[to%4]
	s.policy.Budgets = incident.NewBudgets(objectives(promises...), s.policy.Interval,
		incident.BudgetRules{Fast: to%32 != 31, Slow: to%16 != 15, Levels: [][]int{{50, 80, 100}, {10}, nil, {100}}[to/4%4]})
	if to >= 250 {
		s.policy.Budgets = nil
	}
}
