package configs

import (
	"slices"
	"strings"
	"time"

	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
)

// quiet is what the file says about when a destination is not to be disturbed.
type quiet struct {
	hours, zone string
	days        []string
	severities  []probe.Severity
}

var quietKeys = keys[quiet]{
	"hours":      func(d *decoder, v value, q *quiet) { d.filled(v, &q.hours) },
	"days":       func(d *decoder, v value, q *quiet) { q.days = d.dayNames(v) },
	"zone":       func(d *decoder, v value, q *quiet) { d.filled(v, &q.zone) },
	"severities": func(d *decoder, v value, q *quiet) { q.severities = d.lesser(v) },
}

// quiet reads when a destination is not to be disturbed.
func (d *decoder) quiet(v value) notify.Quiet {
	read := quiet{severities: []probe.Severity{probe.Warning, probe.Info}}
	before := len(d.problems)
	found := object(d, v, quietKeys, &read)
	if _, ok := found["hours"]; !ok && len(d.problems) == before {
		d.fail(v, "does not say when; add hours: \"22:00-07:00\"")
	}
	if len(d.problems) > before {
		return notify.Quiet{}
	}
	zone, ok := d.zone(found["zone"], read.zone)
	if !ok {
		return notify.Quiet{}
	}
	days := "day"
	if len(read.days) > 0 {
		days = strings.Join(read.days, ",")
	}
	when, err := slo.Every(days+" "+read.hours, zone)
	if err != nil {
		d.fail(found["hours"], "%v", err)
	}
	return notify.Quiet{When: when, Severities: read.severities}
}

// zone finds a zone by the name that stands in a value; UTC without one.
func (d *decoder) zone(v value, name string) (*time.Location, bool) {
	if name == "" {
		return time.UTC, true
	}
	zone, err := slo.Zone(name)
	if err != nil {
		d.fail(v, "%v", err)
	}
	return zone, err == nil
}

// dayNames reads days of the week, such as Sat, or Mon-Fri.
func (d *decoder) dayNames(v value) []string {
	var all []string
	for _, item := range d.oneOrList(v) {
		name, ok := d.text(item)
		if !ok {
			continue
		}
		_, err := slo.Every(name+" 00:00-01:00", time.UTC)
		if err != nil || strings.ContainsAny(name, " 0123456789") || strings.EqualFold(name, "last") {
			d.fail(item, "%s is no day of the week; write Mon, Tue, Wed, Thu, Fri, Sat, Sun, or Mon-Fri", quote(name))
			continue
		}
		all = append(all, name)
	}
	return all
}

// lesser reads severities below critical.
func (d *decoder) lesser(v value) []probe.Severity {
	all := []probe.Severity{}
	for _, item := range d.list(v) {
		name, ok := d.text(item)
		if !ok {
			continue
		}
		var s probe.Severity
		err := s.UnmarshalText([]byte(name))
		switch {
		case err != nil || s == probe.NoSeverity:
			d.fail(item, "%s is no severity; use warning or info", quote(name))
		case s == probe.Critical:
			d.fail(item, "what is critical never waits; take it out")
		case slices.Contains(all, s):
			d.fail(item, "%s is listed twice; remove one", quote(name))
		default:
			all = append(all, s)
		}
	}
	return all
}
