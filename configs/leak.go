package configs

import (
	"time"

	"sonde/incident"
	"sonde/probe"
)

// leakKeys tune a leaky bucket.
var leakKeys = keys[incident.Leak]{
	"fire":   func(d *decoder, v value, l *incident.Leak) { d.badTime(v, &l.Fire) },
	"clear":  func(d *decoder, v value, l *incident.Leak) { d.badTime(v, &l.Clear) },
	"weight": func(d *decoder, v value, l *incident.Leak) { d.weight(v, &l.Weight) },
}

// mostBadTime bounds a bucket: what is bad for so long has been found by other rules.
const mostBadTime = 7 * day

func (d *decoder) badTime(v value, into *time.Duration) {
	length, ok := d.length(v)
	switch {
	case !ok:
	case length < time.Minute || length > mostBadTime:
		d.fail(v, "%s is not from %s to %s; 90m for fire and 30m for clear are usual", FormatDuration(length), FormatDuration(time.Minute), FormatDuration(mostBadTime))
	default:
		*into = length
	}
}

func (d *decoder) weight(v value, into *int) {
	const most = 1000
	if n, ok := d.integer(v, 1, most); ok {
		*into = n
	}
}

// leak reads how a bucket is tuned, or whether the kind of incident that it opens is wanted
// at all.
func (d *decoder) leak(v value, kind probe.Kind, rules *incident.Rules, into *incident.Leak, usual incident.Leak) {
	on := !rules.Off.Has(kind)
	tuned := *into
	if tuned.Fire == 0 {
		tuned = usual
	}
	rule(d, v, leakKeys, &on, &tuned)
	if !d.checkLeak(v, tuned) {
		return
	}
	rules.Off = rules.Off.Without(kind)
	*into = tuned
	if !on {
		rules.Off, *into = rules.Off.With(kind), incident.Leak{}
	}
}

// checkLeak checks that what opens does not resolve at once.
func (d *decoder) checkLeak(v value, l incident.Leak) bool {
	if l.Clear >= l.Fire {
		d.fail(v, "clear %s is no less than fire %s, so that nothing would ever last; lower clear", FormatDuration(l.Clear), FormatDuration(l.Fire))
		return false
	}
	return true
}

// wanted reads whether incidents of a kind are wanted.
func (d *decoder) wanted(v value, kind probe.Kind, rules *incident.Rules) {
	on := d.whether(v, !rules.Off.Has(kind))
	rules.Off = rules.Off.Without(kind)
	if !on {
		rules.Off = rules.Off.With(kind)
	}
}

// clientFaultKeys tune when rejected requests are an incident.
var clientFaultKeys = keys[incident.ClientFault]{
	"after":  func(d *decoder, v value, c *incident.ClientFault) { d.duration(v, 0, &c.After) },
	"fire":   func(d *decoder, v value, c *incident.ClientFault) { d.badTime(v, &c.Leak.Fire) },
	"clear":  func(d *decoder, v value, c *incident.ClientFault) { d.badTime(v, &c.Leak.Clear) },
	"weight": func(d *decoder, v value, c *incident.ClientFault) { d.weight(v, &c.Leak.Weight) },
}

func (d *decoder) clientFault(v value, into *incident.ClientFault) {
	tuned := *into
	if !tuned.On {
		tuned = incident.UsualRules().ClientFault
	}
	on := into.On
	rule(d, v, clientFaultKeys, &on, &tuned)
	switch {
	case !on:
		*into = incident.ClientFault{}
	case d.checkLeak(v, tuned.Leak):
		*into = tuned
	}
}

// rateLimitedKeys tune when 429 are an incident.
var rateLimitedKeys = keys[incident.RateLimited]{
	"results": func(d *decoder, v value, r *incident.RateLimited) {
		const latest = 10
		if n, ok := d.integer(v, 1, latest); ok {
			r.Results = n
		}
	},
	"warn_after": func(d *decoder, v value, r *incident.RateLimited) { d.duration(v, 0, &r.WarnAfter) },
}

func (d *decoder) rateLimited(v value, into *incident.RateLimited) {
	tuned, on := *into, into.Results > 0
	if !on {
		tuned = incident.UsualRules().RateLimited
	}
	rule(d, v, rateLimitedKeys, &on, &tuned)
	if !on {
		tuned = incident.RateLimited{}
	}
	*into = tuned
}
