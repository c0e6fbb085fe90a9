package configs

import (
	"slices"
	"time"

	"sonde/notify"
	"sonde/slo"
)

// warnProbes warns of what is valid but likely not meant.
func (d *decoder) warnProbes(specs []spec) {
	for i := range specs {
		d.warnInterval(&specs[i])
		d.warnObjectives(&specs[i])
		d.warnDeadTiers(&specs[i])
		d.warnLatency(&specs[i])
		d.warnRate(&specs[i])
	}
	d.warnSilence(specs)
}

// briefest is the interval below which a probe is a burden.
const briefest = 5 * time.Second

func (d *decoder) warnInterval(s *spec) {
	if v, ok := d.where(s, "interval"); ok && s.interval < briefest {
		d.warn(v, "an interval of %s is %d requests a day; 10s or more is usual", FormatDuration(s.interval), day/s.interval)
	}
}

// fewest is how many failed checks a budget should bear (research: interval <= E*W/10).
const fewest = 10

func (d *decoder) warnObjectives(s *spec) {
	for _, o := range s.objectives {
		if o.Kind == slo.Latency && o.Threshold >= s.timeoutOr() {
			d.warn(d.nearestPlace(s, "objective", "timeout"), "%s is never broken, because timeout %s ends the run before; lower the threshold", o, FormatDuration(s.timeoutOr()))
		}
		budget := o.Total(o.Window.Usual())
		if budget >= fewest*s.interval {
			continue
		}
		v := d.nearestPlace(s, "objective", "interval")
		d.warn(v, "%s allows %s of bad time, and one failed check is %s of it; %s", o, FormatDuration(roughly(budget)), FormatDuration(s.interval), lessOften(budget))
	}
}

// nearestPlace is where one of several settings was made: in the probe rather than
// in the defaults, and if in neither, the probe.
func (d *decoder) nearestPlace(s *spec, settings ...string) value {
	for _, found := range []fields{s.found, d.defaults} {
		for _, key := range settings {
			if v, ok := found.get(key); ok {
				return v
			}
		}
	}
	return s.value
}

// roughly drops what people do not read of a length of time.
func roughly(length time.Duration) time.Duration {
	if length > 10*time.Second {
		return length.Truncate(time.Second)
	}
	return length
}

// lessOften is the way out of a budget of few checks.
func lessOften(budget time.Duration) string {
	if longest := (budget / fewest).Truncate(time.Second); longest >= shortestInterval {
		return "check every " + FormatDuration(longest) + " or more often, or promise less"
	}
	return "promise less, or over a longer time"
}

func (d *decoder) warnLatency(s *spec) {
	if v, ok := d.whereIn(s, "expect", "latency"); ok && s.expect.Latency > 0 && s.expect.Latency >= s.timeoutOr() {
		d.warn(v, "latency %s is never exceeded, because timeout %s ends the run before; lower latency", FormatDuration(s.expect.Latency), FormatDuration(s.timeoutOr()))
	}
}

// warnSilence warns once when nobody hears of a probe, unless the file says that
// this is meant (notify: []), and of destinations that nothing is sent to.
func (d *decoder) warnSilence(specs []spec) {
	silent := 0
	var first value
	used := map[string]bool{}
	for i := range specs {
		s := &specs[i]
		for _, name := range allNames(s.routes) {
			used[name] = true
		}
		if _, said := d.where(s, "notify"); !said {
			if silent++; silent == 1 {
				first = s.value
			}
		}
	}
	switch {
	case silent == 0:
	case silent == len(specs):
		d.warn(first, "nobody is told when a probe fails; name a destination in defaults: {notify: [NAME]}, or write notify: [] if that is meant")
	default:
		d.warn(first, "nobody is told when this probe fails; name a destination in notify, or write notify: [] if that is meant (%d such probes)", silent)
	}
	if silent == len(specs) {
		return
	}
	for _, name := range d.places {
		if !used[name] && !d.standsIn[name] {
			d.warn(d.placeOf[name], "no probe names this destination, so nothing is sent to it; name it in notify or remove it")
		}
	}
}

// allNames are all destinations that routes name.
func allNames(r notify.Routes) []string {
	names := slices.Clone(r.Default)
	for _, more := range r.ByKind {
		names = append(names, more...)
	}
	return names
}
