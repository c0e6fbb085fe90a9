package configs

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/scheduler"
)

// togetherKeys are the keys of alert about several probes, and about what does not come.
var togetherKeys = keys[incident.Rules]{
	"auth_group": func(d *decoder, v value, r *incident.Rules) {
		tune(d, v, probe.KindAuthGroup, r, authGroupKeys, &r.AuthGroup, incident.UsualRules().AuthGroup)
	},
	"gateway_surge": func(d *decoder, v value, r *incident.Rules) {
		tune(d, v, probe.KindGatewaySurge, r, gatewaySurgeKeys, &r.GatewaySurge, incident.UsualRules().GatewaySurge)
	},
	"no_data": func(d *decoder, v value, r *incident.Rules) {
		tune(d, v, probe.KindNoData, r, noDataKeys, &r.NoData, incident.UsualRules().NoData)
	},
	"prober_network": func(d *decoder, v value, r *incident.Rules) {
		tune(d, v, probe.KindProberNetwork, r, proberNetworkKeys, &r.ProberNetwork, incident.UsualRules().ProberNetwork)
	},
	"prober": func(d *decoder, v value, r *incident.Rules) {
		d.wanted(v, probe.KindProber, r)
		r.Prober = !r.Off.Has(probe.KindProber)
	},
}

var authGroupKeys = keys[incident.AuthGroup]{
	"probes": func(d *decoder, v value, r *incident.AuthGroup) { d.atLeastTwo(v, &r.Probes) },
	"share":  func(d *decoder, v value, r *incident.AuthGroup) { d.percentage(v, &r.Share) },
	"within": func(d *decoder, v value, r *incident.AuthGroup) { d.duration(v, time.Minute, &r.Within) },
}

var gatewaySurgeKeys = keys[incident.GatewaySurge]{
	"probes": func(d *decoder, v value, r *incident.GatewaySurge) { d.atLeastTwo(v, &r.Probes) },
	"within": func(d *decoder, v value, r *incident.GatewaySurge) { d.duration(v, time.Minute, &r.Within) },
}

var noDataKeys = keys[incident.NoData]{
	"after": func(d *decoder, v value, r *incident.NoData) { d.duration(v, 30*time.Second, &r.After) },
	"intervals": func(d *decoder, v value, r *incident.NoData) {
		if n, ok := d.integer(v, 2, 100); ok { // a slot and its run are under way most of the time
			r.Intervals = n
		}
	},
}

var proberNetworkKeys = keys[incident.ProberNetwork]{
	"after": func(d *decoder, v value, r *incident.ProberNetwork) { d.duration(v, time.Second, &r.After) },
}

// tune reads a rule that opens a kind of incident, whose zero value is that it is off.
func tune[T comparable](d *decoder, v value, kind probe.Kind, rules *incident.Rules, table keys[T], into *T, usual T) {
	var off T
	on := *into != off
	if !on {
		*into = usual
	}
	rules.Off = rules.Off.Without(kind)
	if rule(d, v, table, &on, into); !on {
		rules.Off, *into = rules.Off.With(kind), off
	}
}

func (d *decoder) atLeastTwo(v value, into *int) {
	if n, ok := d.integer(v, 2, 1000); ok {
		*into = n
	}
}

// percentage reads a share such as 50%.
func (d *decoder) percentage(v value, into *float64) {
	s, ok := d.loose(v)
	if !ok {
		return
	}
	number, isPercent := strings.CutSuffix(s, "%")
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !isPercent || err != nil || !(n > 0 && n <= 100) {
		d.fail(v, "%s is no share above 0%% and up to 100%%; write one like 50%%", quote(s))
		return
	}
	*into = n / 100
}

// withTogether adds the keys about several probes to those of alert.
func withTogether(own keys[alert]) keys[alert] {
	for key, read := range togetherKeys {
		own[key] = func(d *decoder, v value, a *alert) { read(d, v, &a.rules) }
	}
	return own
}

// credentials says for each probe with which credential it is asked: the name that the
// file gives it, or after "of/" the first probe that is asked with the same one. It is
// made of what the file says, and shows nothing of that.
func credentials(specs []spec) []string {
	first := map[string]string{}
	all := make([]string, len(specs))
	for i := range specs {
		s := &specs[i]
		written := s.credentialWritten()
		switch {
		case s.authGroup != "":
			all[i] = s.authGroup
		case written != "":
			if first[written] == "" {
				first[written] = "of/" + s.name
			}
			all[i] = first[written]
		}
	}
	return all
}

// credentialWritten is what the file says of the credential; empty if it says nothing.
func (s *spec) credentialWritten() string {
	var parts []string
	if s.auth != nil {
		parts = append(parts, s.auth.written...)
	}
	for name := range s.headers {
		if sensitive(name) {
			parts = append(parts, name+"="+s.headers[name].written)
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, "\x00")
}

// isLocal reports whether a probe says nothing of the network that the references are in:
// its target is on this very machine, and they are not.
func isLocal(p *Probe, r *References) bool {
	if !scheduler.Local(p.Target) {
		return false
	}
	if r == nil {
		return true
	}
	for _, t := range r.Targets {
		if !scheduler.Local(t) {
			return true
		}
	}
	return false
}
