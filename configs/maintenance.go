package configs

import (
	"slices"
	"strings"
	"time"

	"sonde/incident"
	"sonde/slo"
)

// maintenance is what the file says about one piece of planned work.
type maintenance struct {
	name, every, zone, reason string
	from, until               string
	probes                    []string

	value value
	found map[string]value
}

var maintenanceKeys = keys[maintenance]{
	"name":   func(d *decoder, v value, m *maintenance) { d.name(v, &m.name) },
	"probes": func(d *decoder, v value, m *maintenance) { m.probes = d.probeNames(v) },
	"every":  func(d *decoder, v value, m *maintenance) { d.filled(v, &m.every) },
	"zone":   func(d *decoder, v value, m *maintenance) { d.filled(v, &m.zone) },
	"from":   func(d *decoder, v value, m *maintenance) { d.filled(v, &m.from) },
	"until":  func(d *decoder, v value, m *maintenance) { d.filled(v, &m.until) },
	"reason": func(d *decoder, v value, m *maintenance) { d.filled(v, &m.reason) },
}

// maintenances reads all planned work. The probes have been read.
func (d *decoder) maintenances(v value) []incident.Command {
	var all []incident.Command
	named := map[string]value{}
	for _, item := range d.list(v) {
		before := len(d.problems)
		m := maintenance{value: item}
		m.found = object(d, item, maintenanceKeys, &m)
		if first, twice := named[m.name]; twice && m.name != "" {
			d.fail(m.found["name"], "%s is also the name of the maintenance on line %d; give each its own", quote(m.name), first.at.line)
		}
		named[m.name] = item
		if len(d.problems) == before {
			d.needs(&m)
		}
		if len(d.problems) > before {
			continue
		}
		if schedule, ok := d.schedule(&m); ok {
			all = append(all, incident.Command{Kind: incident.Maintain, Name: m.name, Note: m.reason, Schedule: schedule, Scope: incident.Scope{Names: m.probes}})
		}
	}
	return all
}

// needs says what is missing.
func (d *decoder) needs(m *maintenance) {
	has := func(key string) bool { _, ok := m.found[key]; return ok }
	switch {
	case !has("name"):
		d.fail(m.value, "has no name; add name:, people see it beside the probes")
	case len(m.probes) == 0:
		d.fail(m.value, "names no probes; add probes: with names, or group: and the name of a group")
	case has("every") && (has("from") || has("until")):
		d.fail(m.found["every"], "stands beside from or until; write every for what recurs, from and until for what is once")
	case !has("every") && !(has("from") && has("until")):
		d.fail(m.value, "does not say when; add every: \"Sun 02:00-03:00\", or from: and until:")
	}
}

// schedule reads when the work is done.
func (d *decoder) schedule(m *maintenance) (slo.Schedule, bool) {
	zone := time.UTC
	if m.zone != "" {
		var err error
		if zone, err = slo.Zone(m.zone); err != nil {
			d.fail(m.found["zone"], "%v", err)
			return slo.Schedule{}, false
		}
	}
	if m.every != "" {
		s, err := slo.Every(m.every, zone)
		if err != nil {
			d.fail(m.found["every"], "%v", err)
		}
		return s, err == nil
	}
	from, _, errFrom := slo.ParseMoment(m.from, zone)
	if errFrom != nil {
		d.fail(m.found["from"], "%v", errFrom)
	}
	_, until, errUntil := slo.ParseMoment(m.until, zone)
	if errUntil != nil {
		d.fail(m.found["until"], "%v", errUntil)
	}
	if errFrom != nil || errUntil != nil {
		return slo.Schedule{}, false
	}
	s, err := slo.Once(from, until)
	if err != nil {
		d.fail(m.found["until"], "%v", err)
	}
	return s, err == nil
}

// probeNames reads names of probes, and of groups behind "group:". All probes have been
// read.
func (d *decoder) probeNames(v value) []string {
	var names []string
	for _, item := range d.list(v) {
		name, ok := d.text(item)
		if !ok {
			continue
		}
		group, isGroup := strings.CutPrefix(name, incident.GroupPrefix)
		switch {
		case slices.Contains(names, name):
			d.fail(item, "%s is listed twice; remove one", quote(name))
		case isGroup && !slices.Contains(d.groups, group):
			d.fail(item, "no probe is in a group %s; %s", quote(group), orNone(group, d.groups, "give probes a group: first"))
		case !isGroup && !slices.Contains(d.names, name):
			d.fail(item, "no probe is called %s; %s", quote(name), orNone(name, d.names, "name one of probes:"))
		default:
			names = append(names, name)
		}
	}
	return names
}

// orNone is the way out after an unknown name.
func orNone(name string, known []string, none string) string {
	if len(known) == 0 {
		return none
	}
	return Suggest(name, known)
}
