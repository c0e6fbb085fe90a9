package configs

import (
	"strconv"
	"time"

	"sonde/incident"
	"sonde/probe"
)

var slowerKeys = keys[incident.Slower]{
	"factor": func(d *decoder, v value, s *incident.Slower) { d.factor(v, &s.Factor) },
	"floor":  func(d *decoder, v value, s *incident.Slower) { d.duration(v, time.Millisecond, &s.Floor) },
}

// factor reads how many times as slow as usual is slow.
func (d *decoder) factor(v value, into *float64) {
	const least, most = 1.1, 100
	written, ok := d.loose(v)
	if !ok {
		return
	}
	n, err := strconv.ParseFloat(written, 64)
	if err != nil || !(n >= least && n <= most) {
		d.fail(v, "%s is no factor from %v to %v; 1.25 is usual", quote(written), least, most)
		return
	}
	*into = n
}

// slower reads whether people hear that answers take longer than usual, and how much longer.
func (d *decoder) slower(v value, rules *incident.Rules) {
	on, tuned := !rules.Off.Has(probe.KindLatency), rules.Latency
	if tuned.Factor == 0 {
		tuned = incident.UsualRules().Latency
	}
	rule(d, v, slowerKeys, &on, &tuned)
	rules.Off, rules.Latency = rules.Off.Without(probe.KindLatency), tuned
	if !on {
		rules.Off, rules.Latency = rules.Off.With(probe.KindLatency), incident.Slower{}
	}
}
