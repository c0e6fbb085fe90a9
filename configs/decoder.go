package configs

import (
	"fmt"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// decoder reads one file. It goes on after a problem, so that all are found.
type decoder struct {
	src      *source
	problems []finding
	warnings []finding

	secrets    *vault           // nil: references are checked and kept
	files      *vault           // says where files are; nil: they are not looked at
	only       string           // the probe whose references are resolved; empty: those of all, or none
	onlyPlace  string           // the destination whose references are; empty: the same
	onlyFrom   *vault           // by this
	visits     int              // values that were looked at, aliases followed
	defaults   fields           // what the defaults say
	defaultsAt *value           // nil: there are none
	kept       map[string]value // what the history says
	places     []string         // names of destinations, in order
	placeOf    map[string]value
	fallbacks  map[string][]value // by the destination that has some
	standsIn   map[string]bool    // destinations that are one
	names      []string           // of probes, in order
	groups     []string           // of probes, each once

	credentials map[string]*probe.Credential // by what they are made of
	authorities map[string]*probe.Roots      // by file
	promised    map[string]*incident.Budgets // by what they are made of
}

// maxVisits is far more than a file of 1 MiB without aliases can hold.
const maxVisits = 500_000

// spend counts a value that is looked at. It is false when aliases have
// multiplied the file beyond reason.
func (d *decoder) spend(v value) bool {
	d.visits++
	if d.visits == maxVisits {
		d.fail(v, "aliases (*name) expand to more than %d values; write fewer", maxVisits)
	}
	return d.visits < maxVisits
}

// fail notes a problem with a value.
func (d *decoder) fail(v value, format string, args ...any) {
	d.failAs(v.at, v.path, format, args...)
}

// failAt notes a problem with the file itself.
func (d *decoder) failAt(at place, format string, args ...any) { d.failAs(at, "", format, args...) }

func (d *decoder) failAs(at place, path, format string, args ...any) {
	d.problems = append(d.problems, finding{at, path, fmt.Sprintf(format, args...)})
}

// warn notes something that is allowed but likely not meant.
func (d *decoder) warn(v value, format string, args ...any) {
	d.warnings = append(d.warnings, finding{v.at, v.path, fmt.Sprintf(format, args...)})
}

// duration reads a length of time of at least least.
func (d *decoder) duration(v value, least time.Duration, into *time.Duration) {
	length, ok := d.length(v)
	switch {
	case !ok:
	case length < least:
		d.fail(v, "%s is too short; use at least %s", FormatDuration(length), FormatDuration(least))
	default:
		*into = length
	}
}

// length reads any length of time.
func (d *decoder) length(v value) (time.Duration, bool) {
	written, ok := d.loose(v)
	if !ok {
		return 0, false
	}
	length, err := ParseDuration(written)
	if err != nil {
		d.fail(v, "%v", err)
		return 0, false
	}
	return length, true
}
