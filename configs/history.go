package configs

import (
	"fmt"
	"time"

	"sonde/slo"
)

// History is how long the past is kept.
type History struct {
	Results time.Duration // every result
	Rollups time.Duration // what results are summed up to, and the ledger of what was not good
}

// What is kept where the file says nothing, and the least of results.
const (
	defaultResults = 14 * day
	defaultRollups = 400 * day
	fewestResults  = day
)

var historyKeys = keys[History]{
	"results": func(d *decoder, v value, h *History) { d.duration(v, fewestResults, &h.Results) },
	"rollups": func(d *decoder, v value, h *History) { d.duration(v, fewestResults, &h.Rollups) },
}

// history reads how long the past is kept.
func (d *decoder) history(v value, into *History) {
	before := len(d.problems)
	d.kept = object(d, v, historyKeys, into)
	if len(d.problems) > before || into.Rollups >= into.Results {
		return
	}
	results, rollups := FormatDuration(into.Results), FormatDuration(into.Rollups)
	if at, ok := d.kept["rollups"]; ok {
		d.fail(at, "%s is shorter than results %s, which rollups are made of; raise rollups or lower results", rollups, results)
		return
	}
	d.fail(d.kept["results"], "%s is longer than rollups %s, which results are summed up to; lower results or raise rollups", results, rollups)
}

// warnHistory warns of the first promise over a window that is not kept.
func (d *decoder) warnHistory(specs []spec, kept History) {
	for i := range specs {
		for _, o := range specs[i].objectives {
			if o.Window.Longest() <= kept.Rollups {
				continue
			}
			v, said := d.kept["rollups"]
			if !said {
				v = d.nearestPlace(&specs[i], "objective")
			}
			d.warn(v, "%s", tooLong(o, kept))
			return
		}
	}
}

// tooLong says that a promise looks back further than anything is known.
func tooLong(o slo.Objective, kept History) string {
	return fmt.Sprintf("the objective %s looks back further than history is kept (rollups: %s), so it is never fully known; raise rollups or promise over a shorter time",
		o, FormatDuration(kept.Rollups))
}
